package sandbox

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// minSecret is the length from which a value is replaced everywhere. A shorter value would damage the text around it, and is no secret.
const minSecret = 4

// redactor removes the values of secrets from texts.
type redactor struct {
	names  []string
	values *strings.Replacer
}

// newRedactor returns a redactor of the secrets in a container's environment (NAME=VALUE): those of the given names, and all whose name
// looks like a secret's.
func newRedactor(environment, names []string) *redactor {
	r := &redactor{}
	looksSecret := regexp.MustCompile(`(?i)(^|_)(api_?key|key|token|secret|password|passwd|credentials?|auth)s?(_|$)`)
	var values []string
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) && !looksSecret.MatchString(name) {
			continue
		}
		r.names = append(r.names, name)
		for line := range strings.Lines(value) { // texts are redacted a line at a time
			if line = strings.TrimSpace(line); len(line) >= minSecret {
				values = append(values, line)
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // replace the longest first
	pairs := make([]string, 0, 2*len(values))
	for _, value := range values {
		pairs = append(pairs, value, redacted)
	}
	r.values = strings.NewReplacer(pairs...)
	return r
}

// text returns a text without the secrets.
func (r *redactor) text(text string) string { return r.values.Replace(text) }

// environment returns the entries (NAME=VALUE) without the values of secrets.
func (r *redactor) environment(entries []string) []string {
	clean := make([]string, len(entries))
	for i, entry := range entries {
		name, _, _ := strings.Cut(entry, "=")
		if clean[i] = r.text(entry); slices.Contains(r.names, name) {
			clean[i] = name + "=" + redacted
		}
	}
	return clean
}

// copy copies lines without the secrets.
func (r *redactor) copy(to io.Writer, from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if _, werr := io.WriteString(to, r.text(line)); werr != nil {
			return werr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
