package tail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinesAreReadWholeAndOnce follows a file that grows by halves of lines, is too long in one place, and begins again.
func TestLinesAreReadWholeAndOnce(t *testing.T) {
	file := File{Path: filepath.Join(t.TempDir(), "lines")}
	if early := file.Next(); early != nil {
		t.Errorf("before there is a file: %q", early)
	}
	for _, c := range []struct {
		text  string
		again bool
		skip  bool
		lines []string
	}{
		{text: "one\ntw", lines: []string{"one\n"}},
		{text: "o\n\n", lines: []string{"two\n", "\n"}},
		{text: ""},
		{text: strings.Repeat("x", mostAtOnce+10), lines: []string{strings.Repeat("x", mostAtOnce)}},
		{text: "\nthree\n", lines: []string{strings.Repeat("x", 10) + "\n", "three\n"}}, // it catches up with what comes after
		{text: "four\n", again: true, lines: []string{"four\n"}},
		{text: "five\n", skip: true},
		{text: "six\n", lines: []string{"six\n"}},
		{text: "another file, longer than that one\n", again: true, lines: []string{"another file, longer than that one\n"}},
	} {
		flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
		if c.again {
			flags |= os.O_TRUNC
		}
		writer, err := os.OpenFile(file.Path, flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.WriteString(c.text); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		if c.skip {
			file.Skip()
		}
		var found []string
		for _, line := range file.Next() {
			found = append(found, string(line))
		}
		if !slices.Equal(found, c.lines) {
			t.Errorf("after %.20q: %.40q, not %.40q", c.text, found, c.lines)
		}
	}
}
