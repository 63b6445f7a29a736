package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// dialectsCommand is hero_chaos dialects.
type dialectsCommand struct {
	List   bool     `help:"List the dialects without running any."`
	Only   []string `help:"Dialects to run; several by commas."                                       placeholder:"NAME"`
	Sample bool     `help:"Run three dialects, and ask each a cheap promise of every theme, which has to hold."`
	Focus  string   `help:"Promises to check: a theme, an id, or id/service; several by commas."`
	Procs  int      `help:"How many specs run at once. Default: all that wait, within reason."`
	Output string   `help:"Folder for a folder of each dialect, with its target file, its record, its reports and its evidence." placeholder:"DIR" type:"path"`
}

// sampledDialects are the dialects of a sample: actions inside of services, a strict supervisor, and one that does not describe itself.
var sampledDialects = []string{"embedded", "strict", "envelope"}

// asInContract names the row of the image that speaks as the contract has it: the others are compared with it.
const asInContract = "contract"

// Run tests images that speak dialects as a user would, who names an image and nothing else. It prints which promises are lost in each dialect. A
// sample fails if a promise holds on no service.
func (c *dialectsCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	chosen, err := c.rows()
	if err != nil {
		return err
	}
	if c.List {
		for _, d := range chosen {
			_, _ = fmt.Fprintf(stdout, "%-12s %s\n", d.Name, d.Behaviour)
		}
		return nil
	}
	var lines []string
	var native *record.Record // of a sample, none: what is asked there is known to hold
	if !c.Sample {
		if native, err = c.try(ctx, stdout, asInContract, code); err != nil {
			return err
		}
		lines = append(lines, summarize(asInContract, native))
	}
	for _, d := range chosen {
		found, err := c.try(ctx, stdout, d.Name, code)
		if ctx.Err() != nil {
			return err
		}
		if err != nil { // no spelling may end a run
			*code = exitError
			lines = append(lines, d.Name+"  ERROR: "+err.Error())
			continue
		}
		expected := native
		if expected == nil {
			expected = allHeld(found)
			if len(unheld(found)) > 0 && *code == exitHeld {
				*code = exitFailed // it is not understood as it was
			}
		}
		lines = append(lines, compareDialect(d.Name, expected, found))
	}
	_, err = fmt.Fprintf(stdout, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

// rows returns the dialects that were asked for.
func (c *dialectsCommand) rows() (rows []dialect.Dialect, err error) {
	names := c.Only
	if c.Sample && len(names) == 0 {
		names = sampledDialects
	}
	if len(names) == 0 {
		return dialect.All(), nil
	}
	for _, name := range names {
		one, err := dialect.Find(name)
		if err != nil {
			return nil, fmt.Errorf("run a dialect: %w", err)
		}
		rows = append(rows, one)
	}
	return rows, nil
}

// try runs the quick suites on an image that speaks a dialect, with no target file, and returns the record. A failure sets the exit code.
func (c *dialectsCommand) try(ctx context.Context, stdout io.Writer, name string, code *outcome) (*record.Record, error) {
	configuration, err := config.Default()
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(stdout, "\n%s\n", name)
	image, err := imageThatSpeaks(ctx, configuration, name)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cmp.Or(c.Output, filepath.Join(configuration.Output, "dialects")), name)
	run := runCommand{Image: image, Focus: c.Focus, Profile: config.Quick, Seed: 1, Procs: c.Procs, Output: folder}
	if c.Sample && c.Focus == "" {
		run.Focus = mutation.SampleScope(mutation.Mutant{}, promiseIDs()).Focus
	}
	var each outcome
	if err := run.Run(ctx, stdout, &each); err != nil {
		return nil, fmt.Errorf("run the dialect %s: %w", name, err)
	}
	if each == exitFailed && *code != exitError {
		*code = exitFailed
	}
	return record.Load(config.Config{Output: folder}.RecordPath())
}

// imageThatSpeaks builds the embedded image so that it speaks a dialect, and returns its reference.
func imageThatSpeaks(ctx context.Context, configuration config.Config, name string) (string, error) {
	embedded, err := target.Load(configuration.Target)
	if err != nil {
		return "", err
	}
	if name != asInContract {
		embedded.Image.Build, embedded.Image.Archive = append(embedded.Image.Build, "-dialect", name), "" // an archive speaks as the contract has it
	}
	return owner.ImageOf(ctx, configuration, embedded)
}

// allHeld returns a record with the same results, all of which held.
func allHeld(found *record.Record) *record.Record {
	expected := &record.Record{Results: slices.Clone(found.Results)}
	for i := range expected.Results {
		expected.Results[i].Outcome = record.Held
	}
	return expected
}

// unheld returns the promises that held on no service.
func unheld(found *record.Record) []string {
	held := map[string]bool{}
	for _, result := range found.Results {
		held[result.Promise] = held[result.Promise] || result.Outcome == record.Held
	}
	maps.DeleteFunc(held, func(_ string, did bool) bool { return did })
	return slices.Sorted(maps.Keys(held))
}

// compareDialect returns lines that say what came of a dialect, and which results are lost: they held as the contract has it, and prove nothing here.
func compareDialect(name string, native, found *record.Record) string {
	outcomes := map[record.Key]record.Result{}
	for _, result := range found.Results {
		outcomes[result.Key()] = result
	}
	lost := map[string][]string{}
	count := 0
	for _, result := range native.Results {
		here, asked := outcomes[result.Key()]
		if result.Outcome != record.Held || here.Outcome == record.Held || here.Outcome == record.Failed {
			continue
		}
		why := here.Why()
		if !asked {
			why = "it was not asked"
		}
		count++
		lost[why] = append(lost[why], strings.TrimSuffix(result.Promise+"/"+result.Service, "/"))
	}
	line := summarize(name, found) + fmt.Sprintf("; %d lost", count)
	for _, why := range slices.Sorted(maps.Keys(lost)) {
		line += fmt.Sprintf("\n    %s: %s", why, strings.Join(lost[why], ", "))
	}
	return line
}
