package verdict

import (
	"regexp"
	"slices"
	"strings"
)

// Finding is a kind of finding, for a table of all.
type Finding struct {
	Code   Code
	Format string
}

// Findings returns every kind of finding, in order of weight.
func Findings() (all []Finding) {
	for k := range kind(len(sentences)) {
		all = append(all, Finding{sentences[k].code, sentences[k].format})
	}
	order := Codes()
	slices.SortStableFunc(all, func(one, other Finding) int { return slices.Index(order, one.Code) - slices.Index(order, other.Code) })
	return all
}

// Matches reports whether a reason is of this kind.
func (f Finding) Matches(r Reason) bool {
	form := regexp.QuoteMeta(f.Format)
	for _, verb := range []string{"%s", "%q", "%v", "%d"} {
		form = strings.ReplaceAll(form, verb, ".*")
	}
	return r.Code == f.Code && regexp.MustCompile("(?s)^"+form+"$").MatchString(r.Text)
}
