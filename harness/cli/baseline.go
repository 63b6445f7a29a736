package cli

import (
	"errors"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// earlier is how a command is told what to compare with.
type earlier struct {
	Baseline string `help:"Record of the image that was promoted last: what takes longer than there, significantly and by more than the policy allows, holds the image back." placeholder:"RECORD" type:"path"`
}

// readBaseline returns the baseline; nil where none was named.
func (e earlier) readBaseline() (*record.Record, error) {
	if e.Baseline == "" {
		return nil, nil //nolint:nilnil // nothing to compare with is no error
	}
	read, err := record.Load(e.Baseline)
	if err != nil {
		return nil, fmt.Errorf("compare with the baseline: %w", err)
	}
	return read, nil
}

// compared holds what was measured against the baseline; nil where there is none.
func compared(older *record.Record, newer []*record.Record, policy verdict.Policy) (*baseline.Comparison, error) {
	if older == nil {
		return nil, nil //nolint:nilnil // nothing to compare with is no error
	}
	if len(newer) != 1 {
		return nil, errors.New("compare with the baseline: it takes one record of a whole run")
	}
	found, err := baseline.Compare(older, newer[0], baseline.Allowed{Share: policy.AllowedSlowdown})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// slowdowns are what a comparison, if there is one, holds against an image.
func slowdowns(found *baseline.Comparison) (slower []verdict.Slowdown) {
	if found == nil {
		return nil
	}
	for _, row := range found.Slower() {
		slower = append(slower, verdict.Slowdown{
			Promise: row.Promise, Phase: row.Phase.Title + " " + row.Phase.After, OldMedian: row.OldMedian, NewMedian: row.NewMedian,
		})
	}
	return slower
}

// comparisonText is a comparison as a person reads it, empty where there is none.
func comparisonText(found *baseline.Comparison) string {
	if found == nil {
		return ""
	}
	return baseline.Render(*found) + "\n"
}
