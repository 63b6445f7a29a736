// Package golden compares a text that people read with a file that a person has checked.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Folder holds the files, beside the test.
const Folder = "testdata"

// update is the flag -update of every test that imports this package.
var update = flag.Bool("update", false, "write the golden files again")

// Check fails the test if text differs from testdata/name. With -update it writes the file instead: read it before you keep it.
func Check(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(Folder, name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path) //nolint:gosec // a test names its own file
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if text != string(want) {
		t.Errorf("%s: got\n%s\n\nwant\n%s", path, text, want)
	}
}

// The lines around a generated part of a document.
const (
	sectionBegin = "<!-- generated"
	sectionEnd   = "<!-- end -->"
)

// CheckSection fails the test if the first generated part of a document differs from text. That part is between a line that begins with
// "<!-- generated" and the line "<!-- end -->". With -update it writes that part again.
func CheckSection(t testing.TB, path, text string) {
	t.Helper()
	checkSection(t, path, sectionBegin, text)
}

// CheckNamedSection does the same as CheckSection with the part whose first line begins with "<!-- generated NAME". A document may have several.
func CheckNamedSection(t testing.TB, path, name, text string) {
	t.Helper()
	checkSection(t, path, sectionBegin+" "+name, text)
}

func checkSection(t testing.TB, path, begin, text string) {
	t.Helper()
	document, err := os.ReadFile(path) //nolint:gosec // a test names its own file
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(document), begin)
	heading, rest, _ := strings.Cut(rest, "\n")
	present, after, closed := strings.Cut(rest, sectionEnd)
	if !found || !closed {
		t.Fatalf("%s has no part between %q and %q", path, begin, sectionEnd)
	}
	if present == text {
		return
	}
	if !*update {
		t.Errorf("%s is not current: run the test with -update. It has\n%s\n\nand should have\n%s", path, present, text)
		return
	}
	document = []byte(before + begin + heading + "\n" + text + sectionEnd + after)
	if err := os.WriteFile(path, document, 0o600); err != nil { //nolint:gosec // a test names its own file
		t.Fatal(err)
	}
}
