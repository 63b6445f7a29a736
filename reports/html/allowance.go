package html

import (
	"html"
	"strings"
	"unicode/utf8"
)

// allowance is how many more bytes a section may put onto the page: a page that a browser cannot open helps nobody.
type allowance struct{ left int }

// The bytes of each section. Together with the fixed parts they stay below a million.
const (
	failuresAllowance      = 180_000
	timelinesAllowance     = 400_000 // and what the failures have not taken
	matrixAllowance        = 150_000
	distributionsAllowance = 75_000
	listsAllowance         = 130_000 // of all lists: reasons, budgets, groups, names, files, the baseline
)

const (
	// longestLine is as much as is shown of a line of a log, or of a sentence.
	longestLine = 400
	// longestName is as much as is shown of a name.
	longestName = 200
)

// take tells whether so many bytes of markup and the texts, escaped, still fit, and uses them up.
func (a *allowance) take(markup int, texts []string) bool {
	for _, text := range texts {
		markup += escaped(text)
	}
	if markup > a.left {
		return false
	}
	a.left -= markup
	return true
}

// escaped is how many bytes a text takes on the page at most: html/template writes a plus as an entity as well, and what
// cannot be printed becomes the three bytes of U+FFFD.
func escaped(text string) int {
	length := len(html.EscapeString(text)) + 4*strings.Count(text, "+")
	for _, letter := range text {
		if letter < ' ' || letter == utf8.RuneError {
			length += 2
		}
	}
	return length
}

// shorten cuts what is longer than most bytes, and says so.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + " … (cut)"
}
