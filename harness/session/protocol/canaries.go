package protocol

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Canaries are made-up secrets by the names of their variables.
type Canaries map[string]string

// WithForms returns the canaries as they are, and encoded: "NAME in base64" and the like. A text that holds an encoded secret somewhere in
// the middle holds one of these.
func (c Canaries) WithForms() Canaries {
	all := Canaries{}
	for name, value := range c {
		all[name] = value
		reversed := []byte(value)
		slices.Reverse(reversed)
		for form, text := range map[string]string{
			"hexadecimal":         hex.EncodeToString([]byte(value)),
			"capital hexadecimal": strings.ToUpper(hex.EncodeToString([]byte(value))),
			"UTF-16":              strings.Join(strings.Split(value, ""), "\x00"),
			"percent encoding":    percentEncode(value),
			"reverse":             string(reversed),
		} {
			all[name+" in "+form] = text
		}
		if escaped := url.QueryEscape(value); escaped != value {
			all[name+" in a URL"] = escaped
		}
		for _, form := range []struct {
			name     string
			encoding *base64.Encoding
		}{{"base64", base64.RawStdEncoding}, {"base64 of URLs", base64.RawURLEncoding}} {
			for offset, text := range alignments(form.encoding, value) {
				all[name+" in "+form.name+fmt.Sprintf(", offset %d", offset)] = text
			}
		}
	}
	return all
}

// alignments returns what the base64 of every text that holds a value holds, by the value's offset modulo 3: all of the value but the bytes
// at its ends that share a group with their neighbours.
func alignments(encoding *base64.Encoding, value string) []string {
	var texts []string
	for offset := range 3 {
		begin := (3 - offset) % 3
		whole := (len(value) - begin) / 3 * 3
		if whole > 0 {
			texts = append(texts, encoding.EncodeToString([]byte(value[begin:begin+whole])))
		}
	}
	return texts
}

// percentEncode writes every byte as in a URL.
func percentEncode(value string) string {
	var text strings.Builder
	for _, b := range []byte(value) {
		text.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return text.String()
}
