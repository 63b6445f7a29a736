package procfs

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// TestLinksOfAnotherUser checks that the descriptors of another user's process are read without CAP_SYS_PTRACE, as in a container.
func TestLinksOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, which may become another user")
	}
	if os.Getenv("WITHOUT_PTRACE") == "" {
		setpriv, err := exec.LookPath("setpriv")
		if err != nil {
			t.Skip("needs setpriv, which drops a capability of a whole process")
		}
		again := exec.CommandContext(t.Context(), setpriv, "--bounding-set", "-sys_ptrace", os.Args[0], "-test.run=^TestLinksOfAnotherUser$") //nolint:gosec // the test itself
		again.Env = append(os.Environ(), "WITHOUT_PTRACE=1")
		if output, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
		return
	}
	const nobody = 65534
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "sleep", "60")
	child.ExtraFiles = []*os.File{socket}
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	want, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(socket.Fd())))
	if err != nil {
		t.Fatal(err)
	}
	if user, known := ReadUser(child.Process.Pid); !known || user != nobody {
		t.Errorf("its user is %d", user)
	}
	if _, err := readLinks(child.Process.Pid); !errors.Is(err, os.ErrPermission) {
		t.Errorf("root may look into it in any case: %v", err)
	}
	links, err := ReadLinks(child.Process.Pid)
	if err != nil || !slices.Contains(links, want) {
		t.Errorf("%s is not among %v (%v)", want, links, err)
	}
	links, err = ReadLinks(os.Getpid())
	if err != nil || !slices.Contains(links, want) {
		t.Errorf("afterwards this process's own are %v (%v)", links, err)
	}
}

func TestParseOwner(t *testing.T) {
	for _, c := range []struct {
		status      string
		user, group int
		known       bool
	}{
		{"Name:\tx\nUid:\t0\t33\t33\t33\nGid:\t0\t34\t0\t0\n", 33, 34, true},
		{"Uid:\t0\t33\t33\t33\n", 33, 0, false},
		{"Uid:\tx\nGid:\ty\n", 0, 0, false},
		{"", 0, 0, false},
	} {
		if user, group, known := parseOwner(c.status); user != c.user || group != c.group || known != c.known {
			t.Errorf("%q: %d %d %v", c.status, user, group, known)
		}
	}
}
