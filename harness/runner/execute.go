package runner

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// Run is a run that has ended, with its record in its output folder.
type Run struct {
	Record *record.Record
	Passed bool // whether Ginkgo passed: if it did not, results may be missing
	Output string
}

// Execute runs the suites and measures again what a stalled host spoiled. It shows the run on stdout, and notes in the record
// that results are missing.
func (t Tools) Execute(ctx context.Context, stdout io.Writer, configuration config.Config) (Run, error) {
	what := filepath.Base(strings.TrimSuffix(configuration.Target, ".yaml"))
	if configuration.Image != "" {
		what += " with " + configuration.Image
	}
	if configuration.Part != nil {
		what += fmt.Sprintf(", shard %s with %d specs", configuration.Part.Shard, configuration.Part.Count)
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: testing %s; reports go to %s\n", what, configuration.Output)
	t.Watch = func(ctx context.Context, path string) { progress.Show(ctx, stdout, path) }
	found, passed, err := t.Measure(ctx, configuration, func(spoiled []record.Result, running bool) bool {
		if !running { // a line would tear the progress of a running one apart
			_, _ = fmt.Fprintf(stdout, "hero_chaos: the host stalled; measuring %d results again\n", len(spoiled))
		}
		return true
	})
	if err != nil && ctx.Err() != nil {
		if found, err = loadBegun(configuration); err != nil {
			if found, err = recordNothing(configuration); err != nil {
				return Run{}, fmt.Errorf("interrupted before anything was measured, and no record could be written: %w", err)
			}
		}
	}
	if err != nil {
		return Run{}, err
	}
	planned, err := t.Specs(context.WithoutCancel(ctx), configuration) // also of a run that was interrupted
	if err != nil {
		return Run{}, err
	}
	return Run{found, passed, configuration.Output}, completeRecord(found, passed, planned, configuration.RecordPath())
}

// recordNothing writes the record of a run that was interrupted before the suites began theirs.
func recordNothing(configuration config.Config) (*record.Record, error) {
	described, err := target.Load(configuration.Target)
	if err != nil {
		return nil, err
	}
	now, run := time.Now(), configuration.Describe()
	run.ID, run.Started, run.Target, run.TargetSHA256 = fmt.Sprintf("%d-interrupted", now.Unix()), now, described.Name, described.SHA256()
	writer, err := record.Create(configuration.RecordPath(), run, record.Redactor{})
	if err != nil {
		return nil, err
	}
	if err := writer.Close(record.End{Finished: now, Trouble: "interrupted before anything was started"}); err != nil {
		return nil, err
	}
	return record.Load(configuration.RecordPath())
}

// completeRecord adds to a record which results were due, and notes that results are missing: of a planned spec, or because Ginkgo
// failed and no result did. A worker that dies takes the result of its spec along, and only the note tells whoever judges the record.
func completeRecord(found *record.Record, passed bool, planned []shard.Spec, path string) error {
	found.Planned = nil
	for _, spec := range planned {
		found.Planned = append(found.Planned, spec.Key)
	}
	in := map[record.Key]bool{}
	failed := false
	for _, result := range found.Results {
		in[result.Key()] = true
		failed = failed || result.Outcome == record.Failed
	}
	lost := slices.DeleteFunc(slices.Clone(planned), func(s shard.Spec) bool { return in[s.Key] })
	switch {
	case len(lost) > 0:
		first := strings.TrimSuffix(lost[0].Key.Promise+"/"+lost[0].Key.Service, "/")
		found.Notes = append(found.Notes, fmt.Sprintf("%d of %d results are missing, as that of %s; see ginkgo.log", len(lost), len(planned), first))
	case !passed && !failed:
		found.Notes = append(found.Notes, "Ginkgo failed, and no result did: results may be missing; see ginkgo.log")
	}
	return found.Save(path)
}

// ClosingLine counts the results of a record in the form that test runners end with and CI reads.
func ClosingLine(found *record.Record) string {
	counts := map[record.Outcome]int{}
	for _, result := range found.Results {
		counts[result.Outcome]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped",
		counts[record.Held], counts[record.Failed], counts[record.Inconclusive]+counts[record.NotRun])
}
