// Package redact removes the values of secrets from texts, in any form in which a program may show them.
package redact

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
)

// Redactor replaces secrets by names. The zero value knows no secret.
type Redactor struct {
	forms   []form
	longest int
}

// form is a text in which a secret can be met, without line breaks.
type form struct{ text, name string }

// New returns a redactor of secrets, by their values, with what replaces each.
func New(secrets map[string]string) Redactor {
	var r Redactor
	seen := map[string]bool{}
	for _, value := range slices.Sorted(maps.Keys(secrets)) {
		for _, text := range Forms(value) {
			if text = squeeze(text).text; len(text) >= shortestForm && !seen[text] {
				seen[text] = true
				r.forms = append(r.forms, form{text, secrets[value]})
				r.longest = max(r.longest, len(text))
			}
		}
	}
	// The longest first: of two secrets that begin alike the longer one has to go as a whole.
	slices.SortStableFunc(r.forms, func(one, other form) int { return cmp.Compare(len(other.text), len(one.text)) })
	return r
}

// Text returns a text without the secrets.
func (r Redactor) Text(text string) string {
	clean, _ := r.redact(text, len(text))
	return clean
}

// redact returns the text up to a limit without the secrets, and where it ended: before the limit if a secret reaches beyond it.
func (r Redactor) redact(text string, limit int) (clean string, end int) {
	if len(r.forms) == 0 {
		return text[:limit], limit
	}
	found := r.find(text)
	var out strings.Builder
	at := 0
	for _, f := range found {
		if f.from >= limit {
			break
		}
		if f.to > limit {
			limit = f.from
			break
		}
		_, _ = out.WriteString(text[at:f.from])
		_, _ = out.WriteString(f.name)
		at = f.to
	}
	if at == 0 {
		return text[:limit], limit
	}
	_, _ = out.WriteString(text[at:limit])
	return out.String(), limit
}

// match is where a secret stands in a text.
type match struct {
	from, to int
	name     string
}

// find returns where the secrets stand, in order and without overlaps.
func (r Redactor) find(text string) (found []match) {
	joined := squeeze(text)
	for _, f := range r.forms {
		for at := 0; ; {
			i := strings.Index(joined.text[at:], f.text)
			if i < 0 {
				break
			}
			from, to := joined.at(at+i), joined.at(at+i+len(f.text)-1)+1
			at += i + 1
			if !slices.ContainsFunc(found, func(m match) bool { return from < m.to && m.from < to }) {
				found = append(found, match{from, to, f.name})
			}
		}
	}
	slices.SortFunc(found, func(one, other match) int { return cmp.Compare(one.from, other.from) })
	return found
}

// blockSize bounds what Copy reads at once, in bytes.
const blockSize = 1 << 16

// Copy copies a text without the secrets. It keeps back only as much as a secret can be long.
func (r Redactor) Copy(to io.Writer, from io.Reader) error {
	w := r.Writer(to)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{from}, make([]byte, blockSize)); err != nil {
		return err
	}
	return w.Close()
}

// Writer returns a writer that passes on what it is given without the secrets. Close passes on the rest, and does not close to.
func (r Redactor) Writer(to io.Writer) io.WriteCloser { return &writer{redactor: r, to: to} }

type writer struct {
	redactor Redactor
	to       io.Writer
	kept     string
}

// Write implements io.Writer.
func (w *writer) Write(data []byte) (int, error) {
	w.kept += string(data)
	// A line break may stand between any two bytes of a secret.
	if err := w.pass(len(w.kept) - breakFactor*w.redactor.longest); err != nil {
		return 0, err
	}
	return len(data), nil
}

// Close implements io.Closer.
func (w *writer) Close() error { return w.pass(len(w.kept)) }

// pass passes on what is kept, up to a limit.
func (w *writer) pass(limit int) error {
	if limit <= 0 {
		return nil
	}
	clean, end := w.redactor.redact(w.kept, limit)
	w.kept = w.kept[end:]
	_, err := io.WriteString(w.to, clean)
	return err
}
