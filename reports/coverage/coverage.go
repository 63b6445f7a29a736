// Package coverage says what a run has tested: which fault on which service for which promise, and by name what it has not. It is a count
// and no score: a failure counts as tested, and stands beside it.
package coverage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Schema names the form of a coverage as JSON.
const Schema = "hero_chaos.coverage/1"

// Coverage counts the tested promises and faults of a run, and names the others.
type Coverage struct {
	Schema string `json:"schema"`
	Run    string `json:"run"`
	// Promises counts the promises with a result that held or failed, Pairs the pairs of a fault and a shipped service in which the fault
	// took effect, and Due the results that a promise about every service needs.
	Promises Figure `json:"promises"`
	Pairs    Figure `json:"pairs"`
	Due      Figure `json:"due"`
	// Failed counts the failed results, so that no figure hides them.
	Failed int     `json:"failed"`
	Faults []Fault `json:"faults"`
	// Gaps name what was not tested.
	Gaps []Gap `json:"gaps"`
}

// Figure is a count of what was tested among all.
type Figure struct {
	Tested int `json:"tested"`
	All    int `json:"all"`
}

// String returns the figure in words: "84 of 336".
func (f Figure) String() string { return fmt.Sprintf("%d of %d", f.Tested, f.All) }

// Fault is a row of the matrix: a fault on each shipped service.
type Fault struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"`
	// Elsewhere counts its results on services of hero_chaos itself.
	Elsewhere int `json:"elsewhere,omitempty"`
}

// Cell is a fault on a shipped service.
type Cell struct {
	Service string         `json:"service"`
	Outcome record.Outcome `json:"outcome"` // the worst one; not-run if there is none
	// Promises are those that it was tested for, with the worst outcome of each.
	Promises map[string]record.Outcome `json:"promises,omitempty"`
}

// Gap names an untested promise or fault, or both, and the services. Without services it is about the target as a whole.
type Gap struct {
	Promise  string   `json:"promise,omitempty"`
	Fault    string   `json:"fault,omitempty"`
	Services []string `json:"services,omitempty"`
	Why      string   `json:"why"`
}

// Of returns what a run has tested.
func Of(r *record.Record) Coverage {
	c := Coverage{Schema: Schema, Run: r.Run.ID, Faults: []Fault{}, Gaps: []Gap{}}
	worst := map[[3]string]record.Outcome{} // by promise, fault and service
	conclusive := map[string]bool{}
	for _, result := range r.Results {
		key := [3]string{result.Promise, result.Fault, result.Service}
		worst[key] = worse(worst[key], result.Outcome)
		if isConclusive(result.Outcome) {
			conclusive[result.Promise] = true
		}
		if result.Outcome == record.Failed {
			c.Failed++
		}
	}
	c.countPromises(r, conclusive)
	c.countDue(r, worst)
	c.addFaults(r, worst)
	return c
}

// isConclusive reports whether an outcome says something about the image.
func isConclusive(outcome record.Outcome) bool {
	return outcome == record.Held || outcome == record.Failed
}

// order are the outcomes, the one first that a reader must not miss.
var order = []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun, ""}

// worse returns the one of two outcomes that a reader must not miss.
func worse(one, other record.Outcome) record.Outcome {
	if slices.Index(order, other) < slices.Index(order, one) {
		return other
	}
	return one
}

func (c *Coverage) countPromises(r *record.Record, conclusive map[string]bool) {
	present := map[string]bool{}
	for _, result := range r.Results {
		present[result.Promise] = true
	}
	for _, promise := range r.Run.Promises {
		c.Promises.All++
		switch {
		case conclusive[promise.ID]:
			c.Promises.Tested++
		case present[promise.ID]:
			c.Gaps = append(c.Gaps, Gap{Promise: promise.ID, Why: "no result held or failed"})
		default:
			c.Gaps = append(c.Gaps, Gap{Promise: promise.ID, Why: "not asked in this run"})
		}
	}
}

// countDue compares the promises about every service with the results that there are.
func (c *Coverage) countDue(r *record.Record, worst map[[3]string]record.Outcome) {
	for _, promise := range r.Run.Promises {
		if promise.Proof == nil || !promise.Proof.Services {
			continue
		}
		var missing []string
		for _, service := range r.Run.Services {
			c.Due.All++
			if isConclusiveOn(worst, promise.ID, service.Name) {
				c.Due.Tested++
			} else {
				missing = append(missing, service.Name)
			}
		}
		if len(missing) > 0 {
			c.Gaps = append(c.Gaps, Gap{
				Promise: promise.ID, Fault: strings.Join(promise.Proof.Faults, ", "), Services: missing, Why: "the promise is about every service",
			})
		}
	}
}

func isConclusiveOn(worst map[[3]string]record.Outcome, promise, service string) bool {
	for key, outcome := range worst {
		if key[0] == promise && key[2] == service && isConclusive(outcome) {
			return true
		}
	}
	return false
}

// addFaults adds a row for each fault that the program knows of or the run has injected.
func (c *Coverage) addFaults(r *record.Record, worst map[[3]string]record.Outcome) {
	names := map[string]bool{}
	for _, promise := range r.Run.Promises {
		if promise.Proof != nil {
			for _, fault := range promise.Proof.Faults {
				names[fault] = true
			}
		}
	}
	for key := range worst {
		if key[1] != "" {
			names[key[1]] = true
		}
	}
	shipped := map[string]bool{}
	for _, service := range r.Run.Services {
		shipped[service.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		row := Fault{Name: name, Cells: []Cell{}}
		for key := range worst {
			if key[1] == name && !shipped[key[2]] {
				row.Elsewhere++
			}
		}
		var missing []string
		for _, service := range r.Run.Services {
			cell := newCell(name, service.Name, worst)
			c.Pairs.All++
			if isConclusive(cell.Outcome) {
				c.Pairs.Tested++
			} else {
				missing = append(missing, service.Name)
			}
			row.Cells = append(row.Cells, cell)
		}
		c.Faults = append(c.Faults, row)
		if len(missing) > 0 {
			why := "no result"
			if row.Elsewhere > 0 {
				why = "on services of hero_chaos itself alone"
			}
			c.Gaps = append(c.Gaps, Gap{Fault: name, Services: missing, Why: why})
		}
	}
}

func newCell(fault, service string, worst map[[3]string]record.Outcome) Cell {
	cell := Cell{Service: service}
	for key, outcome := range worst {
		if key[1] != fault || key[2] != service {
			continue
		}
		if cell.Promises == nil {
			cell.Promises = map[string]record.Outcome{}
		}
		cell.Promises[key[0]] = worse(cell.Promises[key[0]], outcome)
		cell.Outcome = worse(cell.Outcome, outcome)
	}
	cell.Outcome = cmp.Or(cell.Outcome, record.NotRun)
	return cell
}

// JSON returns the coverage as a document that ends with a line end.
func (c Coverage) JSON() ([]byte, error) {
	document, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the coverage: %w", err)
	}
	return append(document, '\n'), nil
}

// Sentence returns the figures in one line.
func (c Coverage) Sentence() string {
	text := fmt.Sprintf("%s promises have a result; faults took effect on %s pairs of a fault and a shipped service", c.Promises, c.Pairs)
	if c.Due.All > 0 {
		text += fmt.Sprintf("; of the results that promises about every service need, %s are there", c.Due)
	}
	return text
}
