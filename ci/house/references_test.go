package house_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// reference is a reference to a clause of the contract.
	reference = regexp.MustCompile(`suites/contract/([\w.-]+\.(?:md|json))(?:#([\w.-]*\w))?`)
	// anchor matches the HTML anchor that such a reference leads to.
	anchor = regexp.MustCompile(`<a id="([^"]+)">`)
	// oldReference is a reference of a form that nobody outside could look up.
	oldReference = regexp.MustCompile(`contract zinit-0\.4|Semantics \d|\bdesign, "`)
)

// deadReferences returns the references of a text to clauses that do not exist. folder holds the contract.
func deadReferences(folder, path, text string) (dead []string) {
	for _, found := range reference.FindAllStringSubmatch(text, -1) {
		contract, err := os.ReadFile(filepath.Join(folder, found[1])) //nolint:gosec // our own files
		if err != nil {
			dead = append(dead, fmt.Sprintf("%s refers to %s, which does not exist", path, found[0]))
			continue
		}
		isIt := func(one []string) bool { return one[1] == found[2] }
		if found[2] != "" && !slices.ContainsFunc(anchor.FindAllStringSubmatch(string(contract), -1), isIt) {
			dead = append(dead, fmt.Sprintf("%s refers to %s: %s has no such anchor", path, found[0], found[1]))
		}
	}
	return dead
}

// mostOldReferences is the ceiling of references of an old form. It only goes down.
const mostOldReferences = 2

// TestReferencesToTheContractExist leaves out testdata, which keeps what earlier programs have written, and the tests about
// the house, which play wrong files.
func TestReferencesToTheContractExist(t *testing.T) {
	var old []string
	read, ours := 0, func(path string) bool {
		return !strings.Contains(path, "testdata") && filepath.Dir(path) != "ci/house"
	}
	ownFiles(t, ours, func(path string, content []byte) {
		for _, one := range deadReferences("suites/contract", path, string(content)) {
			t.Error(one)
		}
		read += len(reference.FindAll(content, -1))
		for range oldReference.FindAll(content, -1) {
			old = append(old, path)
		}
	})
	if read == 0 {
		t.Error("nothing refers to the contract")
	}
	switch {
	case len(old) > mostOldReferences:
		t.Errorf("%d references have an old form, and at most %d may: %v", len(old), mostOldReferences, old)
	case len(old) < mostOldReferences:
		t.Logf("%d references have an old form: lower the ceiling of %d", len(old), mostOldReferences)
	}
}

func TestADeadReferenceIsFound(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.md"), []byte(`<a id="b-1"></a>B`), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"as in suites/contract/a.md#b-1.":      0,
		"as in suites/contract/a.md, and more": 0,
		"as in suites/contract/a.md#b":         1,
		"as in suites/contract/b.md#b-1":       1,
		"as in suites/contract/b.md":           1,
	} {
		if found := deadReferences(folder, "x.go", text); len(found) != want {
			t.Errorf("%s: found %q, not %d", text, found, want)
		}
	}
	for text, want := range map[string]bool{
		"contract zinit-0.4, Sem": true, "see Semantics 12": true, `(design, "Undo")`: true,
		"the contract": false, "semantics of Go": false, "by design, and": false,
	} {
		if oldReference.MatchString(text) != want {
			t.Errorf("%s: an old form is %v", text, !want)
		}
	}
}
