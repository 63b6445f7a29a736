package baseline

import (
	"errors"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// CompareRun compares the record of a run with the baseline by a policy. Without a baseline it returns nil.
func CompareRun(older *record.Record, newer []*record.Record, policy verdict.Policy) (*Comparison, error) {
	if older == nil {
		return nil, nil //nolint:nilnil // nothing to compare with is no error
	}
	if len(newer) != 1 {
		return nil, errors.New("compare with the baseline: it takes one record of a whole run")
	}
	found, err := Compare(older, newer[0], Allowed{Share: policy.AllowedSlowdown})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// Slowdowns returns what a comparison holds against an image. c may be nil.
func (c *Comparison) Slowdowns() (slower []verdict.Slowdown) {
	if c == nil {
		return nil
	}
	for _, row := range c.Slower() {
		slower = append(slower, verdict.Slowdown{
			Promise: row.Promise, Phase: row.Phase.Title + " " + row.Phase.After, OldMedian: row.OldMedian, NewMedian: row.NewMedian,
		})
	}
	return slower
}

// Text renders a comparison with a line after it, or nothing if c is nil.
func (c *Comparison) Text() string {
	if c == nil {
		return ""
	}
	return Render(*c) + "\n"
}
