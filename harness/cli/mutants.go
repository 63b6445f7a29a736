package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/unkilled"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation/campaign"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/matrix"
)

type mutantsCommand struct {
	List     bool     `help:"List the mutants and the healthy variants without running any."`
	Only     []string `help:"Mutants to run; several by commas."                                              placeholder:"ID"`
	Group    string   `help:"Group of mutants to run."`
	Sample   bool     `help:"Run one mutant for each promise that claims any, and ask little else of it."     xor:"scope"`
	Full     bool     `help:"Ask every promise of every mutant, on every service: for a night."               xor:"scope"`
	Again    bool     `help:"Run also the mutants that have a result of this image and of these programs."`
	Parallel int      `help:"How many mutants run at once."                                                   default:"5"`
	Procs    int      `help:"How many specs of a mutant run at once."                                         default:"12"`
	Output   string   `help:"Folder for the kill matrix, and for the record and the evidence of each mutant." placeholder:"DIR"   type:"path"`
}

// Run runs the mutants, writes the kill matrix, and prints what it says of the harness.
func (c *mutantsCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	chosen, err := c.chosen()
	if err != nil {
		return err
	}
	if c.List {
		return listMutants(stdout, chosen)
	}
	configuration, err := (&runCommand{Target: "embedded", Profile: config.Quick, Seed: 1, Procs: c.Procs}).configuration()
	if err != nil {
		return err
	}
	folder := map[bool]string{false: "mutants", true: "sample"}[c.Sample] // a sample asks less, and would replace what a campaign has found
	configuration.Output = cmp.Or(c.Output, filepath.Join(configuration.Output, folder))
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	embedded, err := target.Load(configuration.Target)
	if err != nil {
		return err
	}
	if configuration.Image, err = owner.ImageOf(ctx, configuration, embedded); err != nil {
		return err
	}
	plan, err := c.plan(stdout, tools, configuration)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: running %d mutants, %d at once; reports go to %s\n", len(chosen), c.Parallel, configuration.Output)
	trials, err := plan.Run(ctx, chosen)
	if err != nil {
		return err
	}
	head := matrix.Head{Made: time.Now(), Image: configuration.Image, Chosen: c.Sample || len(chosen) < len(allMutants())}
	found := matrix.New(head, trials, promiseIDs(), unkilled.Reasons())
	if !found.Good() {
		*code = exitFailed
	}
	return writeMatrix(stdout, configuration.Output, found)
}

// plan is how the mutants are run.
func (c *mutantsCommand) plan(stdout io.Writer, tools runner.Tools, configuration config.Config) (campaign.Campaign, error) {
	programs, err := tools.Fingerprint(configuration.Target)
	if err != nil {
		return campaign.Campaign{}, err
	}
	scope := mutation.UsualScope
	switch {
	case c.Sample:
		scope = mutation.SampleScope
	case c.Full:
		scope = mutation.FullScope
	}
	return campaign.Campaign{
		Output: configuration.Output, Parallel: c.Parallel, Again: c.Again, Reached: mutant.Reached,
		Key:   configuration.Image + " " + programs,
		Scope: func(m mutation.Mutant) mutation.Scope { return scope(m, promiseIDs()) },
		Tell:  func(line string) { _, _ = fmt.Fprintln(stdout, line) },
		Measure: func(ctx context.Context, run campaign.Run) (*record.Record, error) {
			return c.measure(ctx, tools, configuration, run)
		},
	}, nil
}

// measure runs one mutant. What the host has spoiled is measured again where the promise that claims the mutant is
// among it, and nothing else runs.
func (c *mutantsCommand) measure(ctx context.Context, tools runner.Tools, configuration config.Config, run campaign.Run) (*record.Record, error) {
	broken, err := mutant.Find(run.Mutant.ID)
	if err != nil {
		return nil, err
	}
	if broken.Target != "" {
		configuration.Target = filepath.Join(filepath.Dir(configuration.Target), broken.Target+".yaml")
	}
	if run.Scope.Faithful {
		configuration.Profile = config.Faithful
	}
	configuration.Mutant, configuration.Focus, configuration.Output = broken.ID, run.Scope.Focus, run.Folder
	configuration.Procs = min(c.Procs, 2+run.Scope.Size()/2) // each costs as much to start as a spec, and most specs are short
	found, passed, err := tools.Measure(ctx, configuration, func(spoiled []record.Result, running bool) bool {
		claim := func(result record.Result) bool { return result.Promise == run.Mutant.Claim() }
		return !running && run.Alone && slices.ContainsFunc(spoiled, claim)
	})
	if err == nil {
		err = runner.Sound(found, passed)
	}
	return found, err
}

// chosen are the mutants that were asked for.
func (c *mutantsCommand) chosen() ([]mutation.Mutant, error) {
	chosen := allMutants()
	var groups []string
	for _, m := range chosen {
		groups = append(groups, m.Group)
	}
	if c.Group != "" && !slices.Contains(groups, c.Group) {
		return nil, fmt.Errorf("run the mutants of the group %q: there is none of that name%s", c.Group, spelling.DidYouMean(c.Group, groups))
	}
	for _, id := range c.Only {
		if _, err := mutant.Find(id); err != nil {
			return nil, err
		}
	}
	chosen = slices.DeleteFunc(chosen, func(m mutation.Mutant) bool {
		return (c.Group != "" && m.Group != c.Group) || (len(c.Only) > 0 && !slices.Contains(c.Only, m.ID))
	})
	if c.Sample {
		chosen = mutation.Sample(chosen)
	}
	if len(chosen) == 0 {
		return nil, errors.New("run the mutants: none was chosen: `hero_chaos mutants --list` lists them")
	}
	return chosen, nil
}

// allMutants is the registry as the harness knows it.
func allMutants() []mutation.Mutant {
	var all []mutation.Mutant
	for _, m := range mutant.All() {
		all = append(all, mutation.Mutant{ID: m.ID, Group: m.Group, Behaviour: m.Behaviour, Evidence: m.Evidence, Claims: m.Promises})
	}
	return all
}

func promiseIDs() []string {
	var ids []string
	for _, p := range promise.All() {
		ids = append(ids, p.ID)
	}
	return ids
}

// listMutants prints a line a mutant.
func listMutants(stdout io.Writer, mutants []mutation.Mutant) error {
	for _, m := range mutants {
		line := fmt.Sprintf("%-34s %-14s %-34s %s", m.ID, m.Group, cmp.Or(m.Claim(), "healthy"), m.Behaviour)
		if _, err := fmt.Fprintln(stdout, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// writeMatrix writes the kill matrix as data and as a page, and prints what it comes to.
func writeMatrix(stdout io.Writer, folder string, found *matrix.Matrix) error {
	for name, render := range map[string]func() ([]byte, error){"matrix.json": found.JSON, "matrix.html": found.HTML} {
		text, err := render()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return fmt.Errorf("write the kill matrix: %w", err)
		}
	}
	_, err := io.WriteString(stdout, "\n"+found.Text())
	return err
}
