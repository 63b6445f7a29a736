package house_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "forge.ourworld.tf/lhumina_code/hero_chaos"

// listed is a package as `go list -json` describes it.
type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// own returns a package's path inside the module, "." for its root; false for what is not of the module.
func own(path string) (string, bool) {
	inside, ours := strings.CutPrefix(path, module)
	if !ours || (inside != "" && inside[0] != '/') {
		return "", false
	}
	return strings.TrimPrefix("."+inside, "./"), true
}

// within tells whether a package is one of the folders, or lies below one.
func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") })
}

// reportHelpers are the packages beside the record that a report may use: pure functions on texts and figures, and the reading of
// files.
var reportHelpers = []string{
	"harness/record", "harness/mutation", "harness/plain", "harness/span", "harness/stats", "harness/spelling", "harness/yamlfile",
	"harness/regular", "harness/budget", "harness/repeat",
}

// forSpecs are the packages that only specs need.
var forSpecs = []string{"harness/session", "harness/expect"}

// allowed reports whether a package of the module may import another (ARCHITECTURE.md: imports go one way). Tests may look a
// little further: they compare, and keep golden files.
func allowed(from, to string, test bool) bool {
	inside, ours := own(to)
	switch {
	case within(to, "github.com/onsi/ginkgo/v2"):
		return within(from, "suites")
	case !ours:
		return true
	case inside == "suites/contract": // the names of the contract's clauses, and its OpenRPC document
		return true
	case from == "suites/contract":
		return false
	case from == ".":
		return inside == "harness/cli"
	case from == "harness/cli":
		return within(inside, "harness", "reports", "fixtures") && !slices.Contains(forSpecs, inside)
	case from == "ci/house":
		return test
	case inside == "harness/cli":
		return false
	case within(inside, "harness/agent") && inside != "harness/agent/protocol": // it runs inside the container
		return within(from, "harness/agent")
	case from == "suites": // the one test binary opens the session
		return within(inside, "suites", "harness")
	case within(from, "suites"):
		return within(inside, "suites", "harness") && !within(inside, "harness/session/owner")
	case slices.Contains([]string{"harness/inspect", "harness/discover", "harness/runner"}, from):
		return within(inside, "harness") && !slices.Contains(forSpecs, inside)
	case within(from, "harness"):
		return within(inside, "harness")
	case within(from, "reports"):
		return within(inside, "reports") || slices.Contains(reportHelpers, inside) || (test && slices.Contains([]string{"harness/browser", "harness/golden"}, inside))
	case within(from, "ci"):
		return within(inside, "fixtures/scratch")
	case from == "fixtures/controls/table":
		return slices.Contains([]string{"harness/record", "harness/span"}, inside) || (test && inside == "harness/golden")
	case within(from, "fixtures"):
		return within(inside, "fixtures", "harness/victim") || (test && within(inside, "harness"))
	}
	return false
}

// forbidden lists what the packages import and may not.
func forbidden(packages []listed) []string {
	var found []string
	for _, p := range packages {
		from, ours := own(p.ImportPath)
		if !ours {
			continue
		}
		for kind, imports := range map[string][]string{"": p.Imports, " in a test": slices.Concat(p.TestImports, p.XTestImports)} {
			for _, to := range imports {
				if !allowed(from, to, kind != "") {
					found = append(found, fmt.Sprintf("%s imports %s%s", from, strings.TrimPrefix(to, module+"/"), kind))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestImportsGoOneWay(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	output, err := list.Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 20 {
		t.Fatalf("only %d packages were listed", len(packages))
	}
	for _, one := range forbidden(packages) {
		t.Error(one)
	}
}

// TestAWrongImportIsFound: a rule that nothing can break is none.
func TestAWrongImportIsFound(t *testing.T) {
	for _, c := range []struct {
		from, to   string
		code, test bool // whether it may be imported
	}{
		{"suites/hang", "github.com/onsi/ginkgo/v2", true, true},
		{"harness/expect", "github.com/onsi/ginkgo/v2", false, false},
		{"harness/expect", "github.com/onsi/ginkgo/v2/types", false, false},
		{".", "github.com/onsi/ginkgo/v2", false, false},
		{"harness/session", module + "/suites/spec", false, false},
		{"harness/session", module + "/fixtures/herozero/services", false, false},
		{"harness/session", module + "/reports/junit", false, false},
		{"harness/session", module + "/harness/wire", true, true},
		{"harness/session", module, false, false},
		{"harness/cli", module + "/harness/session", false, false},
		{"harness/cli", module + "/harness/expect", false, false},
		{"harness/cli", module + "/harness/session/owner", true, true},
		{"harness/recovery", module + "/harness/agent/protocol", true, true},
		{"harness/recovery", module + "/harness/agent/clock", false, false},
		{"harness/agent", module + "/harness/agent/clock", true, true},
		{"harness/agent/main", module + "/harness/agent", true, true},
		{"harness/inspect", module + "/harness/session", false, false},
		{"harness/inspect", module + "/harness/session/protocol", true, true},
		{"suites", module + "/harness/session/owner", true, true},
		{"suites/hang", module + "/harness/session/owner", false, false},
		{"suites/hang", module + "/harness/session", true, true},
		{"suites/hang", module + "/reports/junit", false, false},
		{"suites/hang", module + "/fixtures/herozero/services", false, false},
		{"reports/junit", module + "/harness/record", true, true},
		{"reports/junit", module + "/harness/recorder", false, false},
		{"reports/matrix", module + "/harness/mutation", true, true},
		{"reports/matrix", module + "/harness/mutation/campaign", false, false},
		{"reports/junit", module + "/harness/golden", false, true},
		{"reports/junit", module + "/harness/session", false, false},
		{"fixtures/herozero/hero", module + "/harness/victim", true, true},
		{"fixtures/herozero/hero", module + "/harness/record", false, true},
		{"fixtures/herozero/hero", module + "/reports/junit", false, false},
		{"fixtures/controls/table", module + "/harness/record", true, true},
		{"fixtures/controls/table", module + "/harness/session", false, false},
		{"ci/dist", module + "/fixtures/scratch", true, true},
		{"ci/dist", module + "/harness/record", false, false},
		{".", module + "/reports/junit", false, false},
		{".", module + "/harness/cli", true, true},
		{"harness/cli", module + "/reports/junit", true, true},
		{"harness/cli", module + "/fixtures/herozero/mutant", true, true},
		{"harness/cli", module + "/suites/spec", false, false},
		{"harness/runner", module + "/harness/cli", false, false},
		{"ci/house", module + "/harness/cli", false, true},
		{"tools", module + "/harness/record", false, false},
		{"harness/session", "github.com/moby/moby/client", true, true},
	} {
		path := module + "/" + c.from
		if c.from == "." {
			path = module
		}
		if found := forbidden([]listed{{ImportPath: path, Imports: []string{c.to}}}); (len(found) == 0) != c.code {
			t.Errorf("%s imports %s: found %q", c.from, c.to, found)
		}
		if found := forbidden([]listed{{ImportPath: path, XTestImports: []string{c.to}}}); (len(found) == 0) != c.test {
			t.Errorf("a test of %s imports %s: found %q", c.from, c.to, found)
		}
	}
}
