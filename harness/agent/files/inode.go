package files

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode identifies a file whatever its names are.
type inode struct{ device, number uint64 }

func readInode(info fs.FileInfo) inode {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}
	}
	return inode{device: uint64(stat.Dev), number: stat.Ino} //nolint:unconvert // its type differs between platforms
}

// readChangeTime returns when a file's content or name changed last, in seconds of Unix time.
func readChangeTime(info fs.FileInfo) int64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime().Unix()
	}
	return int64(stat.Ctim.Sec) //nolint:unconvert // its type differs between platforms
}

// readSpace returns how much of the disk a file takes, in bytes.
func readSpace(info fs.FileInfo) int64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Size()
	}
	const block = 512
	return stat.Blocks * block
}

// readOwner returns the user and the group of a file.
func readOwner(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "?"
	}
	return fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
}
