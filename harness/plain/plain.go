// Package plain writes texts for a terminal and for files that people read. A part of them was said by a target.
package plain

import (
	"strings"
	"unicode"
)

// Line is text as one line: what could move a terminal's cursor, or end the line, is replaced, and blanks at its end are
// left out. The line's own end follows.
func Line(text string) string { return strings.TrimRight(printable(text), " ") + "\n" }

func printable(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsPrint(letter) {
			return letter
		}
		return unicode.ReplacementChar
	}, text)
}

// Clipped is Line of at most width columns; one that is cut off says so by its last letter.
func Clipped(text string, width int) string {
	if letters := []rune(printable(text)); len(letters) > width {
		text = string(letters[:width-1]) + "…"
	}
	return Line(text)
}

// Wrap puts words into lines of at most width columns, but for a word that is longer. The first follows indent, the
// others are indented by so many columns.
func Wrap(indent string, hanging, width int, words []string) (lines []string) {
	full := indent
	for i, word := range words {
		switch {
		case i == 0:
			full += word
		case len(full)+1+len(word) > width:
			lines = append(lines, full)
			full = strings.Repeat(" ", hanging) + word
		default:
			full += " " + word
		}
	}
	return append(lines, full)
}
