// Package golden compares what a person reads with a file that a person has read.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// Folder holds the files, beside the test.
const Folder = "testdata"

// update is the flag -update of every test that imports this package.
var update = flag.Bool("update", false, "write the golden files anew")

// Check fails the test where text is not what testdata/name holds. With -update it writes the file
// instead: read it before you keep it.
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
