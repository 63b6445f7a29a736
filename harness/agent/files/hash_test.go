package files

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestFilesAreHashed(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(folder, "a"), []byte("x"), 0o600)).To(Succeed())
	g.Expect(os.Link(filepath.Join(folder, "a"), filepath.Join(folder, "b"))).To(Succeed())
	g.Expect(os.Mkdir(filepath.Join(folder, "c"), 0o750)).To(Succeed())
	found, err := Hash(t.Context(), protocol.HashParams{Pattern: folder + "/*"})
	const sum = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(Equal(map[string]string{folder + "/a": sum, folder + "/b": sum}))
}
