package files_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/files"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestATreeTellsEveryChange(t *testing.T) {
	g := NewWithT(t)
	root := filepath.Join(t.TempDir(), "kept")
	file, link := filepath.Join(root, "deep", "file"), filepath.Join(root, "link")
	describe := func() map[string]string {
		tree, err := files.DescribeTree(t.Context(), protocol.FileParams{Path: root})
		g.Expect(err).NotTo(HaveOccurred())
		return tree
	}
	g.Expect(describe()).To(BeEmpty(), "it is not there")
	g.Expect(files.Plant(t.Context(), protocol.Plant{Path: file, Mode: 0o640, Data: []byte("one")})).To(Succeed())
	g.Expect(files.Plant(t.Context(), protocol.Plant{Path: link, Link: "deep/file"})).To(Succeed())
	before := describe()
	g.Expect(before).To(HaveLen(4))
	g.Expect(describe()).To(Equal(before))
	for name, change := range map[string]func() error{
		"content": func() error { return os.WriteFile(file, []byte("two"), 0o600) },
		"mode":    func() error { return os.Chmod(file, 0o600) },
		"link":    func() error { return os.Remove(link) },
	} {
		was := describe()
		g.Expect(change()).To(Succeed())
		g.Expect(describe()).NotTo(Equal(was), name)
	}
}

func TestWhatEverybodyMayChangeIsFound(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	mode := func(name string, mode os.FileMode) string {
		path := filepath.Join(root, name)
		g.Expect(os.MkdirAll(filepath.Dir(path), 0o750)).To(Succeed())
		g.Expect(os.WriteFile(path, nil, 0o600)).To(Succeed())
		g.Expect(os.Chmod(path, mode)).To(Succeed())
		return path
	}
	open, closed := mode("open", 0o777), mode("closed", 0o755)
	inOpen := mode("folder/closed", 0o755)
	folder := filepath.Dir(inOpen)
	find := func(patterns ...string) (paths []string) {
		found, err := files.FindWritable(t.Context(), protocol.WritableParams{Patterns: patterns})
		g.Expect(err).NotTo(HaveOccurred())
		for _, one := range found {
			paths = append(paths, one.Path)
		}
		return paths
	}
	g.Expect(os.Chmod(folder, 0o777)).To(Succeed()) //nolint:gosec // that everybody may change it is the point
	g.Expect(find(filepath.Join(root, "*"))).To(ConsistOf(open, folder))
	g.Expect(find(inOpen, closed)).To(ConsistOf(folder))
	g.Expect(os.Chmod(folder, 0o777|os.ModeSticky)).To(Succeed())
	g.Expect(find(inOpen)).To(BeEmpty(), "nobody may replace what another owns")
	link := filepath.Join(root, "link")
	g.Expect(os.Symlink(open, link)).To(Succeed())
	g.Expect(find(link)).To(ConsistOf(open))
}
