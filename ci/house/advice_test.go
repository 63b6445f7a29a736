package house_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
)

// places are the parts of the stand-in that a mutant can be in, the inner ones first, with the words by which an advice names such a place.
var places = []struct {
	folder string
	words  []string
}{
	{"fixtures/herozero/hero/entrypoint", []string{"entry point"}},
	{"fixtures/herozero/hero/probe", []string{"{health-action}", "health action"}},
	{"fixtures/herozero/hero/proxy", []string{"route", "program"}},
	{"fixtures/herozero/hero/register", []string{"hero_services"}},
	{"fixtures/herozero/hero", []string{"program", "hero_services", "entry point"}},
	{"fixtures/herozero/services", []string{"hero_services", "definition", "{health-action}"}},
	{"fixtures/herozero/zinit", []string{"zinit"}},
}

// isMutant matches a question for a mutant, in the stand-in's code.
var isMutant = regexp.MustCompile(`mutant\.([A-Z][A-Za-z0-9]+)\b`)

// constants match the names of mutants with their ids.
var constants = regexp.MustCompile(`(?m)^\t([A-Z][A-Za-z0-9]+) += "([a-z0-9-]+)"`)

// TestAdviceNamesThePlaceOfEachMutant checks that whoever follows the advice of the promise that catches a mutant looks where the mutant is.
func TestAdviceNamesThePlaceOfEachMutant(t *testing.T) {
	names, words := map[string]string{}, map[string][]string{} // by the constant; by the id
	isSource := func(path string) bool { return strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") }
	ownFiles(t, func(path string) bool {
		return isSource(path) && within(filepath.Dir(path), "fixtures/herozero/mutant")
	}, func(_ string, content []byte) {
		for _, found := range constants.FindAllSubmatch(content, -1) {
			names[string(found[1])] = string(found[2])
		}
	})
	ownFiles(t, func(path string) bool {
		return isSource(path) && within(path, "fixtures/herozero") && !within(path, "fixtures/herozero/mutant")
	}, func(path string, content []byte) {
		for _, place := range places {
			if !within(path, place.folder) {
				continue
			}
			for _, found := range isMutant.FindAllSubmatch(content, -1) {
				words[names[string(found[1])]] = append(words[names[string(found[1])]], place.words...)
			}
			return
		}
	})
	for _, m := range mutant.All() {
		claim, ok := promise.Find(m.Claim())
		if !ok {
			continue
		}
		text := strings.ToLower(claim.Advice().Cause + " " + claim.Advice().Change)
		switch {
		case len(words[m.ID]) == 0:
			t.Errorf("%s: no code of the stand-in asks for it", m.ID)
		case !slices.ContainsFunc(words[m.ID], func(word string) bool { return strings.Contains(text, word) }):
			t.Errorf("%s: the advice of %s names none of %q, where the mutant is: %s", m.ID, claim.ID, words[m.ID], text)
		}
	}
}

// TestAdviceKnowsItsValues checks that every name in braces is a value that the reports fill in.
func TestAdviceKnowsItsValues(t *testing.T) {
	known := advice.Values()
	for _, p := range promise.All() {
		for _, text := range []string{p.Advice().Why, p.Advice().Cause, p.Advice().Change} {
			for _, found := range regexp.MustCompile(`\{([^}]*)\}`).FindAllStringSubmatch(text, -1) {
				if !slices.Contains(known, found[1]) {
					t.Errorf("the advice of %s has the value {%s}, which is none of %q", p.ID, found[1], known)
				}
			}
		}
	}
}
