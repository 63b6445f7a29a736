package matrix

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// width is the most columns of a line.
const width = 120

// Text returns the matrix as the plain text that ends a campaign: the wrong rows, the promises that no mutant has shown to be
// of use, and the counts in the last line.
func (m *Matrix) Text() string {
	text := new(strings.Builder)
	for _, row := range m.Wrong() {
		writeLine(text, "%-18s %s: %s", strings.ToUpper(string(row.Verdict)), row.Mutant.ID, row.Mutant.Behaviour)
		if claim := row.Mutant.Claim(); claim != "" {
			writeLine(text, "  claimed by  %s", claim)
		}
		if killers := row.Killers(); len(killers) > 0 {
			writeWrapped(text, "  failed      ", killers)
		}
		if row.Why != "" {
			writeWrapped(text, "  ", strings.Fields(row.Why))
		}
	}
	if stray := m.Strays(); len(stray) > 0 {
		writeLine(text, "")
		writeLine(text, "FAILED WITHOUT A CLAIM ON THE MUTANT")
		for _, row := range stray {
			writeWrapped(text, fmt.Sprintf("  %-32s ", row.Mutant.ID), row.Strays())
		}
	}
	m.writePromises(text)
	writeLine(text, "")
	writeLine(text, "%s", m.Counts())
	return strings.TrimLeft(text.String(), "\n")
}

// writePromises writes the promises that no mutant is killed by alone.
func (m *Matrix) writePromises(text *strings.Builder) {
	open, explained := m.Unproved()
	if len(open) > 0 {
		writeLine(text, "")
		writeLine(text, "NO MUTANT IS KILLED BY IT ALONE, AND NO REASON IS GIVEN (%d of %d promises)", len(open), len(m.Promises))
		for _, promise := range open {
			writeLine(text, "  %-32s %s", promise.ID, promise.Standing())
		}
	}
	if len(explained) > 0 {
		writeLine(text, "")
		writeLine(text, "NO MUTANT CAN BE KILLED BY IT ALONE (%d of %d promises)", len(explained), len(m.Promises))
		for _, promise := range explained {
			writeWrapped(text, fmt.Sprintf("  %-32s ", promise.ID), strings.Fields(promise.Why))
		}
	}
	if len(m.Stale) > 0 && !m.Chosen {
		writeLine(text, "")
		writeWrapped(text, "REASONS THAT ARE NOT NEEDED, remove them: ", m.Stale)
	}
}

// Standing describes the kills of a promise.
func (p Promise) Standing() string {
	switch {
	case p.Asked == 0:
		return "asked of no mutant"
	case len(p.Kills) == 0:
		return fmt.Sprintf("asked of %s, killed none", plain.Count(p.Asked, "mutant"))
	}
	return fmt.Sprintf("asked of %s; killed %s, never alone", plain.Count(p.Asked, "mutant"), strings.Join(p.Kills, ", "))
}

// Counts returns the last line: "81 killed, 15 passed, 1 survived".
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

// writeWrapped writes words in lines of at most width columns, all indented alike.
func writeWrapped(text *strings.Builder, indent string, words []string) {
	for _, full := range plain.Wrap(indent, len(indent), width, words) {
		writeLine(text, "%s", full)
	}
}

// writeLine writes one line of at most width columns.
func writeLine(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Clipped(strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", " "), width))
}
