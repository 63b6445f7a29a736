package identify

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// boundSocket is a unix socket that is bound to a path.
type boundSocket struct {
	inode   string // of the socket itself
	path    string // where its file is now
	accepts bool
}

// listBound lists the unix sockets of /proc/net/unix whose files are in this file system. The kernel's table keeps the path at which a
// socket was bound. A file that was renamed since is found by its inode, in the folders in which sockets were bound.
func listBound() ([]boundSocket, error) {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil, fmt.Errorf("list the unix sockets: %w", err)
	}
	var found, moved []boundSocket
	folders := map[string]bool{}
	for _, socket := range parseBound(string(table)) {
		folders[filepath.Dir(socket.path)] = true
		if isSocket(socket.path) {
			found = append(found, socket)
		} else {
			moved = append(moved, socket)
		}
	}
	if len(moved) == 0 {
		return found, nil
	}
	files, err := readSocketFiles()
	if err != nil {
		return found, nil //nolint:nilerr // the kernel does not say: what was not renamed is known all the same
	}
	places := findSocketFiles(folders)
	for _, socket := range moved {
		if path := places[files[socket.inode]]; path != "" {
			socket.path = path
			found = append(found, socket)
		}
	}
	return found, nil
}

// parseBound reads /proc/net/unix (proc(5)): seven columns, then the path if there is one. The fourth has the flag of a socket that
// accepts.
func parseBound(table string) (bound []boundSocket) {
	const flags, inode, path = 3, 6, 7
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > path && strings.HasPrefix(fields[path], "/") {
			bound = append(bound, boundSocket{fields[inode], fields[path], fields[flags] == "00010000"})
		}
	}
	return bound
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket
}

// socketFile is the file of a bound socket, as the kernel's answer numbers it.
type socketFile struct{ inode, device uint32 }

// findSocketFiles returns where the socket files are that lie in folders.
func findSocketFiles(folders map[string]bool) map[socketFile]string {
	places := map[socketFile]string{}
	for folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil || info.Mode().Type() != fs.ModeSocket {
				continue
			}
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				places[socketFile{uint32(stat.Ino), encodeDevice(stat.Dev)}] = filepath.Join(folder, entry.Name()) //nolint:gosec // the kernel cuts it off as well
			}
		}
	}
	return places
}

// encodeDevice returns a device's number as the kernel has it inside: 12 bits of the major one, 20 of the minor.
func encodeDevice(device uint64) uint32 { return unix.Major(device)<<20 | unix.Minor(device) }

// The parts of sock_diag(7) about unix sockets that x/sys/unix does not name.
const (
	diagByFamily   = 20 // SOCK_DIAG_BY_FAMILY
	showFile       = 2  // UDIAG_SHOW_VFS
	attributeFile  = 1  // UNIX_DIAG_VFS
	requestSize    = 24 // struct unix_diag_req
	answerHeadSize = 16 // struct unix_diag_msg
	netlinkTimeout = 2  // seconds
	answerSize     = 1 << 16
)

// readSocketFiles asks the kernel (sock_diag(7)) for the files of all bound unix sockets, by the inode of the socket itself.
func readSocketFiles() (map[string]socketFile, error) {
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("ask for unix sockets: %w", err)
	}
	defer func() { _ = unix.Close(socket) }()
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: netlinkTimeout}); err != nil {
		return nil, fmt.Errorf("ask for unix sockets: %w", err)
	}
	request := make([]byte, unix.SizeofNlMsghdr+requestSize)
	binary.NativeEndian.PutUint32(request, uint32(len(request))) //nolint:gosec // it is small
	binary.NativeEndian.PutUint16(request[4:], diagByFamily)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := request[unix.SizeofNlMsghdr:]
	body[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(body[4:], ^uint32(0)) // sockets in any state
	binary.NativeEndian.PutUint32(body[12:], showFile)
	if err := unix.Sendto(socket, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("ask for unix sockets: %w", err)
	}
	files := map[string]socketFile{}
	buffer := make([]byte, answerSize)
	for {
		n, _, err := unix.Recvfrom(socket, buffer, 0)
		if err != nil {
			return nil, fmt.Errorf("ask for unix sockets: %w", err)
		}
		if n == 0 || addSocketFiles(files, buffer[:n]) {
			return files, nil
		}
	}
}

// addSocketFiles reads a part of the kernel's answer, and reports whether it is the last.
func addSocketFiles(files map[string]socketFile, answer []byte) (last bool) {
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return true
	}
	for _, message := range messages {
		if message.Header.Type == unix.NLMSG_DONE || message.Header.Type == unix.NLMSG_ERROR {
			return true
		}
		if len(message.Data) < answerHeadSize {
			continue
		}
		inode := binary.NativeEndian.Uint32(message.Data[4:])
		for rest := message.Data[answerHeadSize:]; len(rest) >= unix.SizeofRtAttr; {
			length := int(binary.NativeEndian.Uint16(rest))
			if length < unix.SizeofRtAttr || length > len(rest) {
				break
			}
			if value := rest[unix.SizeofRtAttr:length]; binary.NativeEndian.Uint16(rest[2:]) == attributeFile && len(value) >= 8 {
				files[strconv.FormatUint(uint64(inode), 10)] = socketFile{binary.NativeEndian.Uint32(value), binary.NativeEndian.Uint32(value[4:])}
			}
			rest = rest[min(len(rest), (length+3)&^3):]
		}
	}
	return false
}
