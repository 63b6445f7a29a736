package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

type runCommand struct {
	Target    string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded, or hero_zero with --image or --container."`
	Image     string `help:"Image to test in place of the target's." placeholder:"REFERENCE"`
	Container string `help:"Running container to attach to instead of starting one." placeholder:"NAME"`
	Mutant    string `help:"Break the embedded image on purpose (fixtures/herozero/mutant)." placeholder:"ID"`
	Focus     string `help:"Promises to check: a theme, an id, or id/service; several by commas."`
	Service   string `help:"The one service to check."`
	Seed      int64  `help:"Repeats a run's order." default:"1"`
	Procs     int    `help:"How many specs run at once. Default: all that wait, within reason."`
	Samples   int    `help:"How often the endings of victims are repeated, each on a victim of its own." default:"1"`
	Profile   string `help:"quick or faithful." enum:"quick,faithful" default:"quick"`
	Output    string `help:"Folder for the record, the reports and the evidence." placeholder:"DIR" type:"path"`
	Shard     string `help:"Ask only this part of the run, 2/4 for the second of four: hero_chaos merge makes one run of them." placeholder:"I/N"`
	dividing
	earlier
	BaselineImage string `help:"Image to run as well, by turns with the tested one, and to compare with." placeholder:"REFERENCE"`
	signer

	AllowDestructive bool `help:"Do to a container that is attached to also what may leave damage behind." env:"ALLOW_DESTRUCTIVE"`
}

// Run runs the suites, writes the reports and prints the summary.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	configuration, err := c.configuration()
	if err != nil {
		return err
	}
	if _, err := promise.Match(c.Focus); err != nil {
		return err
	}
	means, err := c.means()
	if err != nil {
		return err
	}
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // who reads along may leave: the run goes on to its reports
	if c.BaselineImage != "" {
		return c.byTurns(ctx, stdout, tools, configuration, means, code)
	}
	if c.Shard != "" {
		if configuration.Part, err = c.part(ctx, tools, configuration); err != nil {
			return err
		}
		defer func() { _ = configuration.Part.Remove() }()
	}
	found, passed, err := measure(ctx, stdout, tools, configuration)
	if err != nil {
		return err
	}
	return conclude(ctx, stdout, finished{found, passed, configuration.Output}, means, code)
}

// measure runs the suites once, and again what a stalled host has spoiled. passed is Ginkgo's own word.
func measure(ctx context.Context, stdout io.Writer, tools runner.Tools, configuration config.Config) (found *record.Record, passed bool, err error) {
	what := filepath.Base(strings.TrimSuffix(configuration.Target, ".yaml"))
	if configuration.Image != "" {
		what += " with " + configuration.Image
	}
	if configuration.Part != nil {
		what += fmt.Sprintf(", shard %s with %d specs", configuration.Part.Shard, configuration.Part.Count)
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: testing %s; reports go to %s\n", what, configuration.Output)
	tools.Watch = func(ctx context.Context, path string) { progress.Show(ctx, stdout, path) }
	found, passed, err = tools.Measure(ctx, configuration, func(spoiled []record.Result, meanwhile bool) bool {
		if !meanwhile { // the lines of what goes on are not torn apart
			_, _ = fmt.Fprintf(stdout, "hero_chaos: the host stalled; measuring %d again\n", len(spoiled))
		}
		return true
	})
	if err != nil {
		return nil, false, err
	}
	asked, err := tools.Specs(ctx, configuration)
	if err != nil {
		return nil, false, err
	}
	return found, passed, missing(found, passed, asked, configuration.RecordPath())
}

// finished is a run that has its record in its output folder.
type finished struct {
	found  *record.Record
	passed bool // Ginkgo's own word: without it results may be missing
	output string
}

// conclude writes the reports of a run, prints what it came to, and signs that.
func conclude(ctx context.Context, stdout io.Writer, run finished, by means, code *outcome) error {
	judged, err := report(stdout, run.found, by, run.output)
	if err != nil {
		return err
	}
	if *code, err = judge(run.found, run.passed); err != nil {
		return err
	}
	path := config.Config{Output: run.output}.RecordPath()
	if err := sign(ctx, stdout, by.key, judged, []string{path}, []*record.Record{run.found}, filepath.Join(run.output, attestationName)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, closingLine(run.found))
	return err
}

// means are what a run is judged and signed by.
type means struct {
	policy verdict.Policy
	older  *record.Record     // nil: it is compared with nothing
	key    *attest.SigningKey // nil: nothing is signed
}

// means reads them before anything is started: whoever has waited for a run wants no complaint about a file.
func (c *runCommand) means() (means, error) {
	for flag, given := range map[string]bool{"container": c.Container != "", "baseline": c.Baseline != "", "shard": c.Shard != ""} {
		if given && c.BaselineImage != "" {
			return means{}, fmt.Errorf("run --baseline-image with --%s: give one of them", flag)
		}
	}
	return readMeans(c.earlier, c.signer)
}

func readMeans(older earlier, by signer) (m means, err error) {
	if m.policy, err = loadPolicy(""); err != nil {
		return m, err
	}
	if m.older, err = older.readBaseline(); err != nil {
		return m, err
	}
	m.key, err = by.signingKey()
	return m, err
}

// closingLine is the form that test runners end with and CI reads.
func closingLine(found *record.Record) string {
	counts := map[record.Outcome]int{}
	for _, result := range found.Results {
		counts[result.Outcome]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped",
		counts[record.Held], counts[record.Failed], counts[record.Inconclusive]+counts[record.NotRun])
}

// mostSamples are more than exclude a rate of failures of 1 %: those are 299.
const mostSamples = 1000

// configuration completes what was asked for by the defaults, and refuses a target that cannot be read.
func (c *runCommand) configuration() (config.Config, error) {
	configuration, err := config.Default()
	if err != nil {
		return configuration, err
	}
	name := c.Target
	if name == "" {
		name = "embedded"
		if c.Image != "" || c.Container != "" {
			name = "hero_zero"
		}
		if broken, err := mutant.Find(c.Mutant); err == nil && broken.Target != "" {
			name = broken.Target
		}
	}
	described, err := target.Find(name, filepath.Dir(configuration.Target))
	if err != nil {
		return configuration, err
	}
	if strings.ContainsRune(name, '/') || strings.HasSuffix(name, ".yaml") {
		configuration.Target = name
	} else {
		configuration.Target = filepath.Join(filepath.Dir(configuration.Target), name+".yaml")
	}
	if configuration.Target, err = filepath.Abs(configuration.Target); err != nil {
		return configuration, err
	}
	if c.Output != "" {
		configuration.Output = c.Output
	}
	if configuration.Mutant = c.Mutant; c.Mutant != "" {
		if _, err := mutant.Find(c.Mutant); err != nil {
			return configuration, err
		}
		if described.Image.Mutant == "" || c.Image != "" || c.Container != "" {
			return configuration, fmt.Errorf("run the mutant %s: only the embedded image can be broken on purpose", c.Mutant)
		}
	}
	if err := knownService(described, c.Service); err != nil {
		return configuration, err
	}
	configuration.Version = version()
	configuration.Image, configuration.Container = c.Image, c.Container
	configuration.AllowDestructive = c.AllowDestructive
	configuration.Focus, configuration.Service = c.Focus, c.Service
	configuration.Profile, configuration.Seed = c.Profile, c.Seed
	if c.Samples < 0 || c.Samples > mostSamples {
		return configuration, fmt.Errorf("repeat every ending %d times: give --samples from 1 to %d", c.Samples, mostSamples)
	}
	configuration.Procs, configuration.Samples = c.Procs, c.Samples
	if configuration.Procs <= 0 {
		configuration.Procs = processes(described, c.Profile)
	}
	return configuration, nil
}

// knownService refuses a service that neither the target ships nor is ours, before anything is started for it.
func knownService(t *target.Target, name string) error {
	if name == "" || len(t.Services) == 0 || strings.HasPrefix(name, protocol.VictimPrefix) {
		return nil
	}
	var names []string
	for _, service := range t.Services {
		if service.Name == name {
			return nil
		}
		names = append(names, service.Name)
	}
	return fmt.Errorf("check the service %q: target %s ships none of that name%s", name, t.Name, spelling.DidYouMean(name, names))
}

// processes is one for every service, and some: many more than cores, because specs wait, and fewer than there
// are specs, because what all of them do at once is not what is to be timed. In the faithful profile a hang of every
// service is waited for all along.
func processes(t *target.Target, profile string) int {
	services := len(t.Restartable())
	if profile == config.Faithful {
		return min(120, 3*services+16)
	}
	return min(96, services+16)
}

// judge turns a record into the exit code. passed is Ginkgo's own word: a worker that died has left no result.
func judge(found *record.Record, passed bool) (outcome, error) {
	if err := runner.Sound(found, passed); err != nil {
		return exitError, err
	}
	code := outcome(exitHeld)
	for _, result := range found.Results {
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
