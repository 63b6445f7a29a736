package zinit

import (
	"bytes"
	"regexp"
)

// literals matches the strings of a JSON document, so that they are left alone, and the numbers that have a fraction of zeros only.
var literals = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9]+\.0+\b`)

// trimFractions writes 5.0 as 5 in a JSON document. JSON knows one kind of number, and a whole one is an integer however it is written.
func trimFractions(document []byte) []byte {
	if !bytes.Contains(document, []byte(".0")) {
		return document // as nearly all are
	}
	return literals.ReplaceAllFunc(document, func(literal []byte) []byte {
		if literal[0] == '"' {
			return literal
		}
		return literal[:bytes.IndexByte(literal, '.')]
	})
}
