// Package runner runs the suites with Ginkgo. The result of a run is in its record, not in Ginkgo's exit code.
package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// Tools are the programs that a run needs beside hero_chaos.
type Tools struct {
	Ginkgo string // runs a test binary on many processes
	Suites string // the suites' test binary
	Agent  string // for the daemon's platform
	// Watch shows the progress that a run announces in the file at path, until ctx ends. It may be nil: what is shown
	// changes nothing about what is measured.
	Watch func(ctx context.Context, path string)
}

// FindTools finds the tools in the folder of the running program, where `make build` puts them.
func FindTools() (Tools, error) {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return Tools{}, fmt.Errorf("find the programs beside hero_chaos: %w", err)
	}
	beside := func(name string) string { return filepath.Join(filepath.Dir(self), name) }
	tools := Tools{Ginkgo: beside("ginkgo"), Suites: beside("suites.test"), Agent: beside("hero_chaos_agent")}
	for _, path := range []string{tools.Ginkgo, tools.Suites, tools.Agent} {
		if _, err := os.Stat(path); err != nil {
			return Tools{}, fmt.Errorf("find %s beside hero_chaos: run `make build`", filepath.Base(path))
		}
	}
	return tools, nil
}

// killDelay bounds how long Ginkgo and its workers may take to end, and to remove what the session made. The reaper removes
// what is left after it.
const killDelay = 90 * time.Second

// niceness is the nice value of the suites: their many workers may not take the CPU from the target, whose delays are
// measured. On cgroup v1 all containers together weigh as much as one of our processes.
const niceness = 15

// defaultRunLimit bounds a whole run whose configuration sets no limit.
const defaultRunLimit = 30 * time.Minute

// errNothing says that a run has no specs.
var errNothing = errors.New("nothing was checked: no spec of this target and profile was selected")

// Run runs the suites and returns when they have ended. Ginkgo's output goes to ginkgo.log in the output folder. passed
// reports whether Ginkgo passed: a worker that died has left no result. The error is one line, and says why the session could
// not be opened.
func (t Tools) Run(ctx context.Context, configuration config.Config) (passed bool, err error) {
	configuration.Agent, configuration.RunLimit = t.Agent, cmp.Or(configuration.RunLimit, defaultRunLimit)
	if err := checkDescriptors(unix.Getrlimit); err != nil {
		return false, err
	}
	if err := configuration.PrepareOutput(); err != nil {
		return false, err
	}
	specs, listErr := t.Specs(ctx, configuration) // the run itself will say what is wrong with them
	if listErr == nil && len(specs) == 0 && configuration.Part == nil {
		return false, errNothing // before a target is started for it
	}
	configuration.Sandboxes = demandsOf(specs)
	defer t.follow(ctx, configuration, specs)()
	configuration.Progress = configuration.ProgressPath()
	log, err := openLog(configuration)
	if err != nil {
		return false, err
	}
	defer func() { _ = log.Close() }()
	configuration.ParentPipe = inheritedFile
	text, err := json.Marshal(configuration)
	if err != nil {
		return false, fmt.Errorf("hand the configuration to the suites: %w", err)
	}
	following, parent, err := os.Pipe()
	if err != nil {
		return false, fmt.Errorf("run the suites: %w", err)
	}
	defer func() { _ = errors.Join(following.Close(), parent.Close()) }()
	// Ginkgo ends what runs at the limit, and the rest is reported as not run. What does not end then is ended from here.
	ctx, cancel := context.WithTimeout(ctx, configuration.RunLimit+killDelay)
	defer cancel()
	command := exec.CommandContext(ctx, t.Ginkgo, arguments(configuration, t.Suites)...) //nolint:gosec // our own tools
	// Ginkgo goes to the test binary by a path from its working directory, which fails if one of the two is reached through a link.
	command.Dir = filepath.Dir(t.Suites)
	command.Env = append(os.Environ(), config.Variable+"="+string(text), "PWD="+command.Dir)
	command.Stdout, command.Stderr, command.ExtraFiles = log, log, []*os.File{following} // Ginkgo hands it on to its workers
	// Ginkgo does not pass an interrupt on: its workers know only of one that reaches them as well.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	all := func(signal syscall.Signal) error { return syscall.Kill(-command.Process.Pid, signal) }
	command.Cancel = func() error { return all(syscall.SIGINT) }
	command.WaitDelay = killDelay
	if err = command.Start(); err == nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, command.Process.Pid, niceness) // its workers inherit it; one that has ended needs none
		if err = command.Wait(); ctx.Err() != nil {
			_ = all(syscall.SIGKILL) // who has not ended within the delay
		}
	}
	if complaint := configuration.StartError(); complaint != "" {
		return false, errors.New(complaint)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, fmt.Errorf("run the suites: %w", err)
	}
	return err == nil, nil
}

// leastDescriptors is the number of files that Ginkgo has to open for its many processes.
const leastDescriptors = 256

// checkDescriptors returns an error if so few files may be open that processes of the suites would fail.
func checkDescriptors(limitOf func(resource int, limit *unix.Rlimit) error) error {
	var limit unix.Rlimit
	if err := limitOf(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= leastDescriptors {
		return nil // a limit that cannot be read stops nobody
	}
	return fmt.Errorf("run the suites: %d files may be open, and they need %d: raise the limit (ulimit -n %d)", limit.Cur, leastDescriptors, 4*leastDescriptors)
}

// watchEndTimeout bounds how long Watch may take to end: a stopped terminal delays no report.
const watchEndTimeout = 2 * time.Second

// follow announces the plan of a run, and shows its progress if somebody watches. Both go on through an interrupt, until
// stop is called, which removes the announcements.
func (t Tools) follow(ctx context.Context, configuration config.Config, specs []shard.Spec) (stop func()) {
	path := configuration.ProgressPath()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if t.Watch != nil {
			t.Watch(ctx, path)
		}
	}()
	announcePlan(path, specs)
	return func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(watchEndTimeout):
		}
		_ = os.Remove(path)
	}
}

// announcePlan announces the number of results that are due.
func announcePlan(path string, specs []shard.Spec) {
	if len(specs) == 0 {
		return // they could not be listed
	}
	due := map[string]int{}
	for _, spec := range specs {
		theme, _, _ := strings.Cut(spec.Key.Promise, ".")
		due[theme]++
	}
	announcer := progress.Announce(path, "")
	defer announcer.Close()
	announcer.Plan(due)
}

// demandsOf returns what specs want of the sandboxes beside the main one, by name.
func demandsOf(specs []shard.Spec) []admission.Demand {
	found := map[string]admission.Demand{}
	for _, spec := range specs {
		if spec.Sandbox == "" {
			continue
		}
		demand := found[spec.Sandbox]
		found[spec.Sandbox] = admission.Demand{
			Sandbox: spec.Sandbox, Specs: demand.Specs + 1, Period: max(demand.Period, spec.Period), Ordered: demand.Ordered || spec.Group != "",
		}
	}
	var demands []admission.Demand
	for _, name := range slices.Sorted(maps.Keys(found)) {
		demands = append(demands, found[name])
	}
	return demands
}

// surveyTimeout bounds how long the suites may take to list their specs.
const surveyTimeout = time.Minute

// inheritedFile is the descriptor of the first file that a process inherits beside the usual three.
const inheritedFile = 3

// Specs lists the specs that a run would include, without running them. It writes no file. A process of its own lists them: one that has
// listed them no longer numbers them as the others do.
func (t Tools) Specs(ctx context.Context, configuration config.Config) (specs []shard.Spec, err error) {
	configuration.Survey = fmt.Sprintf("/dev/fd/%d", inheritedFile) // the pipe through which they list them
	handed, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("hand the configuration to the suites: %w", err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("list the specs: %w", err)
	}
	defer func() { _ = reader.Close() }()
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	said := new(bytes.Buffer)
	command := exec.CommandContext(ctx, t.Suites) //nolint:gosec // our own tools
	command.Dir = filepath.Dir(t.Suites)          // the working directory may be gone
	command.Env = append(os.Environ(), config.Variable+"="+string(handed), "PWD="+command.Dir)
	command.ExtraFiles, command.Stdout, command.Stderr = []*os.File{writer}, said, said
	err = command.Start()
	_ = writer.Close() // the suites have it now
	if err != nil {
		return nil, fmt.Errorf("list the specs: %w", err)
	}
	text, readErr := io.ReadAll(reader)
	if err := cmp.Or(command.Wait(), readErr); err != nil {
		return nil, fmt.Errorf("list the specs: %w: %s", err, said)
	}
	if err := json.Unmarshal(text, &specs); err != nil {
		return nil, fmt.Errorf("list the specs: %w", err)
	}
	return specs, nil
}

func arguments(configuration config.Config, suites string) []string {
	return []string{
		"run", "--no-color", "--silence-skips", "--timeout=" + configuration.RunLimit.String(),
		fmt.Sprintf("--procs=%d", configuration.Procs), fmt.Sprintf("--seed=%d", configuration.Seed), suites,
	}
}
