package main

import (
	"os"
	"strings"
	"testing"
)

// TestThePageHasEveryEnvironment checks that TROUBLESHOOTING has the words of each environment that needs some.
func TestThePageHasEveryEnvironment(t *testing.T) {
	page, err := os.ReadFile("../../TROUBLESHOOTING.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range environments() {
		if names[e.name] || e.arrange == nil || (e.line == "" && e.check == nil) {
			t.Errorf("%s: a second of that name, or a row without what is expected", e.name)
		}
		names[e.name] = true
		if !strings.Contains(string(page), e.page) {
			t.Errorf("%s: TROUBLESHOOTING says nothing of %q", e.name, e.page)
		}
		if e.code == codeError && e.page == "" {
			t.Errorf("%s ends with an error that TROUBLESHOOTING does not explain", e.name)
		}
	}
}
