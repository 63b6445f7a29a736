package protocol

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/redact"
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
			"percent encoding":    redact.Percent(value),
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
			for offset, text := range redact.Base64(form.encoding, value) {
				all[name+" in "+form.name+fmt.Sprintf(", offset %d", offset)] = text
			}
		}
	}
	return all
}
