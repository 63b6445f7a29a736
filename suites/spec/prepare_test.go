package spec

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"
)

// TestASpecNeedsWhatItIsLabelledWith checks that a spec's own label comes before that of the container around it.
func TestASpecNeedsWhatItIsLabelledWith(t *testing.T) {
	report := types.SpecReport{
		ContainerHierarchyLabels: [][]string{About("load.herd"), In("herd")}, LeafNodeLabels: append(InBackground("truth"), In("own")...),
	}
	for key, want := range map[string]string{sandboxLabel: "own", backgroundLabel: "truth", favouredLabel: "", turnLabel: ""} {
		if found := findLabel(report, key); found != want {
			t.Errorf("%s %q, not %q", key, found, want)
		}
	}
}
