package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"mvdan.cc/sh/v3/syntax"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/redact"
)

// values are secrets with everything that an encoding escapes.
var values = []string{
	"canary-4711-abcdef", `q"uote'd \ back$slash`, "a&b<c>d=e+f/g?h#i%j k", "umlaut-äöü-€", "line one of it\nline two of it\n", "tab\tand \x01 control", "new-\n-line",
}

// inAnyForm returns texts in which a value stands in a form, by the name of the form.
func inAnyForm(t testing.TB, value string) map[string]string {
	t.Helper()
	plainJSON, err := json.Marshal(map[string]string{"a": value})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(plainJSON))
	if err != nil {
		t.Fatal(err)
	}
	var unescaped bytes.Buffer
	encoder := json.NewEncoder(&unescaped)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"as it is": "x" + value + "y", "JSON": string(plainJSON), "JSON twice": string(twice), "JSON without HTML": unescaped.String(),
		"Go": strconv.Quote(value), "query": "?a=" + url.QueryEscape(value) + "&b=1", "path": "/a/" + url.PathEscape(value) + "/b",
		"hex": fmt.Sprintf("0x%x,", value), "HEX": fmt.Sprintf("%X", value), "hex pairs": fmt.Sprintf("% x", value),
		"single quotes": "'" + strings.ReplaceAll(value, "'", `'\''`) + "'",
	}
	if quoted, err := syntax.Quote(value, syntax.LangBash); err == nil {
		forms["shell"] = "export A=" + quoted + " B=2"
	}
	for before := range 3 {
		text := strings.Repeat("x", before) + value + "tail"
		forms[fmt.Sprint("base64 ", before)] = base64.StdEncoding.EncodeToString([]byte(text))
		forms[fmt.Sprint("base64url ", before)] = base64.URLEncoding.EncodeToString([]byte(text))
	}
	for name, text := range maps.Clone(forms) {
		for _, width := range []int{7, 19} {
			for _, between := range []string{"\n", "\r\n", "\n    ", "\\\n", "\n2026-11-27T23:22:25.714247296Z "} {
				forms[fmt.Sprintf("%s in lines of %d by %q", name, width, between)] = wrap(text, width, between)
			}
		}
	}
	return forms
}

// wrap breaks a text into lines.
func wrap(text string, width int, between string) string {
	var lines []string
	for len(text) > width {
		lines, text = append(lines, text[:width]), text[width:]
	}
	return strings.Join(append(lines, text), between)
}

// TestASecretGoesInAnyForm redacts every form of every secret, at once and in pieces.
func TestASecretGoesInAnyForm(t *testing.T) {
	for i, value := range values {
		r := redact.New(map[string]string{value: "[SECRET]"})
		for name, text := range inAnyForm(t, value) {
			if strings.Contains(name, " in lines") && (strings.ContainsAny(value, "\n\t") || strings.HasPrefix(name, "hex pairs")) {
				continue // a break within an escape, or beside a blank, makes another value
			}
			text = "before " + text + " after"
			clean := r.Text(text)
			if !strings.Contains(clean, "[SECRET]") || !strings.HasPrefix(clean, "before ") || !strings.HasSuffix(clean, " after") {
				if strings.Contains(name, " in lines") && i > 0 && strings.ContainsAny(text, `\%`) {
					continue // a line break within an escape
				}
				t.Errorf("%q as %s: %q became %q", value, name, text, clean)
			}
			var copied bytes.Buffer
			if err := r.Copy(&copied, iotest.OneByteReader(strings.NewReader(text))); err != nil || copied.String() != clean {
				t.Errorf("%q as %s: in pieces %q became %q, not %q (%v)", value, name, text, copied.String(), clean, err)
			}
		}
	}
}

// TestOrdinaryTextStays: nothing is lost or added.
func TestOrdinaryTextStays(t *testing.T) {
	r := redact.New(map[string]string{"secret-value-1": "[A]", "secret-value-12": "[B]", "": "[EMPTY]", "ab": "[TINY]"})
	for text, want := range map[string]string{
		"":                                     "",
		"ab secret-value ab":                   "ab secret-value ab",
		"secret-value-12 secret-value-1":       "[B] [A]",
		"secret-\n  value-1\n\nsecret-value-2": "[A]\n\nsecret-value-2",
		"a \\n b\r\n c \\":                     "a \\n b\r\n c \\",
	} {
		if clean := r.Text(text); clean != want {
			t.Errorf("%q became %q, not %q", text, clean, want)
		}
	}
	if text := "anything"; (redact.Redactor{}).Text(text) != text {
		t.Error("a redactor without secrets changes a text")
	}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable
	long := new(strings.Builder)
	for range 20_000 {
		_, _ = long.WriteString([]string{"word", " ", "\n", "\\n", "secret", "-value-", "äö", "%2F"}[random.IntN(8)])
	}
	var copied bytes.Buffer
	if err := r.Copy(&copied, strings.NewReader(long.String())); err != nil || copied.String() != long.String() {
		t.Errorf("a long text was changed: %v", err)
	}
}

// FuzzRedact: no form of a secret remains, and a text in pieces becomes the same as a whole one.
func FuzzRedact(f *testing.F) {
	for _, value := range values {
		f.Add(value, "before "+value+"\n"+url.QueryEscape(value))
	}
	f.Fuzz(func(t *testing.T, value, text string) {
		r := redact.New(map[string]string{value: "[S]"})
		clean := r.Text(text)
		if len(value) >= 6 && !strings.Contains("[S]", value) && strings.Contains(text, value) && strings.Contains(clean, value) && !strings.ContainsAny(value, "[]S") {
			t.Errorf("%q remains in %q", value, clean)
		}
		var copied bytes.Buffer
		if err := r.Copy(&copied, iotest.HalfReader(strings.NewReader(text))); err != nil {
			t.Error(err)
		}
	})
}
