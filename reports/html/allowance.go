package html

import (
	"bytes"
	"unicode/utf8"
)

// allowance is the number of bytes that a section may still add to the page. A browser cannot open a page of any size.
type allowance struct{ left int }

// The bytes of each section. Together with the fixed parts they stay below a million.
const (
	failuresAllowance   = 180_000
	recoveriesAllowance = 360_000 // besides the bytes that the failures left
	faultsAllowance     = 60_000
	matrixAllowance     = 150_000
	coverageAllowance   = 40_000
	timesAllowance      = 75_000
	listsAllowance      = 130_000 // of all lists: reasons, budgets, groups, names, files, the baseline
)

const (
	// longestLine is the most bytes that are shown of a sentence or a line of a log.
	longestLine = 400
	// longestName is the most bytes that are shown of a name.
	longestName = 200
)

// take reports whether so many bytes still fit, and uses them up.
func (a *allowance) take(bytes int) bool {
	if bytes > a.left {
		return false
	}
	a.left -= bytes
	return true
}

// size returns the number of bytes of an item on the page. The name is that of the item's part of the template.
func size(name string, item any) int {
	text := new(bytes.Buffer)
	if err := layout.ExecuteTemplate(text, name, item); err != nil {
		return 0 // Render reports the error
	}
	return len(makeVisible(text))
}

// shorten cuts a text that is longer than most bytes, and says so.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + " … (cut)"
}
