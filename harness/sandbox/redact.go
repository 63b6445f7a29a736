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

// minSecret is the length from which a value is replaced wherever it stands: a shorter one would
// tear up the text around it, and hides nothing.
const minSecret = 4

// redactor takes the values of secrets out of texts.
type redactor struct {
	names  []string
	values *strings.Replacer
}

// newRedactor finds the secrets in a container's environment (NAME=VALUE): those that are named, and
// any whose name says that it is one. A container that somebody else started may hold such, too.
func newRedactor(environment, names []string) *redactor {
	r := &redactor{}
	speaking := regexp.MustCompile(`(?i)(^|_)(api_?key|key|token|secret|password|passwd|credentials?|auth)s?(_|$)`)
	var values []string
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) && !speaking.MatchString(name) {
			continue
		}
		r.names = append(r.names, name)
		for line := range strings.Lines(value) { // texts are redacted a line at a time
			if line = strings.TrimSpace(line); len(line) >= minSecret {
				values = append(values, line)
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) }) // the longest wins
	pairs := make([]string, 0, 2*len(values))
	for _, value := range values {
		pairs = append(pairs, value, redacted)
	}
	r.values = strings.NewReplacer(pairs...)
	return r
}

// text returns text without the secrets.
func (r *redactor) text(text string) string { return r.values.Replace(text) }

// environment returns the entries (NAME=VALUE), those of secrets without their values.
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
