package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// sampleRows is the number of rows of a sample. Together they have most alternatives.
const sampleRows = 3

// choicesCommand is hero_chaos choices.
type choicesCommand struct {
	List   bool     `help:"List the rows without running any."`
	Only   []string `help:"Rows to run; several by commas."                                       placeholder:"ID"`
	Sample bool     `help:"Run three rows, and ask each a cheap promise of every theme."`
	Procs  int      `help:"How many specs run at once. Default: all that wait, within reason."`
	Output string   `help:"Folder for a folder of each row, with its record, its reports and its evidence." placeholder:"DIR" type:"path"`
}

// Run runs the quick suites on rows of choices, and prints which promises failed on which row.
func (c *choicesCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	rows, err := c.rows()
	if err != nil {
		return err
	}
	if c.List {
		return listMutants(stdout, rows)
	}
	judge, err := newJudge(policyFlags{}, baselineFlags{}, signingFlags{}, tellingFlags{})
	if err != nil {
		return err
	}
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	var lines []string
	for _, row := range rows {
		request := request{target: "embedded", choices: row.Choices, profile: config.Quick, seed: 1, procs: c.Procs}
		if c.Sample {
			request.focus = mutation.SampleScope(row, promiseIDs()).Focus
		}
		configuration, _, err := request.resolve()
		if err != nil {
			return err
		}
		configuration.Output = filepath.Join(cmp.Or(c.Output, filepath.Join(configuration.Output, "choices")), row.ID)
		_, _ = fmt.Fprintf(stdout, "\n%s: %s\n", row.ID, row.Choices)
		release, err := configuration.LockOutput()
		if err != nil {
			return err
		}
		run, err := tools.Execute(ctx, stdout, configuration)
		release()
		if err != nil {
			return fmt.Errorf("run %s: %w", row.ID, err)
		}
		var each outcome
		if err := judge.conclude(ctx, stdout, run, &each); err != nil {
			return fmt.Errorf("run %s: %w", row.ID, err)
		}
		if each == exitFailed {
			*code = exitFailed
		}
		lines = append(lines, summarize(row.ID, run.Record))
	}
	_, err = fmt.Fprintf(stdout, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// rows returns the rows that were asked for.
func (c *choicesCommand) rows() ([]mutation.Mutant, error) {
	rows := rowsOfChoices()
	for _, id := range c.Only {
		if !slices.ContainsFunc(rows, func(row mutation.Mutant) bool { return row.ID == id }) {
			return nil, fmt.Errorf("run the row %q: no such row: `hero_chaos choices --list` lists them", id)
		}
	}
	if len(c.Only) > 0 {
		rows = slices.DeleteFunc(rows, func(row mutation.Mutant) bool { return !slices.Contains(c.Only, row.ID) })
	}
	if c.Sample {
		rows = rows[:min(sampleRows, len(rows))]
	}
	return rows, nil
}

// summarize returns a line that says what came of a row or a dialect.
func summarize(name string, found *record.Record) string {
	count := map[record.Outcome]int{}
	var failed []string
	for _, result := range found.Results {
		count[result.Outcome]++
		if result.Outcome == record.Failed {
			failed = append(failed, strings.TrimSuffix(result.Promise+"/"+result.Service, "/"))
		}
	}
	line := fmt.Sprintf("%s  %d held, %d failed, %d inconclusive", name, count[record.Held], len(failed), count[record.Inconclusive])
	if len(failed) > 0 {
		line += ": " + strings.Join(failed, ", ")
	}
	return line
}
