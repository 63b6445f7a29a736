package matrix

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

//go:embed page.html
var pageText string

// page holds the values of the template.
type page struct {
	*Matrix
	Open, Explained []Promise
	Groups          []group
	Themes          []theme
	Legend          []cell
}

// group holds the mutants of one group.
type group struct {
	Name string
	Rows []Row
}

// theme is a block of columns.
type theme struct {
	Name     string
	Promises []string // without the theme
}

// cell is the outcome of a promise on a mutant: a letter and its meaning.
type cell struct{ Mark, Class, Meaning string }

var (
	own          = cell{"K", "own", "failed and claims the mutant"}
	known        = cell{"k", "known", "failed and may, as the mutant says"}
	stray        = cell{"X", "stray", "failed and does not claim the mutant"}
	held         = cell{"·", "held", "held"}
	inconclusive = cell{"?", "open", "inconclusive or not run"}
	notAsked     = cell{"", "", "not asked"}
)

// HTML returns the matrix as one page that needs no other file.
func (m *Matrix) HTML() ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"cell": cellOf, "seconds": func(ns int64) string { return fmt.Sprintf("%.1f s", float64(ns)/1e9) },
		"label": func(v mutation.Verdict) string { return strings.ReplaceAll(string(v), " ", "-") },
		"count": plain.Count,
		"join":  func(words []string) string { return strings.Join(words, ", ") },
	}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the page of the kill matrix: %w", err)
	}
	open, explained := m.Unproved()
	var text bytes.Buffer
	err = parsed.Execute(&text, page{
		Matrix: m, Open: open, Explained: explained, Groups: m.groups(), Themes: m.themes(),
		Legend: []cell{own, known, stray, held, inconclusive, {"blank", "", notAsked.Meaning}},
	})
	if err != nil {
		return nil, fmt.Errorf("write the page of the kill matrix: %w", err)
	}
	return text.Bytes(), nil
}

// cellOf returns the cell of a promise on a mutant.
func cellOf(row Row, promise string) cell {
	finding, asked := row.Findings[promise]
	switch {
	case !asked:
		return notAsked
	case finding.Outcome == record.Held:
		return held
	case finding.Outcome != record.Failed:
		return inconclusive
	case promise == row.Mutant.Claim():
		return own
	case slices.Contains(row.Mutant.Claims, promise):
		return known
	}
	return stray
}

// groups returns the mutants by group, in their order.
func (m *Matrix) groups() []group {
	var groups []group
	for _, row := range m.Mutants {
		i := slices.IndexFunc(groups, func(g group) bool { return g.Name == row.Mutant.Group })
		if i < 0 {
			i, groups = len(groups), append(groups, group{Name: row.Mutant.Group})
		}
		groups[i].Rows = append(groups[i].Rows, row)
	}
	return groups
}

// themes returns the promises that any mutant was asked, by theme.
func (m *Matrix) themes() []theme {
	var themes []theme
	for _, promise := range m.Promises {
		asked := slices.ContainsFunc(m.Mutants, func(row Row) bool { _, ok := row.Findings[promise.ID]; return ok })
		if !asked {
			continue
		}
		name, rest, _ := strings.Cut(promise.ID, ".")
		i := slices.IndexFunc(themes, func(t theme) bool { return t.Name == name })
		if i < 0 {
			i, themes = len(themes), append(themes, theme{Name: name})
		}
		themes[i].Promises = append(themes[i].Promises, rest)
	}
	return themes
}

// About returns the rows of a theme's table: the mutants that one of its promises claims, and those on which one did not hold.
func (p page) About(theme string) []Row {
	of := func(promise string) bool { return strings.HasPrefix(promise, theme+".") }
	return slices.DeleteFunc(slices.Clone(p.Mutants), func(row Row) bool {
		for promise, finding := range row.Findings {
			if of(promise) && finding.Outcome != record.Held {
				return false
			}
		}
		return !slices.ContainsFunc(row.Mutant.Claims, of)
	})
}

// Others returns the number of rows that a theme's table leaves out.
func (p page) Others(theme string) int { return len(p.Mutants) - len(p.About(theme)) }
