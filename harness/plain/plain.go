// Package plain writes texts for a terminal and for files that people read. Parts of them come from a target.
package plain

import (
	"strings"
	"unicode"
)

// Line returns text as one line with its end. It replaces what could move a terminal's cursor or end the line, and leaves out blanks at
// the end. A line that a CI server would take for a command of a workflow gets a blank within its first word.
func Line(text string) string {
	text = strings.TrimRight(printable(text), " ")
	words := strings.TrimLeft(text, " ")
	for _, command := range []string{"::", "##["} {
		if strings.HasPrefix(words, command) {
			text = text[:len(text)-len(words)] + words[:1] + " " + words[1:]
		}
	}
	return text + "\n"
}

func printable(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsPrint(letter) {
			return letter
		}
		return unicode.ReplacementChar
	}, text)
}

// Clipped returns Line in at most width columns. The last letter of a line that is cut off says so.
func Clipped(text string, width int) string {
	if letters := []rune(printable(text)); len(letters) > width {
		text = string(letters[:width-1]) + "…"
	}
	return Line(text)
}

// Wrap puts words into lines of at most width columns, unless one word is longer. The first line follows indent; the others are indented
// by as many columns.
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
