package identify

import (
	"net"
	"os"
	"path/filepath"
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
