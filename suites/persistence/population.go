package persistence

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// eventLimit is the time for which the experiment waits for what has to happen before the supervisor ends.
const eventLimit = 10 * time.Second

// population is all services of a sandbox before its supervisor ends, and how they are registered.
type population struct {
	sandbox       *session.Sandbox
	kept          session.Service
	stopped       session.VictimPlan
	deleted       session.VictimPlan
	undeleted     string // why it could not be deleted
	checked       session.VictimPlan
	told          session.VictimPlan
	crashing      session.VictimPlan // ends by itself crashPeriod after each start
	untold        string             // why the end of the container tells nothing about its stop signal
	toldSince     int64              // a point of the agent's clock before the end
	checkedBefore bool
	missingSince  time.Time           // since when zinit has not known a service that nobody registers again; zero if it knows it
	shipped       []string            // services that the target file lists
	files         map[string]string   // files of ours in the data folder, as agent.Tree describes them
	folder        string              // that holds them
	noData        string              // why there are none
	serving       []session.Service   // those that have to serve again
	argv          map[string][]string // command lines by service
	definitions   map[string]string   // JSON by service
}

// settle registers the victims of an experiment, and writes down what is there.
func settle(ctx context.Context, chaos *session.Session, where, name string) (*population, error) {
	By("open the sandbox " + where)
	sandbox, err := chaos.Background(ctx, where)
	if err != nil {
		return nil, err
	}
	plan := func(kind string) session.VictimPlan {
		return session.NewVictim(kind+"-"+name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
	}
	schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
	if where == session.UpgradeSandbox {
		plan = func(kind string) session.VictimPlan { return onVolume(chaos, kind+"-"+name) }
		if err := sandbox.Agent().InstallVictim(ctx, onVolume(chaos, "").Binary, true); err != nil {
			return nil, err
		}
	}
	p := &population{
		sandbox: sandbox, stopped: plan("stopped"), deleted: plan("deleted"), argv: map[string][]string{},
		checked: plan("checked").WithHealth(schedule, checkTimeout).WithPatientProbe(checkTimeout),
		told:    plan("told").StoppedBy("SIGUSR1"), crashing: plan("crashing"),
	}
	p.crashing.Policy.Backoff, p.crashing.Policy.MaxAttempts = zinit.BackoffNone, manyAttempts
	p.crashing.Options.Socket, p.crashing.Options.Control, p.crashing.Options.ExitDelay = "", "", crashPeriod
	p.told.Options.TermDelay = endPeriod
	kept := plan("kept")
	kept.Options.Children = 1
	By("register " + kept.Name + " and " + p.stopped.Name)
	if p.kept, err = sandbox.Register(ctx, kept); err != nil {
		return nil, err
	}
	p.serving = []session.Service{p.kept}
	for _, shipped := range chaos.Target.Restartable() {
		p.serving = append(p.serving, chaos.Shipped(shipped))
	}
	if _, err := sandbox.Supervisor.Register(ctx, p.stopped.Definition()); err != nil {
		return nil, err
	}
	p.folder = path.Join(cmp.Or(chaos.Target.Container.Data, "/"), "hero_chaos_kept_"+name)
	if chaos.Target.Container.Data == "" {
		p.noData = "the target has no data folder"
	}
	p.shipped = chaos.Target.ServiceNames()
	for _, step := range []func(context.Context) error{p.startAgain, p.readCommandLines, p.putData, p.stop, p.delete, p.check, p.tell, p.crash} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	By("read how all services are registered")
	p.definitions, err = spec.ReadDefinitions(ctx, sandbox.Supervisor)
	return p, err
}

// readCommandLines reads the command line of each service, once it serves.
func (p *population) readCommandLines(ctx context.Context) error {
	for _, service := range append(p.serving, p.stopped.Of()) {
		By("identify the process that serves " + service.Name)
		var err error
		spec.Until(ctx, eventLimit, func(ctx context.Context) bool {
			process, findErr := spec.FindProcess(ctx, p.sandbox, service.Endpoint)
			p.argv[service.Name], err = process.Argv, findErr
			return err == nil
		})
		if err != nil {
			return recovery.NotProved(fmt.Sprintf("%s did not serve before: %v", service.Name, err))
		}
	}
	return nil
}

// startAgain stops the service that is kept, and starts it: what counts for the next supervisor is the last order.
func (p *population) startAgain(ctx context.Context) (err error) {
	By("stop and start " + p.kept.Name)
	release, err := spec.HoldAll(ctx, p.sandbox, []string{p.kept.Name})
	defer func() { err = errors.Join(err, release(context.WithoutCancel(ctx))) }()
	if err != nil {
		return err
	}
	if err := p.stopService(ctx, p.kept.Name); err != nil {
		return err
	}
	return p.sandbox.Supervisor.Start(ctx, p.kept.Name)
}

// tellAgain stops the service with a stop signal of its own, and says what was wrong with how it was told, empty if nothing was.
func (p *population) tellAgain(ctx context.Context) (problem, untold string) {
	By("stop " + p.told.Name)
	run, err := spec.FindRun(ctx, p.sandbox, p.told.Endpoint())
	if err != nil {
		return "", firstLine(err)
	}
	if err := p.sandbox.Supervisor.Stop(ctx, p.told.Name); err != nil {
		return "", firstLine(err)
	}
	var told spec.Told
	spec.Until(ctx, stopTimeout+eventLimit, func(ctx context.Context) bool {
		journal, err := spec.ReadJournal(ctx, p.sandbox, p.told)
		if err == nil {
			told = journal.Since(p.toldSince).FindTold(run.Serving.PID)
		}
		return told.Asked || told.Mistaken
	})
	if told.Asked || !told.Mistaken {
		return "", ""
	}
	return told.Describe(p.told), ""
}

// putData puts files of several kinds into the data folder.
func (p *population) putData(ctx context.Context) error {
	if p.noData != "" {
		return nil
	}
	By("put files into " + p.folder)
	agent := p.sandbox.Agent()
	for _, file := range []protocol.Plant{
		{Path: path.Join(p.folder, "plain.txt"), Mode: 0o644, Data: []byte("kept\n")},
		{Path: path.Join(p.folder, "deep", "er", "private.bin"), Mode: 0o600, Data: bytes.Repeat([]byte{0, 1, 0xff}, 100_000)},
		{Path: path.Join(p.folder, "empty"), Mode: 0o640},
		{Path: path.Join(p.folder, ".hidden"), Mode: 0o400, Data: []byte("hidden")},
		{Path: path.Join(p.folder, "old.log"), Mode: 0o644, Data: []byte("a line\n")},
		{Path: path.Join(p.folder, "cache.tmp"), Mode: 0o644, Data: []byte("not ours to remove")},
		{Path: path.Join(p.folder, "run.sh"), Mode: 0o755, Data: []byte("#!/bin/sh\n")},
		{Path: path.Join(p.folder, "link"), Link: "deep/er/private.bin"},
	} {
		if err := agent.Plant(ctx, file); err != nil {
			p.noData = "no file could be put into the data folder: " + err.Error()
			return nil
		}
	}
	var err error
	p.files, err = agent.Tree(ctx, p.folder)
	return err
}

// compareData returns what is wrong with each file that is not as it was.
func (p *population) compareData(ctx context.Context) (map[string]string, error) {
	By("compare the files in " + p.folder)
	now, err := p.sandbox.Agent().Tree(ctx, p.folder)
	changed := map[string]string{}
	for name, before := range p.files {
		switch after, there := now[name]; {
		case !there:
			changed[name] = "is gone"
		case after != before:
			changed[name] = "was " + before + ", is " + after
		}
	}
	for name := range now {
		if _, there := p.files[name]; !there {
			changed[name] = "was not there"
		}
	}
	return changed, err
}

// stop stops the service that has to stay stopped, and waits until it is.
func (p *population) stop(ctx context.Context) error {
	By("stop " + p.stopped.Name)
	return p.stopService(ctx, p.stopped.Name)
}

func (p *population) stopService(ctx context.Context, service string) error {
	if err := p.sandbox.Supervisor.Stop(ctx, service); err != nil {
		return err
	}
	if status, stopped := spec.AwaitStop(ctx, p.sandbox, service, eventLimit); !stopped {
		return recovery.NotProved(fmt.Sprintf("%s could not be stopped: zinit says %q", service, status.State))
	}
	return nil
}

// delete registers a service, deletes it, and waits until it is gone. If that fails, only what is deleted cannot be judged.
func (p *population) delete(ctx context.Context) error {
	By("register and delete " + p.deleted.Name)
	_, err := p.sandbox.Supervisor.Register(ctx, p.deleted.Definition())
	if err == nil {
		err = p.sandbox.Supervisor.Delete(ctx, p.deleted.Name)
	}
	switch {
	case err != nil:
		p.undeleted = err.Error()
	case !spec.Until(ctx, eventLimit, func(ctx context.Context) bool {
		_, err := p.sandbox.Supervisor.Get(ctx, p.deleted.Name)
		return errors.Is(err, zinit.ErrNotFound)
	}):
		p.undeleted = p.deleted.Name + " was deleted, and is still there"
	}
	return nil
}

// tell registers a service with a stop signal of its own, and waits until it serves. If that fails, only its end cannot be judged.
func (p *population) tell(ctx context.Context) error {
	By("register " + p.told.Name)
	var run protocol.Identity
	p.told.InPlace = spec.RunsInShell(ctx, p.sandbox)
	_, err := p.sandbox.Supervisor.Register(ctx, p.told.Definition())
	if err == nil {
		spec.Until(ctx, eventLimit, func(ctx context.Context) bool {
			run, err = spec.FindRun(ctx, p.sandbox, p.told.Endpoint())
			return err == nil
		})
	}
	switch {
	case err != nil:
		p.untold = firstLine(err)
	case run.InShell():
		p.untold = spec.InShell
	}
	hello, err := p.sandbox.Agent().Hello(ctx)
	p.toldSince = hello.MonotonicNs
	return err
}

// crash registers a service that ends again and again.
func (p *population) crash(ctx context.Context) error {
	By("register " + p.crashing.Name)
	_, err := p.sandbox.Supervisor.Register(ctx, p.crashing.Definition())
	return err
}

// crashesWanted is the number of runs of the crashing service that have to be seen after the end of the supervisor.
const crashesWanted = 3

// awaitCrashes waits until the crashing service was run often enough since a point of the agent's clock, and returns the time from each of
// these runs to the next.
func (p *population) awaitCrashes(ctx context.Context, since int64) (apart []time.Duration) {
	By(fmt.Sprintf("wait until %s was run %d times", p.crashing.Name, crashesWanted))
	spec.Until(ctx, crashesWanted*(crashPeriod+delay)+eventLimit, func(ctx context.Context) bool {
		journal, _ := spec.ReadJournal(ctx, p.sandbox, p.crashing) // it is empty while it cannot be read
		starts := journal.Of(victim.EventStarted).Since(since)
		apart = nil
		for n := 1; n < len(starts); n++ {
			apart = append(apart, time.Duration(starts[n].MonoNS-starts[n-1].MonoNS))
		}
		return len(starts) >= crashesWanted
	})
	return apart
}

// firstLine returns the first line of an error.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// readTold returns how the service was told to end. Its process is known by its time: the next one may have the same pid.
func (p *population) readTold(ctx context.Context) spec.Told {
	journal, _ := spec.ReadJournal(ctx, p.sandbox, p.told) // it is empty if it cannot be read
	journal = journal.Since(p.toldSince)
	if len(journal) == 0 {
		return spec.Told{}
	}
	return journal.FindTold(journal[0].PID)
}

// lossPeriod is above the 2 s within which a registered service starts (suites/contract/zinit-0.4.md#definitions).
const lossPeriod = 5 * time.Second

// isLost reports whether all of the image serves, and zinit has not known a service of ours for the loss period. Nobody but the harness
// registers that one, so it cannot come back.
func (p *population) isLost(ctx context.Context, silent map[string]string) bool {
	for name := range silent {
		if !spec.IsOurs(name) {
			p.missingSince = time.Time{}
			return false
		}
	}
	if _, err := p.sandbox.Supervisor.Get(ctx, p.kept.Name); !errors.Is(err, zinit.ErrNotFound) {
		p.missingSince = time.Time{}
		return false
	}
	if p.missingSince.IsZero() {
		p.missingSince = time.Now()
	}
	return time.Since(p.missingSince) >= lossPeriod
}

// check registers a service whose health is checked, and waits until it was.
func (p *population) check(ctx context.Context) error {
	By("register " + p.checked.Name)
	_, err := p.sandbox.Supervisor.Register(ctx, p.checked.Definition())
	if err == nil {
		p.checkedBefore = p.awaitChecks(ctx, 1)
	}
	return err
}

// awaitChecks waits until the checked service was checked so many times in all, and reports whether it was.
func (p *population) awaitChecks(ctx context.Context, count int) bool {
	By(fmt.Sprintf("wait until %s was checked %d times", p.checked.Name, count))
	limit := startPeriod + time.Duration(count)*interval + checkTimeout
	return spec.Until(ctx, limit, func(ctx context.Context) bool { return p.countChecks(ctx) >= count })
}

// countChecks returns how many times the checked service was asked, which only its health check does.
func (p *population) countChecks(ctx context.Context) int {
	journal, _ := spec.ReadJournal(ctx, p.sandbox, p.checked) // it is empty while it cannot be read
	return len(journal.Of(victim.EventProbe))
}

// leave deletes the victims, if there is a supervisor to delete them.
func (p *population) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, eventLimit)
	defer cancel()
	for _, name := range []string{p.kept.Name, p.stopped.Name, p.checked.Name, p.told.Name, p.crashing.Name} {
		_ = p.sandbox.Delete(ctx, name)
	}
}
