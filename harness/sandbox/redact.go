package sandbox

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/redact"
)

const redacted = "[redacted]"

// minSecret is the length from which a value is replaced everywhere. A shorter value would damage the text around it, and is no secret.
const minSecret = 4

// redactor removes the values of secrets from texts.
type redactor struct {
	names  []string
	values redact.Redactor
}

// newRedactor returns a redactor of the secrets in a container's environment (NAME=VALUE): those of the given names, and all whose name
// looks like a secret's.
func newRedactor(environment, names []string) *redactor {
	r := &redactor{}
	looksSecret := regexp.MustCompile(`(?i)(^|_)(api_?key|key|token|secret|password|passwd|credentials?|auth)s?(_|$)`)
	values := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if !slices.Contains(names, name) && !looksSecret.MatchString(name) {
			continue
		}
		r.names = append(r.names, name)
		if len(value) >= minSecret {
			values[value] = redacted
		}
	}
	r.values = redact.New(values)
	return r
}

// text returns a text without the secrets.
func (r *redactor) text(text string) string { return r.values.Text(text) }

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

// copy copies a text without the secrets.
func (r *redactor) copy(to io.Writer, from io.Reader) error { return r.values.Copy(to, from) }
