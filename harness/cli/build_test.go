package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
)

// TestAForeignTargetFileRunsNoCommand: a file of the repository may build its image, and one from elsewhere only if that is allowed.
func TestAForeignTargetFileRunsNoCommand(t *testing.T) {
	root, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(root.Target)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign.yaml")
	if err := os.WriteFile(foreign, text, 0o600); err != nil { //nolint:gosec // into a folder of this test
		t.Fatal(err)
	}
	link := filepath.Join(root.Root, "foreign-link.yaml")
	if err := os.Symlink(foreign, link); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(link) }()
	for name, c := range map[string]struct {
		request request
		refused bool
	}{
		"our own":           {request{target: "embedded"}, false},
		"our own, by path":  {request{target: root.Target}, false},
		"foreign":           {request{target: foreign}, true},
		"a link to it":      {request{target: link}, true},
		"foreign, allowed":  {request{target: foreign, allowBuild: true}, false},
		"foreign, an image": {request{target: foreign, image: "x:1"}, false},
		"foreign, attached": {request{target: foreign, container: "x"}, false},
	} {
		c.request.profile, c.request.samples = config.Quick, 1
		_, _, err := c.request.resolve()
		if isRefused := err != nil && strings.Contains(err.Error(), "--allow-build"); isRefused != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
