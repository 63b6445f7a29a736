package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/discover"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// runCommand is hero_chaos run.
type runCommand struct {
	Target      string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded, or hero_zero with --image or --container."`
	Image       string `help:"Image to test in place of the target's." placeholder:"REFERENCE"`
	Container   string `help:"Running container to attach to instead of starting one." placeholder:"NAME"`
	Mutant      string `help:"Break the embedded image on purpose (fixtures/herozero/mutant)." placeholder:"ID"`
	Choices     string `help:"What the embedded image does where the contract leaves a choice; several by commas (fixtures/herozero/choice)." placeholder:"NAME=ALTERNATIVE"`
	UpgradeFrom string `help:"Image whose data the tested one takes over, as on the day of its promotion; 'itself' for the tested one." placeholder:"REFERENCE"`
	Focus       string `help:"Promises to check: a theme, an id, or id/service; several by commas."`
	Service     string `help:"The one service to check."`
	Seed        int64  `help:"Repeats a run's order." default:"1"`
	Procs       int    `help:"How many specs run at once. Default: all that wait, within reason."`
	Sandboxes   int    `help:"How many containers of the target may exist at once beside the first. Default: as many as the Docker host bears."`
	Samples     int    `help:"How often the endings of victims are repeated, each on a victim of its own." default:"1"`
	Profile     string `help:"quick or faithful." enum:"quick,faithful" default:"quick"`
	Output      string `help:"Folder for the record, the reports and the evidence." placeholder:"DIR" type:"path"`
	Shard       string `help:"Ask only this part of the run, 2/4 for the second of four: hero_chaos merge makes one run of them." placeholder:"I/N"`
	shardFlags
	policyFlags
	baselineFlags
	BaselineImage string `help:"Image to run as well, by turns with the tested one, and to compare with." placeholder:"REFERENCE"`
	signingFlags
	tellingFlags
	liveFlags

	Plan             bool `help:"Print what would be injected where, by which way and undo, and whether it is allowed. Nothing is started, and nothing is written."`
	AllowBuild       bool `help:"Let a target file from outside the repository run its image.build, a command on this machine."`
	AllowDestructive bool `help:"Do to a container that is attached to also what may leave damage behind." env:"ALLOW_DESTRUCTIVE"`
}

// Run runs the suites, writes the reports and prints the summary.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	configuration, described, err := c.request().resolve()
	if err != nil {
		return err
	}
	if _, err := promise.ParseFocus(c.Focus); err != nil {
		return err
	}
	if err := c.checkBaselineImage(); err != nil {
		return err
	}
	judge, err := newJudge(c.policyFlags, c.baselineFlags, c.signingFlags, c.tellingFlags)
	if err != nil {
		return err
	}
	configuration.PolicySHA256 = judge.policy.SHA256
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	if c.Plan {
		if c.discovers() {
			_, _ = fmt.Fprintf(stdout, "hero_chaos: no target file is named: a run looks for the services of the image first; this plan has those of %s\n", described.Name)
		}
		return planRun(ctx, stdout, tools, configuration, described)
	}
	release, err := configuration.LockOutput()
	if err != nil {
		return err
	}
	defer release()
	if c.discovers() {
		if configuration, err = c.discover(ctx, stdout, configuration, described); err != nil {
			return err
		}
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // the reader may leave: the run goes on to its reports
	if c.BaselineImage != "" {
		run, older, err := tools.Alternate(ctx, stdout, configuration, c.BaselineImage, c.Durations)
		if err != nil {
			return err
		}
		judge.older = older
		return judge.conclude(ctx, stdout, run, code)
	}
	return c.measure(ctx, stdout, tools, configuration, judge, code)
}

// measure runs the suites, and judges what they found. An interrupt ends the run early.
func (c *runCommand) measure(ctx context.Context, stdout io.Writer, tools runner.Tools, configuration config.Config, judge judge, code *outcome) (err error) {
	if c.Shard != "" {
		if configuration.Part, err = tools.Part(ctx, configuration, c.Durations, c.Shard); err != nil {
			return err
		}
		defer func() { _ = configuration.Part.Remove() }()
	}
	end, err := c.serve(stdout, configuration)
	if err != nil {
		return err
	}
	var run runner.Run
	defer func() { end(describeEnd(run), err) }()
	if run, err = tools.Execute(ctx, stdout, configuration); err != nil {
		return err
	}
	err = judge.conclude(context.WithoutCancel(ctx), stdout, run, code)
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d of %d results: what was found until then is judged in %s", countMeasured(run.Record), len(run.Record.Planned), run.Output)
	}
	return err
}

// describeEnd says what a run came to, and where the rest is.
func describeEnd(run runner.Run) string {
	if run.Record == nil {
		return ""
	}
	return fmt.Sprintf("%s; the verdict and all evidence are in %s", runner.ClosingLine(run.Record), filepath.Join(run.Output, "report.html"))
}

// discovers reports whether the run looks for the services of the image first.
func (c *runCommand) discovers() bool {
	return c.Target == "" && (c.Image != "" || c.Container != "") && c.Shard == "" && c.BaselineImage == ""
}

// countMeasured returns how many results of a record came of a spec that ran.
func countMeasured(found *record.Record) int {
	count := 0
	for _, result := range found.Results {
		if result.Outcome != record.NotRun {
			count++
		}
	}
	return count
}

// targetName is the file of a target that was discovered, in the output folder.
const targetName = "target.yaml"

// discover looks for the services of an image for which no target file was named, and returns the configuration of a run on them. Policies
// and the size of the inventory stay those of the usual target file: an image is not judged by what it says of itself.
func (c *runCommand) discover(ctx context.Context, stdout io.Writer, configuration config.Config, usual *target.Target) (config.Config, error) {
	path := filepath.Join(configuration.Output, targetName)
	_, _ = fmt.Fprintf(stdout, "hero_chaos: no target file was named: looking for the services of the image first; what is found goes to %s\n", path)
	found, err := discoverCommand{imageFlags: imageFlags{Image: c.Image, Container: c.Container}, Name: usual.Name}.find(ctx)
	if err != nil {
		return configuration, fmt.Errorf("%w: name a target file by --target", err)
	}
	found.Policy, found.Health, found.Inventory = usual.Policy, usual.Health, usual.Inventory
	for i := range found.Services {
		found.Services[i].Policy = nil
	}
	if err := os.WriteFile(path, []byte(discover.YAML(found)), 0o600); err != nil {
		return configuration, fmt.Errorf("write the target that was found: %w", err)
	}
	c.Target = path
	resolved, _, err := c.request().resolve()
	resolved.PolicySHA256 = configuration.PolicySHA256
	return resolved, err
}

// request returns what the flags ask for.
func (c *runCommand) request() request {
	return request{
		target: c.Target, image: c.Image, container: c.Container, mutant: c.Mutant, choices: c.Choices, focus: c.Focus, service: c.Service, profile: c.Profile,
		upgradeFrom: c.UpgradeFrom, output: c.Output, seed: c.Seed, procs: c.Procs, sandboxes: c.Sandboxes, samples: c.Samples,
		destructive: c.AllowDestructive, allowBuild: c.AllowBuild,
	}
}

// checkBaselineImage refuses flags that --baseline-image cannot be combined with.
func (c *runCommand) checkBaselineImage() error {
	for flag, given := range map[string]bool{"container": c.Container != "", "baseline": c.Baseline != "", "shard": c.Shard != "", "live": c.isOn()} {
		if given && c.BaselineImage != "" {
			return fmt.Errorf("run --baseline-image with --%s: give one of them", flag)
		}
	}
	return nil
}

// exitCode returns the exit code of a run.
func exitCode(run runner.Run) (outcome, error) {
	if err := runner.Sound(run.Record, run.Passed); err != nil {
		return exitError, err
	}
	code := outcome(exitHeld)
	for _, result := range run.Record.Results {
		switch result.Outcome {
		case record.Failed:
			return exitFailed, nil
		case record.Held:
		default:
			code = exitInconclusive
		}
	}
	return code, nil
}
