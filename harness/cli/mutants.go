package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/choice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/unkilled"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation/campaign"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/matrix"
)

// mutantsCommand is hero_chaos mutants.
type mutantsCommand struct {
	List     bool     `help:"List the mutants and the healthy variants without running any."`
	Only     []string `help:"Mutants to run; several by commas."                                              placeholder:"ID"`
	Group    string   `help:"Group of mutants to run."`
	Sample   bool     `help:"Run one mutant for each promise that claims any, and ask little else of it."     xor:"scope"`
	Full     bool     `help:"Ask every promise of every mutant, on every service: for a night."               xor:"scope"`
	Again    bool     `help:"Run also the mutants that have a result of this image and of these programs."`
	Parallel int      `help:"How many mutants run at once."                                                   default:"5"`
	Procs    int      `help:"How many specs of a mutant run at once."                                         default:"12"`
	Dialect  string   `help:"Let the image spell its RPC in this dialect (hero_chaos dialects --list)."               placeholder:"NAME"`
	Output   string   `help:"Folder for the kill matrix, and for the record and the evidence of each mutant." placeholder:"DIR"   type:"path"`
}

// Run runs the mutants, writes the kill matrix, and prints what it says of the harness.
func (c *mutantsCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	all := allMutants()
	for _, id := range c.Only {
		if slices.ContainsFunc(all, func(m mutation.Mutant) bool { return m.ID == id }) {
			continue
		}
		if _, err := mutant.Find(id); err != nil {
			return err
		}
	}
	chosen, err := mutation.Choose(all, c.Group, c.Only, c.Sample)
	if err != nil {
		return err
	}
	if c.List {
		return listMutants(stdout, chosen)
	}
	plan, image, err := c.campaign(ctx, stdout)
	if err != nil {
		return err
	}
	release, err := config.Config{Output: plan.Output}.LockOutput()
	if err != nil {
		return err
	}
	defer release()
	_, _ = fmt.Fprintf(stdout, "hero_chaos: running %d mutants, %d at once; reports go to %s\n", len(chosen), c.Parallel, plan.Output)
	trials, err := plan.Run(ctx, chosen)
	if err != nil {
		return err
	}
	head := matrix.Head{Made: time.Now(), Image: image, Chosen: c.Sample || len(chosen) < len(all)}
	found := matrix.New(head, trials, promiseIDs(), unkilled.Reasons())
	if !found.IsGood() {
		*code = exitFailed
	}
	if err := found.Write(plan.Output); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, "\n"+found.Text())
	return err
}

// campaign prepares the run of the mutants, and returns the image that they are made from.
func (c *mutantsCommand) campaign(ctx context.Context, stdout io.Writer) (campaign.Campaign, string, error) {
	configuration, embedded, err := request{target: "embedded", profile: config.Quick, seed: 1, procs: c.Procs}.resolve()
	if err != nil {
		return campaign.Campaign{}, "", err
	}
	folder, scope := "mutants", mutation.UsualScope
	switch {
	case c.Sample: // it asks less, and would replace the results of a campaign
		folder, scope = "sample", mutation.SampleScope
	case c.Full:
		scope = mutation.FullScope
	}
	tools, err := runner.FindTools()
	if err != nil {
		return campaign.Campaign{}, "", err
	}
	if c.Dialect == "" {
		configuration.Image, err = owner.ImageOf(ctx, configuration, embedded)
	} else {
		folder += "-" + c.Dialect
		configuration.Image, err = imageThatSpeaks(ctx, configuration, c.Dialect)
	}
	if err != nil {
		return campaign.Campaign{}, "", err
	}
	programs, err := tools.Fingerprint(configuration.Target)
	if err != nil {
		return campaign.Campaign{}, "", err
	}
	return campaign.Campaign{
		Output: cmp.Or(c.Output, filepath.Join(configuration.Output, folder)), Parallel: c.Parallel, Again: c.Again, Reached: reachedText,
		Key:     configuration.Image + " " + programs,
		Scope:   func(m mutation.Mutant) mutation.Scope { return scope(m, promiseIDs()) },
		Tell:    func(line string) { _, _ = fmt.Fprintln(stdout, line) },
		Measure: campaign.Measure(tools, configuration, c.Procs),
	}, configuration.Image, nil
}

// reachedText returns the end of the line that shows that an image is broken, or chooses, as it was told to.
func reachedText(m mutation.Mutant) string {
	if m.Choices != "" {
		return choice.Taken + m.Choices
	}
	return mutant.Reached + m.ID
}

// allMutants returns the registry in the harness's form, and each row of choices as a healthy variant.
func allMutants() (all []mutation.Mutant) {
	for _, m := range mutant.All() {
		all = append(all, mutation.Mutant{
			ID: m.ID, Group: m.Group, Behaviour: m.Behaviour, Evidence: m.Evidence, Claims: m.Promises, Target: m.Target,
		})
	}
	return append(all, rowsOfChoices()...)
}

// rowsOfChoices returns the rows of choices as healthy variants.
func rowsOfChoices() (rows []mutation.Mutant) {
	for _, row := range choice.Rows() {
		rows = append(rows, mutation.Mutant{
			ID: row.ID, Group: "choices", Behaviour: row.Choices, Evidence: "what the contract leaves to a supervisor", Choices: row.Choices,
		})
	}
	return rows
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
