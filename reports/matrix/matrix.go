// Package matrix writes the kill matrix: which mutant was killed by which promise. It is a pure function of the trials.
package matrix

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Schema names the form of a matrix. It changes when an older program could misread a newer matrix.
const Schema = "hero_chaos.matrix/1"

// Matrix is the outcome of a campaign.
type Matrix struct {
	Schema string    `json:"schema"`
	Made   time.Time `json:"made"`
	Image  string    `json:"image"`
	// Chosen says that not all mutants were run, or not with their whole scope. Such a matrix says nothing about promises.
	Chosen   bool      `json:"chosen,omitempty"`
	Mutants  []Row     `json:"mutants"`
	Promises []Promise `json:"promises"`
	// Stale are ids with a reason that is not needed: a mutant is killed by the promise alone, or there is no such promise.
	Stale []string `json:"stale,omitempty"`
}

// Row is a mutant with the findings of all promises that were asked.
type Row struct {
	mutation.Trial
	Verdict mutation.Verdict `json:"verdict"`
	Why     string           `json:"why,omitempty"` // in one line
}

// Promise is a column: the mutants that a promise killed.
type Promise struct {
	ID    string   `json:"id"`
	Asked int      `json:"asked"`           // the number of mutants, without healthy variants
	Kills []string `json:"kills,omitempty"` // the mutants on which it failed
	Alone []string `json:"alone,omitempty"` // those on which nothing else failed
	// Why is the reason why no mutant is killed by it alone, if one is given.
	Why string `json:"why,omitempty"`
}

// Head describes the campaign as a whole.
type Head struct {
	Made   time.Time
	Image  string
	Chosen bool
}

// New returns the matrix of trials. promises are all promises, in the order of the columns. reasons say why no mutant can be
// killed by a promise alone, by its id.
func New(head Head, trials []mutation.Trial, promises []string, reasons map[string]string) *Matrix {
	m := &Matrix{Schema: Schema, Made: head.Made, Image: head.Image, Chosen: head.Chosen, Mutants: []Row{}, Promises: []Promise{}}
	for _, trial := range trials {
		m.Mutants = append(m.Mutants, Row{Trial: trial, Verdict: trial.Verdict(), Why: trial.Why()})
	}
	for _, id := range promises {
		column := m.column(id)
		if len(column.Alone) == 0 {
			column.Why = reasons[id]
		}
		m.Promises = append(m.Promises, column)
	}
	for _, id := range slices.Sorted(maps.Keys(reasons)) {
		place := slices.IndexFunc(m.Promises, func(p Promise) bool { return p.ID == id })
		if place < 0 || len(m.Promises[place].Alone) > 0 {
			m.Stale = append(m.Stale, id)
		}
	}
	return m
}

// column returns the column of a promise.
func (m *Matrix) column(id string) Promise {
	column := Promise{ID: id}
	for _, row := range m.Mutants {
		finding, asked := row.Findings[id]
		if !asked || row.Mutant.Healthy() {
			continue
		}
		column.Asked++
		if finding.Outcome == record.Failed {
			column.Kills = append(column.Kills, row.Mutant.ID)
		}
		if alone, ok := row.KilledAlone(); ok && alone == id {
			column.Alone = append(column.Alone, row.Mutant.ID)
		}
	}
	return column
}

// IsGood reports whether every mutant was killed by the promise that claims it, and no healthy variant was held back. An empty
// matrix is not good.
func (m *Matrix) IsGood() bool {
	return len(m.Mutants) > 0 && !slices.ContainsFunc(m.Mutants, func(row Row) bool { return !row.Verdict.Good() })
}

// Wrong returns the rows that are not good.
func (m *Matrix) Wrong() []Row {
	return slices.DeleteFunc(slices.Clone(m.Mutants), func(row Row) bool { return row.Verdict.Good() })
}

// Strays returns the good rows in which a promise failed that does not claim the mutant.
func (m *Matrix) Strays() []Row {
	return slices.DeleteFunc(slices.Clone(m.Mutants), func(row Row) bool { return !row.Verdict.Good() || len(row.Strays()) == 0 })
}

// Unproved returns the promises that killed no mutant alone: first those without a reason, then those with one. A matrix of
// chosen mutants has none.
func (m *Matrix) Unproved() (open, explained []Promise) {
	for _, promise := range m.Promises {
		switch {
		case m.Chosen || len(promise.Alone) > 0:
		case promise.Why == "":
			open = append(open, promise)
		default:
			explained = append(explained, promise)
		}
	}
	return open, explained
}

// Count returns the number of rows with a verdict.
func (m *Matrix) Count(verdict mutation.Verdict) int {
	return len(slices.DeleteFunc(slices.Clone(m.Mutants), func(row Row) bool { return row.Verdict != verdict }))
}

// JSON returns the matrix as data.
func (m *Matrix) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the kill matrix: %w", err)
	}
	return append(text, '\n'), nil
}
