package files

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestTheSearchReadsWhatIsNew(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "leak")
	g.Expect(os.WriteFile(path, []byte("before canary-4711 after"), 0o600)).To(Succeed())
	info, err := os.Stat(path)
	g.Expect(err).NotTo(HaveOccurred())
	params := protocol.LeaksParams{Needles: map[string]string{"TOKEN": "canary-4711", "OTHER": "canary-0815", "EMPTY": ""}, Limit: 1 << 20}
	walk := func(s *leakHunt, since int64) {
		g.Expect(walkSince(t.Context(), filepath.Dir(path), since, nil, s.look)).To(Succeed())
	}
	s := &leakHunt{params: params, left: params.Limit, seen: map[inode]bool{}}
	walk(s, readChangeTime(info))
	walk(s, readChangeTime(info)) // under another name, say
	g.Expect(s.result).To(Equal(protocol.Leaks{Found: []protocol.Leak{{Needle: "TOKEN", Path: path}}, Files: 1}))

	old := &leakHunt{params: params, left: params.Limit, seen: map[inode]bool{}}
	walk(old, readChangeTime(info)+1)
	g.Expect(old.result).To(Equal(protocol.Leaks{}))

	short := &leakHunt{params: params, left: 5, seen: map[inode]bool{}}
	walk(short, 0)
	g.Expect(short.result).To(Equal(protocol.Leaks{Truncated: true}))

	began, err := readFirstStart()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(began).To(And(BeNumerically(">", 1_500_000_000), BeNumerically("<", readChangeTime(info))))
}
