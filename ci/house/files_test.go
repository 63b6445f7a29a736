package house_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rootFiles are the files and folders of the root, beside those that begin with a dot.
var rootFiles = []string{
	"ARCHITECTURE.md", "LICENSE", "Makefile", "README.md", "TROUBLESHOOTING.md", "ci", "fixtures", "go.mod", "go.sum", "harness", "main.go",
	"reports", "suites",
}

// strangers returns the files that do not belong to the root, by the paths of all files that are kept.
func strangers(paths []string) (found []string) {
	for _, path := range paths {
		first, _, _ := strings.Cut(path, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(rootFiles, first) {
			found = append(found, path)
		}
	}
	return found
}

func TestTheRootHoldsWhatItMay(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("no checkout to list the files of: %v", err)
	}
	paths := strings.Fields(string(output))
	for _, path := range strangers(paths) {
		t.Errorf("%s does not belong to the root: ARCHITECTURE.md says where it goes", path)
	}
	if !slices.Contains(paths, "main.go") {
		t.Errorf("git lists %d files without main.go", len(paths))
	}
}

func TestAStrangerInTheRootIsFound(t *testing.T) {
	found := strangers([]string{"main.go", "merge.go", "harness/cli/merge.go", ".golangci.yml", ".ci/run", "tools/x.go"})
	if want := []string{"merge.go", "tools/x.go"}; !slices.Equal(found, want) {
		t.Errorf("found %q, not %q", found, want)
	}
}
