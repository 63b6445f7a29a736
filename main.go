// hero_chaos validates a container image: it breaks what runs in it in every way that matters, watches what
// happens, and says whether the image may be promoted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/discover"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/inspect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The exit codes (ARCHITECTURE.md, "Exit codes").
const (
	exitHeld         = 0 // all selected promises held
	exitFailed       = 1 // one failed
	exitInconclusive = 2 // none failed, but one was inconclusive
	exitError        = 3 // an error of the harness or its set-up: nothing was proved
)

// commands is the command line.
type commands struct {
	Version kong.VersionFlag `help:"Print the version and the commit that it was built from."`

	Run     runCommand     `cmd:"" help:"Start a target, break it, and judge what follows."`
	Smoke   smokeCommand   `cmd:"" help:"Ask a target that runs already whether its paths answer."`
	List    listCommand    `cmd:"" help:"List the promises without running anything."`
	Shard   shardCommand   `cmd:"" help:"Say how a run would be divided among several machines, without running anything."`
	Merge   mergeCommand   `cmd:"" help:"Make one run of all its shards, judged and reported as run does."`
	Promote promoteCommand `cmd:"" help:"Say whether an image may be promoted by the records of its runs: exit code 0 PROMOTE, 1 HOLD, 2 INCONCLUSIVE, 3 an error."`
	Attest  attestCommand  `cmd:"" help:"Sign what records come to, for a gate that has none of them."`
	Verify  verifyCommand  `cmd:"" help:"Say whether an image may be promoted by what somebody has attested of it."`

	Inspect  inspectCommand  `cmd:"" help:"Look at an image without breaking anything: which assumptions it confirms, and what its definitions lack."`
	Discover discoverCommand `cmd:"" help:"Write a target file from a running image."`

	Mutants  mutantsCommand  `cmd:"" help:"Put the harness on trial: break the embedded image on purpose in every known way, and see each caught."`
	Controls controlsCommand `cmd:"" help:"Make the table of the supervisors that others wrote from the records of their runs."`
}

// outcome is a command's result: its exit code, where there was no error.
type outcome int

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run parses and carries out a command line, and returns the exit code.
func run(arguments []string, stdout, stderr io.Writer) int {
	code := outcome(exitHeld)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var line commands
	parser, err := kong.New(&line,
		kong.Name("hero_chaos"), kong.Description("Chaos and validation for the hero_zero image: may it be promoted?"),
		kong.Writers(stdout, stderr), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.Bind(&code), kong.UsageOnError(), kong.Vars{"version": versionLine()},
	)
	if err != nil {
		return complain(stderr, err)
	}
	parsed, err := parser.Parse(arguments)
	if err != nil {
		return complain(stderr, err)
	}
	if err := parsed.Run(); err != nil {
		return complain(stderr, err)
	}
	return int(code)
}

func complain(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, "hero_chaos:", strings.ReplaceAll(err.Error(), "\n", "; "))
	return exitError
}

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
func measure(ctx context.Context, stdout io.Writer, tools runner.Tools, configuration session.Configuration) (found *record.Record, passed bool, err error) {
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
	path := session.Configuration{Output: run.output}.RecordPath()
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
func (c *runCommand) configuration() (session.Configuration, error) {
	configuration, err := session.Default()
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

// version is the harness's own, by its commit.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return build.Main.Version
}

// versionLine is the harness's own version, with the commit that it was built from.
func versionLine() string {
	revision, changed := "unknown", ""
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = ", and changed since"
			}
		}
	}
	return fmt.Sprintf("hero_chaos %s (commit %s%s)", version(), revision, changed)
}

// knownService refuses a service that neither the target ships nor is ours, before anything is started for it.
func knownService(t *target.Target, name string) error {
	if name == "" || len(t.Services) == 0 || strings.HasPrefix(name, session.VictimName("")) {
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
	if profile == session.Faithful {
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

type smokeCommand struct {
	BaseURL string `help:"Where the target answers." env:"BASE_URL" placeholder:"URL"`
	Env     string `help:"Name of an environment in the target file, in place of --base-url."`
	Target  string `help:"Target whose paths are asked." default:"hero_zero"`
}

// smokePatience is how long one path may take to answer.
const smokePatience = 10 * time.Second

// Run asks every path once.
func (c *smokeCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	configuration, err := session.Default()
	if err != nil {
		return err
	}
	described, err := target.Find(c.Target, filepath.Dir(configuration.Target))
	if err != nil {
		return err
	}
	base, err := c.base(described)
	if err != nil {
		return err
	}
	if len(described.Smoke) == 0 {
		return fmt.Errorf("target %s lists no smoke path: nothing was asked", described.Name)
	}
	for _, path := range described.Smoke {
		line := askPath(ctx, base, path)
		if !strings.HasPrefix(line, "ok") {
			*code = exitFailed
		}
		_, _ = fmt.Fprintln(stdout, line)
	}
	return nil
}

// base is what the paths follow: --base-url, the environment of --env, or the port that the target publishes.
func (c *smokeCommand) base(described *target.Target) (string, error) {
	port := described.Container.PublishPort
	switch {
	case c.BaseURL != "" && c.Env != "":
		return "", fmt.Errorf("smoke is asked of %s and of the environment %q: give one of --base-url (or $BASE_URL) and --env", c.BaseURL, c.Env)
	case c.BaseURL != "":
		return strings.TrimRight(c.BaseURL, "/"), nil
	case c.Env != "":
		return described.BaseURL(c.Env)
	case port == 0:
		return "", fmt.Errorf("target %s publishes no fixed port: say where it answers by --base-url", described.Name)
	}
	return fmt.Sprintf("http://localhost:%d", port), nil
}

func askPath(ctx context.Context, base string, path target.Smoke) string {
	ctx, cancel := context.WithTimeout(ctx, smokePatience)
	defer cancel()
	status, err := probe.Status(ctx, base+path.Path)
	switch {
	case err != nil:
		return fmt.Sprintf("failed  %s%s: %v", base, path.Path, err)
	case status != path.Status:
		return fmt.Sprintf("failed  %s%s answers %d, not %d", base, path.Path, status, path.Status)
	}
	return fmt.Sprintf("ok      %s%s answers %d", base, path.Path, status)
}

type listCommand struct{}

// Run prints a line a promise.
func (listCommand) Run(stdout io.Writer) error {
	for _, p := range promise.All() {
		_, _ = fmt.Fprintf(stdout, "%-24s %-9s %s\n", p.ID, p.Severity, p.Sentence)
	}
	return nil
}

// contact is how a command reaches an image that it looks at and does not break.
type contact struct {
	Target    string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded, or hero_zero with --image or --container."`
	Image     string `help:"Image to look at in place of the target's."                                                                         placeholder:"REFERENCE"`
	Container string `help:"Running container to attach to instead of starting one."                                                           placeholder:"NAME"`
}

// make starts the target, or attaches to it, has somebody look at it, and leaves nothing behind.
func (c contact) make(ctx context.Context, change func(*target.Target), look func(*session.Session, *session.Sandbox) error) (run record.Run, err error) {
	chaos, err := c.session()
	if err != nil {
		return run, err
	}
	defer func() { _ = os.RemoveAll(chaos.Configuration.Output) }()
	change(chaos.Target)
	owner, err := session.Open(ctx, chaos.Configuration, chaos.Target)
	if err != nil {
		return run, err
	}
	defer func() {
		err = errors.Join(err, owner.Close(context.WithoutCancel(ctx)))
		if found, loadErr := record.Load(chaos.Configuration.RecordPath()); loadErr == nil {
			run = found.Run
		}
	}()
	if err := chaos.Connect(ctx, owner.Socket(), "contact"); err != nil {
		return run, err
	}
	defer func() { _ = chaos.Disconnect() }()
	box, err := chaos.Sandbox(ctx, session.MainSandbox)
	if err != nil {
		return run, err
	}
	return run, look(chaos, box)
}

// session is one whose record and evidence nobody keeps.
func (c contact) session() (*session.Session, error) {
	configuration, err := (&runCommand{Target: c.Target, Image: c.Image, Container: c.Container, Profile: session.Quick, Procs: 1}).configuration()
	if err != nil {
		return nil, err
	}
	if tools, err := runner.FindTools(); err == nil {
		configuration.Agent = tools.Agent
	}
	described, err := target.Load(configuration.Target)
	if err != nil {
		return nil, err
	}
	if configuration.Output, err = os.MkdirTemp("", "hero_chaos-contact-"); err != nil {
		return nil, fmt.Errorf("make a folder for the record: %w", err)
	}
	return session.For(configuration, described), nil
}

type inspectCommand struct {
	contact `embed:""`
}

// Run prints what an image confirms of the contract, as a target file takes it.
func (c inspectCommand) Run(ctx context.Context, stdout io.Writer) error {
	var report inspect.Report
	began := time.Now()
	run, err := c.make(ctx, func(*target.Target) {}, func(chaos *session.Session, box *session.Sandbox) (err error) {
		report, err = inspect.Run(ctx, inspect.Of(chaos, box, began))
		return err
	})
	if err != nil {
		return err
	}
	report.Image, report.Digest = run.Image, run.Digest
	_, err = io.WriteString(stdout, report.Text())
	return err
}

type discoverCommand struct {
	contact `embed:""`
	Name    string `default:"discovered" help:"The name of the target that is written."`
}

// Run prints a target file.
func (c discoverCommand) Run(ctx context.Context, stdout io.Writer) error {
	var found *target.Target
	run, err := c.make(ctx, forgetServices, func(chaos *session.Session, box *session.Sandbox) (err error) {
		found, err = discover.Target(ctx, chaos.Target, box)
		return err
	})
	if err != nil {
		return err
	}
	found.Name, found.Description = c.Name, "as it was found in "+filepath.Base(run.Image)
	if c.Image != "" || c.Container != "" {
		found.Image = target.Image{Reference: run.Image}
	}
	_, err = io.WriteString(stdout, discover.YAML(found))
	return err
}

// forgetServices leaves it to the image to say what it ships.
func forgetServices(t *target.Target) { t.Services = nil }
