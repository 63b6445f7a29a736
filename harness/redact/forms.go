package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// shortestForm is the length from which on a form can be told from ordinary text.
	shortestForm = 4
	// shortestLine is the length from which on a line of a secret of several lines is a secret as well.
	shortestLine = 8
	// breakFactor bounds how much longer a secret becomes by the line breaks in it.
	breakFactor = 40
)

// Forms returns the forms in which a value can be met, itself first.
func Forms(value string) (all []string) {
	if value == "" {
		return nil
	}
	plain := []string{value}
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); len(line) >= shortestLine && line != value {
			plain = append(plain, line)
		}
	}
	if trimmed := strings.TrimSpace(value); trimmed != value && trimmed != "" {
		plain = append(plain, trimmed)
	}
	for _, text := range plain {
		all = append(all, text)
		all = append(all, quoted(text)...)
		all = append(all, escaped(text)...)
		all = append(all, encoded(text)...)
	}
	return slices.DeleteFunc(all, func(form string) bool { return form == "" })
}

// quoted returns the forms that quote a text: JSON's, also twice, Go's and a shell's.
func quoted(text string) (all []string) {
	for _, escapeHTML := range []bool{true, false} {
		once := inJSON(text, escapeHTML)
		all = append(all, once, inJSON(once, true), inJSON(once, false))
	}
	for _, quoted := range []string{strconv.Quote(text), strconv.QuoteToASCII(text)} {
		all = append(all, quoted[1:len(quoted)-1])
	}
	for _, language := range []syntax.LangVariant{syntax.LangPOSIX, syntax.LangBash} {
		shell, err := syntax.Quote(text, language)
		for _, quote := range []string{"$'", "'", `"`} {
			if inner, isQuoted := strings.CutPrefix(shell, quote); err == nil && isQuoted {
				all = append(all, inner[:len(inner)-1])
			}
		}
	}
	all = append(all, strings.ReplaceAll(text, `'`, `'\''`), strings.ReplaceAll(text, `'`, `'"'"'`))
	for _, special := range []string{`"\$` + "`", "\"\\$`!", " !\"#$&'()*;<=>?[\\]^`{|}~,", " !\"#$&'()*,:;<=>?@[\\]^`{|}~%+"} {
		all = append(all, backslashed(text, special))
	}
	return all
}

// inJSON returns what a JSON encoder writes between the quotes.
func inJSON(text string, escapeHTML bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string can always be encoded
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(out.String(), "\n"), `"`), `"`)
}

// backslashed returns a text with a backslash before each of the special characters.
func backslashed(text, special string) string {
	var out strings.Builder
	for _, char := range text {
		if strings.ContainsRune(special, char) {
			_ = out.WriteByte('\\')
		}
		_, _ = out.WriteRune(char)
	}
	return out.String()
}

// escaped returns the forms of a URL and of an HTML page.
func escaped(text string) []string {
	html := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(text)
	named := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(text)
	all := []string{url.QueryEscape(text), url.PathEscape(text), strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), Percent(text), html, named}
	for _, form := range slices.Clone(all[:4]) {
		all = append(all, lowerEscapes(form))
	}
	return all
}

// Percent returns a text with every byte escaped as in a URL.
func Percent(text string) string {
	var every strings.Builder
	for i := range len(text) {
		_, _ = fmt.Fprintf(&every, "%%%02X", text[i])
	}
	return every.String()
}

// lowerEscapes writes the digits after each % in lower case.
func lowerEscapes(text string) string {
	out := []byte(text)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:], strings.ToLower(string(out[i+1:i+3])))
		}
	}
	return string(out)
}

// encoded returns hexadecimal and base64.
func encoded(text string) []string {
	plain := hex.EncodeToString([]byte(text))
	all := []string{plain, strings.ToUpper(plain)}
	for _, separated := range []struct{ before, between string }{{"", " "}, {"", ":"}, {`\x`, `\x`}, {"", "-"}} {
		var pairs []string
		for i := 0; i < len(plain); i += 2 {
			pairs = append(pairs, plain[i:i+2])
		}
		form := separated.before + strings.Join(pairs, separated.between)
		all = append(all, form, strings.ReplaceAll(strings.ToUpper(form), `\X`, `\x`))
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		all = append(all, Base64(encoding, text)...)
	}
	return all
}

// Base64 returns the forms of a text in base64, by the number of bytes before it modulo 3. Each holds what does not depend on the bytes
// around. The encoding has no padding.
func Base64(encoding *base64.Encoding, text string) (forms []string) {
	for before := range 3 {
		form := encoding.EncodeToString(append(make([]byte, before), text...))
		first := (before*8 + 5) / 6 // the first character of the text alone
		last := (before + len(text)) * 8 / 6
		if first < last {
			forms = append(forms, form[first:last])
		}
	}
	return forms
}

// squeezed is a text without its line breaks.
type squeezed struct {
	text   string
	places []int // of each byte in the original; nil if the text is the original
}

// at returns where a byte stood in the original.
func (s squeezed) at(i int) int {
	if s.places == nil {
		return i
	}
	return s.places[i]
}

// squeeze takes the line breaks out of a text with what indents or dates the next line: a backslash before one, and breaks that are escaped,
// go as well.
func squeeze(text string) squeezed {
	if !strings.ContainsAny(text, "\n\r\\") {
		return squeezed{text: text}
	}
	out, places := make([]byte, 0, len(text)), make([]int, 0, len(text))
	for i := 0; i < len(text); {
		if width := breakWidth(text[i:]); width > 0 {
			i += width
			i += stampWidth(text[i:])
			for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
				i++
			}
			continue
		}
		out, places = append(out, text[i]), append(places, i)
		i++
	}
	return squeezed{string(out), places}
}

// stamp is the time with which Docker begins each line of a log.
var stamp = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}Z `)

// stampWidth returns the width of the time that a line begins with.
func stampWidth(line string) int {
	const widest = len("2006-01-02T15:04:05.999999999Z ")
	return len(stamp.FindString(line[:min(len(line), widest)]))
}

// breakWidth returns how many bytes of a line break a text begins with.
func breakWidth(text string) int {
	for _, form := range []string{"\\\r\n", "\\\n", "\r\n", "\n", "\r", `\\r\\n`, `\\n`, `\r\n`, `\n`, `\r`} {
		if strings.HasPrefix(text, form) {
			return len(form)
		}
	}
	return 0
}
