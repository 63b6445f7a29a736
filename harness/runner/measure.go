package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// Measure runs the suites, reads what they found, and repeats, with few specs at once, the measurements that a stalled
// host has spoiled. worth is asked of what it has spoiled so far whether that is to be repeated. What failed or held is
// left as it is. The record that it returns is saved as the run's own. passed is as in Run.
func (t Tools) Measure(ctx context.Context, configuration session.Configuration, worth func(stalled []record.Result) bool) (found *record.Record, passed bool, err error) {
	found, passed, err = t.once(ctx, configuration)
	if err != nil {
		return nil, false, err
	}
	for _, procs := range quietly() {
		// A container that somebody else started is not broken a second time: its services are in their stability period.
		stalled := found.Stalled()
		if len(stalled) == 0 || configuration.Container != "" || !found.Complete() || !worth(stalled) {
			break
		}
		if err := t.again(ctx, configuration, found, procs); err != nil {
			return nil, false, err
		}
	}
	return found, passed, nil
}

// quietly is how many specs run at once where the host stalled when more did: the first time, and the last.
func quietly() []int { return []int{12, 4} }

// once runs the suites and reads what they found.
func (t Tools) once(ctx context.Context, configuration session.Configuration) (found *record.Record, passed bool, err error) {
	if passed, err = t.Run(ctx, configuration); err != nil {
		return nil, false, err
	}
	if found, err = record.Load(configuration.RecordPath()); err != nil {
		return nil, false, fmt.Errorf("the suites left no record; see %s: %w", filepath.Join(configuration.Output, "ginkgo.log"), err)
	}
	return found, passed, nil
}

// again repeats what the host has spoiled so far, with so many specs at once.
func (t Tools) again(ctx context.Context, configuration session.Configuration, found *record.Record, procs int) error {
	var focus []string
	for _, result := range found.Stalled() {
		focus = append(focus, strings.TrimSuffix(result.Promise+"/"+result.Service, "/"))
	}
	again := configuration
	again.Focus, again.Service, again.Procs = strings.Join(focus, ","), "", procs
	again.Output = filepath.Join(configuration.Output, "again")
	if again.Container == "" {
		again.Image = found.Run.Image // the same one, also where the sources that it is built from have changed meanwhile
	}
	later, _, err := t.once(ctx, again)
	if err == nil {
		err = found.MeasuredAgain(later)
	}
	if err != nil {
		return fmt.Errorf("measure again what a stalled host has spoiled: %w", err)
	}
	return found.Save(configuration.RecordPath())
}

// Sound says what keeps a run from proving anything at all: no end, trouble of the harness's own, no result, or results
// that are missing, which Ginkgo's own word passed tells. A failure stands in spite of trouble: a supervisor that no
// longer answers withholds its evidence as well.
func Sound(found *record.Record, passed bool) error {
	failed := slices.ContainsFunc(found.Results, func(r record.Result) bool { return r.Outcome == record.Failed })
	switch {
	case !found.Complete():
		return errors.New("the run did not come to its end: its record is not complete")
	case found.End.Trouble != "" && !failed:
		return fmt.Errorf("the run had trouble of its own: %s", found.End.Trouble)
	case len(found.Results) == 0:
		return errors.New("nothing was checked: no spec of this target and profile was selected")
	case passed || slices.ContainsFunc(found.Results, func(r record.Result) bool { return r.Outcome != record.Held }):
		return nil
	}
	return errors.New("every result in the record held, but Ginkgo failed: results are missing; see ginkgo.log")
}
