// Package cli is the command line of hero_chaos: a file for each command, with its flags and the packages that it calls.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
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
	Doctor  doctorCommand  `cmd:"" help:"Say which faults of the host this machine can inject, prove and undo, without running anything."`
	Shard   shardCommand   `cmd:"" help:"Show how a run would be divided among machines, without running anything."`
	Merge   mergeCommand   `cmd:"" help:"Merge the records of all shards of a run, and judge and report it as run does."`
	Promote promoteCommand `cmd:"" help:"Judge the records of an image's runs: exit code 0 PROMOTE, 1 HOLD, 2 INCONCLUSIVE, 3 an error."`
	Attest  attestCommand  `cmd:"" help:"Judge records and sign the verdict, for a gate that has no records."`
	Publish publishCommand `cmd:"" help:"Tell a Forgejo or Gitea server what a run came to: the commit's status, and one comment on the pull request, which is updated."`
	History historyCommand `cmd:"" help:"Compare the records of many runs: what fails since when, what is flaky, what became slower. Writes one page."`
	Verify  verifyCommand  `cmd:"" help:"Check a signed verdict: may the image be promoted?"`

	Inspect  inspectCommand  `cmd:"" help:"Look at an image without breaking anything: which assumptions it confirms, and what its definitions lack."`
	Discover discoverCommand `cmd:"" help:"Write a target file from a running image."`

	Mutants mutantsCommand `cmd:"" help:"Test the harness: break the embedded image in every known way, and see each caught."`
	Choices choicesCommand `cmd:"" help:"Test the harness: let the embedded image choose what the contract leaves open, and see nothing fail."`

	Dialects dialectsCommand `cmd:"" help:"Test the harness: let the embedded image spell its RPC otherwise, and see the same promises held."`
}

// outcome is the exit code of a command that had no error.
type outcome int

// Run parses and carries out a command line, and returns the exit code.
func Run(arguments []string, stdout, stderr io.Writer) int {
	code := outcome(exitHeld)
	ctx, stop := signal.NotifyContext(context.Background(), heededSignals(signal.Ignored)...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	parser, err := NewParser(kong.Writers(stdout, stderr), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.Bind(&code), kong.UsageOnError())
	if err != nil {
		return printError(stderr, err)
	}
	if err := refuseEmpty(arguments); err != nil {
		return printError(stderr, err)
	}
	parsed, err := parser.Parse(arguments)
	if err != nil {
		return printError(stderr, err)
	}
	if err := refuseRepeated(parsed); err != nil {
		return printError(stderr, err)
	}
	if err := waitFor(ctx, endLimit(parsed.Command()), func() error { return parsed.Run() }); err != nil {
		return printError(stderr, err)
	}
	return int(code)
}

// heededSignals returns the signals that end the program early: not those that it was started to ignore, as by nohup.
func heededSignals(isIgnored func(os.Signal) bool) (heeded []os.Signal) {
	for _, one := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if !isIgnored(one) {
			heeded = append(heeded, one)
		}
	}
	return append(heeded, syscall.SIGTERM)
}

// refuseEmpty refuses empty arguments: a script whose variable is not set means no default. The empty --digest of a promotion would
// be any image's.
func refuseEmpty(arguments []string) error {
	for i, argument := range arguments {
		switch flag, _, _ := strings.Cut(argument, "="); {
		case argument == "" && i > 0 && strings.HasPrefix(arguments[i-1], "--"):
			return fmt.Errorf("%s is empty: give it a value, or leave it out", arguments[i-1])
		case argument == "":
			return errors.New("an argument is empty: give it a value, or leave it out")
		case strings.HasPrefix(argument, "--") && argument == flag+"=":
			return fmt.Errorf("%s is empty: give it a value, or leave it out", flag)
		}
	}
	return nil
}

// refuseRepeated refuses a flag with a value that is given twice: the later one would replace the earlier one unseen, as the digest of a
// promotion.
func refuseRepeated(parsed *kong.Context) error {
	given := map[*kong.Flag]bool{}
	for _, step := range parsed.Path {
		flag := step.Flag
		if flag == nil || step.Resolved || flag.IsBool() || flag.IsCumulative() {
			continue
		}
		if given[flag] {
			return fmt.Errorf("--%s is given twice: leave one out", flag.Name)
		}
		given[flag] = true
	}
	return nil
}

// refuseOverwriting refuses an output that is one of the files that the command reads.
func refuseOverwriting(output string, read ...string) error {
	there, err := os.Stat(output)
	if err != nil {
		return nil //nolint:nilerr // it does not exist, or cannot be written either
	}
	for _, path := range read {
		if one, err := os.Stat(path); err == nil && os.SameFile(there, one) {
			return fmt.Errorf("the output %s is a file that is read: name another one by --output", output)
		}
	}
	return nil
}

// The longest times that a command may take to end after an interrupt: to write what it has, and to remove what it has begun. The reaper
// removes the rest. What measures judges what it has found until then.
const (
	interruptDelay  = 1500 * time.Millisecond
	judgingEndLimit = 60 * time.Second
)

// endLimit returns how long a command may take to end after an interrupt.
func endLimit(command string) time.Duration {
	if command == "run" || command == "choices" {
		return judgingEndLimit
	}
	return interruptDelay
}

// waitFor runs a command, and leaves it if it goes on for longer than limit after an interrupt.
func waitFor(ctx context.Context, limit time.Duration, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		return errors.New("interrupted: what was begun is removed in the background")
	}
}

// NewParser returns the parser of the command line.
func NewParser(options ...kong.Option) (*kong.Kong, error) {
	return newParserOf(&commands{}, options...)
}

// newParserOf returns a parser that fills the members of a command line.
func newParserOf(parsed *commands, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(parsed, append([]kong.Option{
		kong.Name("hero_chaos"), kong.Description("Chaos and validation for the hero_zero image: may it be promoted?"),
		kong.Vars{"version": versionLine()},
	}, options...)...)
}

// printError prints an error in one line, without control characters, and returns the exit code.
func printError(stderr io.Writer, err error) int {
	_, _ = io.WriteString(stderr, plain.Line("hero_chaos: "+strings.ReplaceAll(err.Error(), "\n", "; ")))
	return exitError
}

// version returns the version of this program, which names its commit.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return build.Main.Version
}

// versionLine returns the version with the commit that the program was built from.
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
