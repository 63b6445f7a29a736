package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// ShouldRepeat reports whether spoiled results are worth measuring again. running is true while the run is still going
// on.
type ShouldRepeat func(spoiled []record.Result, running bool) bool

// Measure runs the suites and measures again, with few specs at once, what a stalled host spoiled: first as soon as the run
// only waits. It leaves what failed or held. It saves the record that it returns. passed is as in Run.
func (t Tools) Measure(ctx context.Context, configuration config.Config, should ShouldRepeat) (found *record.Record, passed bool, err error) {
	wait := t.measureBeside(ctx, configuration, should)
	found, passed, err = t.runOnce(ctx, configuration)
	later, laterErr := wait()
	if err != nil {
		return nil, false, err
	}
	rounds := repeatProcs()
	if later != nil || laterErr != nil {
		if err := takeOver(found, later, laterErr, configuration); err != nil {
			return nil, false, err
		}
		rounds = rounds[1:]
	}
	for _, procs := range rounds {
		stalled := found.Spoiled()
		if ctx.Err() != nil || !isRepeatable(configuration) || len(stalled) == 0 || !found.Complete() || !should(stalled, false) {
			break
		}
		later, laterErr := t.measureAgain(ctx, configuration, found, procs)
		if err := takeOver(found, later, laterErr, configuration); err != nil {
			return nil, false, err
		}
	}
	return found, passed, nil
}

// isRepeatable reports whether a target can be measured twice. The services of somebody else's container are in their
// stability period.
func isRepeatable(configuration config.Config) bool { return configuration.Container == "" }

// besideLimit is the shortest wait of a run beside which spoiled results are measured: most take as long.
const besideLimit = 20 * time.Second

// measureBeside measures spoiled results again while the run itself only waits. Call the function that it returns when the
// run has ended: it returns the record of the second measurement, or nil if there was none.
func (t Tools) measureBeside(ctx context.Context, configuration config.Config, should ShouldRepeat) func() (*record.Record, error) {
	waiting, ended := context.WithCancel(ctx)
	var later *record.Record
	var err error
	var measuring sync.WaitGroup
	measuring.Go(func() {
		if !isRepeatable(configuration) || !progress.Lull(waiting, configuration.ProgressPath(), besideLimit) {
			return
		}
		soFar, loadErr := record.Load(record.EventsPath(configuration.RecordPath()))
		if loadErr != nil || len(soFar.Spoiled()) == 0 || !should(soFar.Spoiled(), true) {
			return // whatever is wrong with it, the run itself will say
		}
		beside := t
		beside.Watch = nil // the run itself is shown
		later, err = beside.measureAgain(ctx, configuration, soFar, repeatProcs()[0])
	})
	return func() (*record.Record, error) {
		ended()
		measuring.Wait()
		return later, err
	}
}

// repeatProcs returns the number of specs that run at once in the first and the last repetition.
func repeatProcs() []int { return []int{12, 4} }

// runOnce runs the suites and reads their record.
func (t Tools) runOnce(ctx context.Context, configuration config.Config) (found *record.Record, passed bool, err error) {
	if passed, err = t.Run(ctx, configuration); err != nil {
		return nil, false, err
	}
	if found, err = loadBegun(configuration); err != nil {
		return nil, false, fmt.Errorf("the suites left no record; see %s: %w", filepath.Join(configuration.Output, "ginkgo.log"), err)
	}
	return found, passed, nil
}

// loadBegun reads the record of a run. If the run was killed, it is what was found until then, which is saved.
func loadBegun(configuration config.Config) (*record.Record, error) {
	found, err := record.Load(configuration.RecordPath())
	if !errors.Is(err, os.ErrNotExist) {
		return found, err
	}
	if found, err = record.Load(record.EventsPath(configuration.RecordPath())); err == nil {
		err = save(found, configuration)
	}
	return found, err
}

// measureAgain measures the spoiled results of a record, with procs specs at once.
func (t Tools) measureAgain(ctx context.Context, configuration config.Config, found *record.Record, procs int) (*record.Record, error) {
	var focus []string
	for _, result := range found.Spoiled() {
		focus = append(focus, strings.TrimSuffix(result.Promise+"/"+result.Service, "/"))
	}
	again := configuration
	again.Focus, again.Service, again.Procs = strings.Join(focus, ","), "", procs
	again.Output = filepath.Join(configuration.Output, "again")
	again.Image = found.Run.Image // the same one, also where the sources that it is built from have changed meanwhile
	later, _, err := t.runOnce(ctx, again)
	return later, err
}

// takeOver replaces spoiled results of the record by later ones, and saves it. A repetition that went wrong costs the record nothing but a
// note: what it was to replace proves nothing anyway.
func takeOver(found, later *record.Record, err error, configuration config.Config) error {
	if err == nil {
		err = found.ReplaceSpoiled(later)
	}
	if err != nil {
		found.Notes = append(found.Notes, fmt.Sprintf("measure again what a stalled host has spoiled: %v", err))
	}
	return found.Save(configuration.RecordPath())
}

// Sound returns an error if a run proves nothing: it did not end, the harness had trouble of its own, or results are missing although
// Ginkgo did not pass. A failure counts in spite of that trouble: a supervisor that no longer answers withholds evidence, too.
func Sound(found *record.Record, passed bool) error {
	failed := slices.ContainsFunc(found.Results, func(r record.Result) bool { return r.Outcome == record.Failed })
	switch {
	case !found.Complete():
		return errors.New("the run did not come to its end: its record is not complete")
	case found.End.Trouble != "" && !failed:
		return fmt.Errorf("the run had trouble of its own: %s", found.End.Trouble)
	case len(found.Results) == 0:
		return errNothing
	case passed || slices.ContainsFunc(found.Results, func(r record.Result) bool { return r.Outcome != record.Held }):
		return nil
	}
	return errors.New("every result in the record held, but Ginkgo failed: results are missing; see ginkgo.log")
}

// save writes the record of a run that could not write it itself. On a full disk the record comes first and evidence last: the evidence
// of the run makes room for it.
func save(found *record.Record, configuration config.Config) error {
	err := found.Save(configuration.RecordPath())
	if !errors.Is(err, unix.ENOSPC) {
		return err
	}
	if err := os.RemoveAll(filepath.Join(configuration.Output, config.EvidenceFolder)); err != nil {
		return err
	}
	if err = found.Save(configuration.RecordPath()); err != nil {
		return fmt.Errorf("%d of %d results are in %s: %w", len(found.Results), len(found.Planned), record.EventsPath(configuration.RecordPath()), err)
	}
	return nil
}
