// Package runner starts Ginkgo on the suites' test binary, and waits for it. What the run came to is in the
// record; the exit code of Ginkgo is no verdict.
package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
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

// killDelay is how long Ginkgo and its workers have to end after they were asked to: they remove what the session has
// made. Of one that is killed the reaper removes it.
const killDelay = 90 * time.Second

// courtesy is the nice value of the suites: dozens of workers may not take the processors from the target, whose delays
// are what is measured. On cgroup v1 all containers together weigh as much as a single one of our processes.
const courtesy = 15

// limit bounds a whole run.
const limit = 30 * time.Minute

// Run runs the suites by a configuration and returns when they have ended. What Ginkgo prints goes to a file
// of the output folder. passed is Ginkgo's own word: without it, a record in which everything held is not whole,
// for a worker that died has left no result. The error is one line, of what kept the session from being opened
// where that is so.
func (t Tools) Run(ctx context.Context, configuration config.Config) (passed bool, err error) {
	configuration.Agent = t.Agent
	if err := os.MkdirAll(configuration.Output, 0o750); err != nil {
		return false, fmt.Errorf("make the folder for the reports: %w", err)
	}
	if err := configuration.RemoveOld(); err != nil {
		return false, err
	}
	defer t.follow(ctx, configuration)()
	configuration.Progress = configuration.ProgressPath()
	log, err := os.Create(filepath.Join(configuration.Output, "ginkgo.log"))
	if err != nil {
		return false, fmt.Errorf("write Ginkgo's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	text, err := json.Marshal(configuration)
	if err != nil {
		return false, fmt.Errorf("hand the configuration to the suites: %w", err)
	}
	command := exec.CommandContext(ctx, t.Ginkgo, arguments(configuration, t.Suites)...) //nolint:gosec // our own tools
	command.Env = append(os.Environ(), config.Variable+"="+string(text))
	command.Stdout, command.Stderr = log, log
	// Ginkgo does not pass an interrupt on: its workers know only of one that reaches them as well.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	all := func(signal syscall.Signal) error { return syscall.Kill(-command.Process.Pid, signal) }
	command.Cancel = func() error { return all(syscall.SIGINT) }
	command.WaitDelay = killDelay
	if err = command.Start(); err == nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, command.Process.Pid, courtesy) // its workers inherit it; one that has ended needs none
		if err = command.Wait(); ctx.Err() != nil {
			_ = all(syscall.SIGKILL) // who has not ended within the delay
		}
	}
	if complaint := configuration.StartError(); complaint != "" {
		return false, errors.New(complaint)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, fmt.Errorf("run the suites: %w", err)
	}
	return err == nil, nil
}

// watchEndTimeout bounds how long Watch may take to end: a stopped terminal delays no report.
const watchEndTimeout = 2 * time.Second

// follow announces the plan of a run, and shows its progress if somebody watches. Both go on through an interrupt, until
// stop is called, which removes the announcements.
func (t Tools) follow(ctx context.Context, configuration config.Config) (stop func()) {
	path := configuration.ProgressPath()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended, planned := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if t.Watch != nil {
			t.Watch(ctx, path)
		}
	}()
	go func() {
		defer close(planned)
		t.announcePlan(ctx, configuration)
	}()
	return func() {
		cancel()
		<-planned
		select {
		case <-ended:
		case <-time.After(watchEndTimeout):
		}
		_ = os.Remove(path)
	}
}

// announcePlan announces how many results are due. That is found in a process of its own: one that has listed its specs
// no longer numbers them as the others do that share them.
func (t Tools) announcePlan(ctx context.Context, configuration config.Config) {
	specs, err := t.Specs(ctx, configuration)
	if err != nil {
		return // then that is not shown
	}
	due := map[string]int{}
	for _, spec := range specs {
		theme, _, _ := strings.Cut(spec.Key.Promise, ".")
		due[theme]++
	}
	announcer := progress.Announce(configuration.ProgressPath(), "")
	defer announcer.Close()
	announcer.Plan(due)
}

// surveying bounds how long the suites may take to list their specs: nothing is run.
const surveying = time.Minute

// Specs are those that a run by the configuration would ask, without running anything.
func (t Tools) Specs(ctx context.Context, configuration config.Config) (specs []shard.Spec, err error) {
	folder, err := os.MkdirTemp("", "hero_chaos-survey-")
	if err != nil {
		return nil, fmt.Errorf("list the specs: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	configuration.Survey = filepath.Join(folder, "specs.json")
	handed, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("hand the configuration to the suites: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, surveying)
	defer cancel()
	command := exec.CommandContext(ctx, t.Suites) //nolint:gosec // our own tools
	command.Env = append(os.Environ(), config.Variable+"="+string(handed))
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("list the specs: %w: %s", err, said)
	}
	text, err := os.ReadFile(configuration.Survey)
	if err == nil {
		err = json.Unmarshal(text, &specs)
	}
	if err != nil {
		return nil, fmt.Errorf("list the specs: %w", err)
	}
	return specs, nil
}

func arguments(configuration config.Config, suites string) []string {
	return []string{
		"run", "--no-color", "--silence-skips", "--timeout=" + limit.String(),
		fmt.Sprintf("--procs=%d", configuration.Procs), fmt.Sprintf("--seed=%d", configuration.Seed), suites,
	}
}
