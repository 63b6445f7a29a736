package agent

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestOnlyOneValueOfAnEnvironmentIsTold(t *testing.T) {
	g := NewWithT(t)
	found, err := environment(t.Context(), protocol.EnvironmentParams{PID: os.Getpid(), Variable: "PATH"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Names).To(ContainElement("HOME"))
	g.Expect(found.Names).NotTo(ContainElement(ContainSubstring("=")))
	g.Expect(found.Value).To(Equal(os.Getenv("PATH")))
	_, err = environment(t.Context(), protocol.EnvironmentParams{PID: -1})
	g.Expect(err).To(HaveOccurred())
}

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
		all, err := sockets(t.Context())
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

func TestProgramsAreLookedUp(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(folder, "there"), nil, 0o755)).To(Succeed()) //nolint:gosec // a program
	g.Expect(os.WriteFile(filepath.Join(folder, "plain"), nil, 0o600)).To(Succeed())
	found, err := findPrograms(t.Context(), protocol.ProgramsParams{
		Names: []string{"there", "plain", "absent", folder + "/there", folder + "/plain", "/none/x"}, Path: "/none:" + folder,
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Missing).To(Equal(map[string]string{
		"plain": folder + "/plain is not executable", "absent": "it is nowhere in PATH",
		folder + "/plain": folder + "/plain is not executable", "/none/x": "there is no such file",
	}))
	found, err = findPrograms(t.Context(), protocol.ProgramsParams{Names: []string{"go"}, PID: os.Getpid()})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Missing).To(BeEmpty())
}

func TestFilesAreHashed(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(folder, "a"), []byte("x"), 0o600)).To(Succeed())
	g.Expect(os.Link(filepath.Join(folder, "a"), filepath.Join(folder, "b"))).To(Succeed())
	g.Expect(os.Mkdir(filepath.Join(folder, "c"), 0o750)).To(Succeed())
	found, err := hash(t.Context(), protocol.HashParams{Pattern: folder + "/*"})
	const sum = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Sums).To(Equal(map[string]string{folder + "/a": sum, folder + "/b": sum}))
}

func TestTheSearchReadsWhatIsNew(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "leak")
	g.Expect(os.WriteFile(path, []byte("before canary-4711 after"), 0o600)).To(Succeed())
	info, err := os.Stat(path)
	g.Expect(err).NotTo(HaveOccurred())
	params := protocol.LeaksParams{Needles: map[string]string{"TOKEN": "canary-4711", "OTHER": "canary-0815", "EMPTY": ""}, Limit: 1 << 20}
	s := &leakHunt{params: params, since: changeTime(info), left: params.Limit, seen: map[inode]bool{}}
	s.look(path)
	s.look(path) // under another name, say
	g.Expect(s.result).To(Equal(protocol.Leaks{Found: []protocol.Leak{{Needle: "TOKEN", Path: path}}, Files: 1}))

	old := &leakHunt{params: params, since: changeTime(info) + 1, left: params.Limit, seen: map[inode]bool{}}
	old.look(path)
	g.Expect(old.result).To(Equal(protocol.Leaks{}))

	short := &leakHunt{params: params, left: 5, seen: map[inode]bool{}}
	short.look(path)
	g.Expect(short.result).To(Equal(protocol.Leaks{Truncated: true}))

	began, err := firstProcessStart()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(began).To(And(BeNumerically(">", 1_500_000_000), BeNumerically("<", changeTime(info))))
}
