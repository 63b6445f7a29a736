package matrix

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// width is how many columns a line takes at most.
const width = 120

// Text is the matrix as the plain text that ends a campaign: what was wrong, which promises no mutant has shown to be of
// use, and the counts in the last line.
func (m *Matrix) Text() string {
	text := new(strings.Builder)
	for _, row := range m.Wrong() {
		line(text, "%-18s %s: %s", strings.ToUpper(string(row.Verdict)), row.Mutant.ID, row.Mutant.Behaviour)
		if claim := row.Mutant.Claim(); claim != "" {
			line(text, "  claimed by  %s", claim)
		}
		if killers := row.Killers(); len(killers) > 0 {
			wrapped(text, "  failed      ", killers)
		}
		if row.Why != "" {
			wrapped(text, "  ", strings.Fields(row.Why))
		}
	}
	if stray := m.Strays(); len(stray) > 0 {
		line(text, "")
		line(text, "FAILED BESIDES, though it does not claim the mutant")
		for _, row := range stray {
			wrapped(text, fmt.Sprintf("  %-32s ", row.Mutant.ID), row.Strays())
		}
	}
	m.promises(text)
	line(text, "")
	line(text, "%s", m.Counts())
	return strings.TrimLeft(text.String(), "\n")
}

// promises writes what the mutants say of the promises.
func (m *Matrix) promises(text *strings.Builder) {
	open, explained := m.Unproved()
	if len(open) > 0 {
		line(text, "")
		line(text, "NO MUTANT IS KILLED BY IT ALONE (%d of %d promises), and nothing says why", len(open), len(m.Promises))
		for _, promise := range open {
			line(text, "  %-32s %s", promise.ID, promise.Standing())
		}
	}
	if len(explained) > 0 {
		line(text, "")
		line(text, "NO MUTANT CAN BE KILLED BY IT ALONE (%d of %d promises)", len(explained), len(m.Promises))
		for _, promise := range explained {
			wrapped(text, fmt.Sprintf("  %-32s ", promise.ID), strings.Fields(promise.Why))
		}
	}
	if len(m.Stale) > 0 && !m.Chosen {
		line(text, "")
		wrapped(text, "A REASON IS GIVEN AND NONE IS NEEDED: ", m.Stale)
	}
}

// Standing says how far a promise has come.
func (p Promise) Standing() string {
	switch {
	case p.Asked == 0:
		return "not asked of any mutant"
	case len(p.Kills) == 0:
		return fmt.Sprintf("asked of %d and killed none", p.Asked)
	}
	return fmt.Sprintf("asked of %d; killed %s, never alone", p.Asked, strings.Join(p.Kills, ", "))
}

// Counts is the last line: "81 killed, 15 passed, 1 survived".
func (m *Matrix) Counts() string {
	var counts []string
	for _, verdict := range mutation.Verdicts() {
		if n := m.Count(verdict); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, verdict))
		}
	}
	if len(counts) == 0 {
		return "no mutant was run"
	}
	return strings.Join(counts, ", ")
}

// wrapped writes words in lines of at most width columns; those after the first are indented like it.
func wrapped(text *strings.Builder, indent string, words []string) {
	for _, full := range plain.Wrap(indent, len(indent), width, words) {
		line(text, "%s", full)
	}
}

// line writes one line of at most width columns.
func line(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Clipped(strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", " "), width))
}
