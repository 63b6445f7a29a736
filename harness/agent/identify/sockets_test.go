package identify

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestSocketsAreOpenWhereAllMayConnect(t *testing.T) {
	g := NewWithT(t)
	folder, err := os.MkdirTemp("/tmp", "hero_chaos-")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	g.Expect(os.Chmod(folder, 0o755)).To(Succeed()) //nolint:gosec // that others may enter is the case
	path := filepath.Join(folder, "s.sock")
	listener, err := net.Listen("unix", path)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	mine := func() protocol.Socket {
		all, err := ListSockets(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		for _, socket := range all {
			if socket.Path == path {
				return socket
			}
		}
		t.Fatalf("%s is not listed", path)
		return protocol.Socket{}
	}
	g.Expect(os.Chmod(path, 0o600)).To(Succeed())
	g.Expect(mine().Open).To(BeFalse())
	g.Expect(os.Chmod(path, 0o666)).To(Succeed()) //nolint:gosec // that others may write is the case
	g.Expect(mine().Open).To(BeTrue())
	g.Expect(os.Chmod(folder, 0o700)).To(Succeed()) //nolint:gosec // a folder needs x
	g.Expect(mine().Open).To(BeFalse(), "its folder keeps others out")
}

// TestListenersAreFound opens a socket and a port in this process, and looks for both.
func TestListenersAreFound(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	atSocket, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = atSocket.Close() }()
	atPort, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = atPort.Close() }()
	found, err := ListListeners(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []protocol.Listener{
		{PID: os.Getpid(), Socket: socket}, {PID: os.Getpid(), Port: atPort.Addr().(*net.TCPAddr).Port},
	} {
		if !slices.Contains(found, want) {
			t.Errorf("%+v is not among %+v", want, found)
		}
	}
}

// TestRenamedSocketsAreFound binds a socket and renames its file, as services do that show it only when they are ready.
func TestRenamedSocketsAreFound(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	bound, final := filepath.Join(folder, "a.tmp"), filepath.Join(folder, "a.sock")
	listener, err := net.Listen("unix", bound)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	g.Expect(os.Rename(bound, final)).To(Succeed())
	listeners, err := ListListeners(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(listeners).To(ContainElement(protocol.Listener{PID: os.Getpid(), Socket: final}))
	sockets, err := ListSockets(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sockets).To(ContainElement(HaveField("Path", final)))
	g.Expect(sockets).NotTo(ContainElement(HaveField("Path", bound)))
}

func FuzzAddSocketFiles(f *testing.F) {
	f.Add([]byte{40, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 10, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 1, 0, 7, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, answer []byte) { addSocketFiles(map[string]socketFile{}, answer) })
}
