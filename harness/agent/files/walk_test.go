package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestWalk(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	across := strings.Repeat("x", chunk-3) + "service.reload" // over the end of a chunk
	for name, text := range map[string]string{
		"a/one.toml": "# first\n[service]\nname = 1\n", "a/two.toml": "nothing", "a/three.txt": "[service]",
		"b/binary": "\x00\x01service.reload\x00", "b/across": across, "left/out.toml": "[service]",
	} {
		path := filepath.Join(root, name)
		g.Expect(os.MkdirAll(filepath.Dir(path), 0o750)).To(Succeed())
		g.Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
	}
	look := func(params protocol.WalkParams) protocol.WalkResult {
		params.Roots, params.Skip, params.Limit = []string{root}, []string{filepath.Join(root, "left")}, time.Minute
		found, err := Walk(context.Background(), params)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(found.Complete).To(BeTrue())
		return found
	}
	g.Expect(look(protocol.WalkParams{Names: []string{"*.toml"}, Words: []string{"[service]"}}).Found).To(ConsistOf(
		protocol.Match{Path: filepath.Join(root, "a/one.toml"), Text: true, Line: "[service]"}))
	g.Expect(look(protocol.WalkParams{Names: []string{"*.toml"}})).To(HaveField("Files", 2))
	found := look(protocol.WalkParams{Words: []string{"service.reload"}}).Found
	g.Expect(found).To(HaveLen(2))
	for _, find := range found {
		g.Expect(find.Line).To(ContainSubstring("service.reload"))
		g.Expect(find.Text).To(Equal(filepath.Base(find.Path) == "across"))
		g.Expect(len(find.Line)).To(BeNumerically("<=", excerptLimit))
	}
	_, err := Walk(context.Background(), protocol.WalkParams{Names: []string{"["}})
	g.Expect(err).To(MatchError(ContainSubstring("syntax error")))

	over, cancel := context.WithCancel(context.Background())
	cancel()
	unfinished, err := Walk(over, protocol.WalkParams{Roots: []string{root}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(unfinished.Complete).To(BeFalse())
}
