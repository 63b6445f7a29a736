package target_test

import (
	"testing"

	"github.com/onsi/gomega"
)

func TestEnvironments(t *testing.T) {
	g := gomega.NewWithT(t)
	loaded, err := load(t, head+"environments: {hero: 'http://localhost:8805/', staging: https://hero.example/base}")
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(loaded.BaseURL("hero")).To(gomega.Equal("http://localhost:8805"))
	g.Expect(loaded.BaseURL("staging")).To(gomega.Equal("https://hero.example/base"))
	_, err = loaded.BaseURL("hreo")
	g.Expect(err).To(gomega.MatchError(`target a has no environment "hreo": did you mean "hero"?`))
	loaded, err = load(t, head)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	_, err = loaded.BaseURL("hero")
	g.Expect(err).To(gomega.MatchError(`target a has no environment "hero": there is none`))
}

func TestEnvironmentsAreChecked(t *testing.T) {
	for text, want := range map[string]string{ //nolint:gosec // the password is made up
		"{hero: localhost}":              `:3:22: "localhost" is not a base URL: write http://HOST:PORT`,
		"{hero: 'ftp://x'}":              `:3:22: "ftp://x" is not a base URL`,
		"{hero: 'http://x/?a=b'}":        `:3:22: "http://x/?a=b" is not a base URL`,
		"{hero: 'http://me:secret@x'}":   `:3:22: the URL holds a user or a password`,
		"{'He ro': 'http://localhost'}":  `: "He ro" is not a name of an environment`,
		"{hero: 'http://localhost:x:y'}": `is not a base URL`,
	} {
		_, err := load(t, head+"environments: "+text)
		gomega.NewWithT(t).Expect(err).To(gomega.MatchError(gomega.ContainSubstring(want)))
	}
}
