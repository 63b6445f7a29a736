package house_test

import (
	"os"
	"os/exec"
	"regexp"
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

// guidePath is a path in the table "Where to change what".
var guidePath = regexp.MustCompile("`([\\w./-]*/[\\w./-]*)`")

// missingPaths returns the number of changes in the table "Where to change what", and the paths in it that do not exist.
func missingPaths(document string) (changes int, missing []string) {
	_, section, _ := strings.Cut(document, "## Where to change what\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| a ") {
			continue
		}
		changes++
		paths := guidePath.FindAllStringSubmatch(line, -1)
		if len(paths) == 0 {
			missing = append(missing, line)
		}
		for _, path := range paths {
			if _, err := os.Stat(path[1]); err != nil {
				missing = append(missing, path[1])
			}
		}
	}
	return changes, missing
}

func TestArchitectureSaysWhereToChangeWhat(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	changes, missing := missingPaths(string(text))
	if changes < 10 || len(missing) > 0 {
		t.Errorf("it has %d changes, and names what does not exist: %q", changes, missing)
	}
}

func TestAMissingPathIsFound(t *testing.T) {
	changes, missing := missingPaths("# A\n## Where to change what\n| a fault | `harness/nowhere.go` | `main.go`\n| a phase | x |\n| a mutant | `ci/` |\n## B\n| a c | `d/e` |\n")
	if want := []string{"harness/nowhere.go", "| a phase | x |\n"}; changes != 3 || !slices.Equal(missing, want) {
		t.Errorf("%d changes, %q, not %q", changes, missing, want)
	}
}
