package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// The policies of the throw-away services: short, and odd so that a slip of units shows.
const (
	shortDelay = 230 * time.Millisecond
	shortRun   = 40 * time.Millisecond
	// slack is how much later than due a retry may come and still tell one formula from another.
	slack = 150 * time.Millisecond
	// grain is what a time stamp in whole milliseconds may be off by, at both ends.
	grain = 2 * time.Millisecond
	// never is a stability period that no throw-away service reaches.
	never = time.Hour
	// attempts is how often the crashing services run.
	attempts = 4
)

// trials watch throw-away services, each its own, and delete them.
func trials() []trial {
	return []trial{
		{(*examiner).lifecycle, []string{"start-within-2s", "effect-around-answer", "no-change-is-fine"}},
		{(*examiner).crashes, []string{"cap-counts-runs", "failed-means-given-up", "failed-until-started", "job-attempt", "job-shape"}},
		{(*examiner).delays, []string{"delay-formula", "retry-numbering", "status-while-waiting"}},
		{(*examiner).unlimited, []string{"zero-is-no-limit"}},
		{(*examiner).ends, []string{"job-end-states"}},
		{(*examiner).health, []string{"retries-default-one", "health-restart-counts", "health-dies-with-incarnation"}},
		{(*examiner).overlap, []string{"health-tick-overlap"}},
		{(*examiner).reset, []string{"reset-next-run"}},
		{(*examiner).dependents, []string{"dependents-stay"}},
	}
}

func policy(backoff zinit.Backoff, delay time.Duration, most int) zinit.RetryPolicy {
	return zinit.RetryPolicy{
		MaxAttempts: most, Delay: zinit.Milliseconds(delay), Backoff: backoff,
		MaxDelay: zinit.Milliseconds(time.Minute), StabilityPeriod: zinit.Milliseconds(never),
	}
}

// register registers a throw-away service, which is deleted when the returned function is called.
func (e *examiner) register(ctx context.Context, definition zinit.Definition) (remove func(), err error) {
	remove = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		_ = e.Supervisor.Delete(ctx, definition.Service.Name)
	}
	if _, err := e.Supervisor.Register(ctx, definition); err != nil {
		remove()
		return func() {}, err
	}
	return remove, nil
}

// define is a throw-away service of one run action.
func (e *examiner) define(name string, options victim.Options, p zinit.RetryPolicy) zinit.Definition {
	name = Prefix + name
	return zinit.Define(name, zinit.RunAction(name, e.Victim(options), p))
}

// until looks again and again until done is true.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
}

// within is until with a limit of its own. The error is nil where it was done in time.
func within(ctx context.Context, patience time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := until(ctx, what, done); err != nil {
		return fmt.Errorf("%w within %s", err, patience)
	}
	return nil
}

func (e *examiner) state(ctx context.Context, name string, want func(zinit.Status) bool) func() (bool, error) {
	return func() (bool, error) {
		status, err := e.Supervisor.Status(ctx, name)
		return err == nil && want(status), err
	}
}

func running(status zinit.Status) bool { return status.State == zinit.StateRunning && status.PID != 0 }

func down(status zinit.Status) bool { return status.PID == 0 && status.State != zinit.StateStarting }

// lifecycle gives every order once with an effect, and start and stop once without.
func (e *examiner) lifecycle(ctx context.Context) error {
	const soon = 15 * time.Second
	definition := e.define("life", victim.Options{}, policy(zinit.BackoffNone, shortDelay, 0))
	name := definition.Service.Name
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	const promised = 2 * time.Second // suites/contract/zinit-0.4.md#definitions
	wrong := within(ctx, promised, "it to run", e.state(ctx, name, running))
	e.settle("start-within-2s", wrong, "a service of ours ran in time")
	if wrong != nil {
		return wrong
	}
	unchanged := e.Supervisor.Start(ctx, name)
	orders := []struct {
		word  string
		give  func(context.Context, string) error
		after func(zinit.Status) bool
	}{
		{"stop", e.Supervisor.Stop, down},
		{"start", e.Supervisor.Start, running},
		{"restart", e.Supervisor.Restart, running},
		{"stop", e.Supervisor.Stop, down},
	}
	for _, order := range orders {
		if err := order.give(ctx, name); err != nil {
			e.differs("effect-around-answer", "%s: %s", order.word, oneLine(err))
			return nil
		}
		if err := within(ctx, soon, "the effect of "+order.word, e.state(ctx, name, order.after)); err != nil {
			e.differs("effect-around-answer", "%v", err)
			return nil
		}
	}
	e.settle("no-change-is-fine", errors.Join(fine("start", unchanged), fine("stop", e.Supervisor.Stop(ctx, name))),
		"start of what runs and stop of what is stopped are answered by ok or -32002")
	if err := e.Supervisor.Delete(ctx, name); err != nil {
		e.differs("effect-around-answer", "delete: %s", oneLine(err))
		return nil
	}
	gone := within(ctx, soon, "the effect of delete", func() (bool, error) {
		_, err := e.Supervisor.Status(ctx, name)
		return err != nil, nil
	})
	e.settle("effect-around-answer", gone, "stop, start, restart and delete had their effect by the answer or soon after")
	return nil
}

// fine accepts ok and "already in that state".
func fine(order string, err error) error {
	if err == nil || errors.Is(err, zinit.ErrAlreadyInState) {
		return nil
	}
	return fmt.Errorf("%s: %s", order, oneLine(err))
}

// jobs returns the runs of an action, oldest first.
func (e *examiner) jobs(ctx context.Context, action string) ([]zinit.Job, error) {
	const many = 100
	jobs, err := e.Supervisor.Jobs(ctx, action, many)
	for i, j := 0, len(jobs)-1; i < j; i, j = i+1, j-1 {
		jobs[i], jobs[j] = jobs[j], jobs[i]
	}
	return jobs, err
}

// ended waits until an action has n runs that have ended, and returns its runs.
func (e *examiner) ended(ctx context.Context, action string, n int) (jobs []zinit.Job, err error) {
	err = until(ctx, fmt.Sprintf("%d runs of %s", n, action), func() (bool, error) {
		jobs, err = e.jobs(ctx, action)
		return len(jobs) >= n && jobs[n-1].Ended != 0, err
	})
	return jobs, err
}

// crash is a service that ends by itself with 3.
func (e *examiner) crash(name string, after time.Duration, p zinit.RetryPolicy) zinit.Definition {
	return e.define(name, victim.Options{ExitAfter: after, ExitCode: 3}, p)
}

// crashes watches a service use its attempts up, and being started again by hand.
func (e *examiner) crashes(ctx context.Context) error {
	definition := e.crash("cap", shortRun, policy(zinit.BackoffNone, shortDelay, attempts))
	name, action := definition.Service.Name, definition.Actions[0].Name
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.ended(ctx, action, attempts)
	if err != nil {
		return err
	}
	e.settle("job-attempt", numbered(jobs, attempts), "a service that crashed %d times counted its attempts from 1", attempts)
	if e.Client != nil {
		raw, err := e.Client.Call(ctx, "job.list", map[string]any{"action": action, "limit": 1})
		if err != nil {
			return err
		}
		e.settle("job-shape", jobShape(raw), "a run that has ended has all of them")
	}
	if err := within(ctx, 2*shortDelay, "it to be called failed", e.state(ctx, name, func(s zinit.Status) bool { return s.State == zinit.StateFailed })); err != nil {
		e.differs("cap-counts-runs", "%d unstable runs of max_attempts %d: %v", attempts, attempts, err)
		return nil
	}
	if jobs, err = e.jobs(ctx, action); err != nil {
		return err
	}
	called := len(jobs)
	select { // the time in which nothing may happen: a retry would be due three times
	case <-time.After(3 * shortDelay):
	case <-ctx.Done():
		return ctx.Err()
	}
	if jobs, err = e.jobs(ctx, action); err != nil {
		return err
	}
	if len(jobs) != called {
		e.differs("failed-means-given-up", "a run followed after it was called failed")
	}
	if len(jobs) != attempts {
		e.differs("cap-counts-runs", "with max_attempts %d it ran %d times", attempts, len(jobs))
		return nil
	}
	e.confirm("cap-counts-runs", "with max_attempts %d it ran %d times", attempts, attempts)
	e.confirm("failed-means-given-up", "no run followed for three delays after it was called failed")
	return e.startedAgain(ctx, name, action)
}

func (e *examiner) startedAgain(ctx context.Context, name, action string) error {
	if err := e.Supervisor.Start(ctx, name); err != nil {
		e.differs("failed-until-started", "start of a failed service: %s", oneLine(err))
		return nil
	}
	jobs, err := e.ended(ctx, action, 2*attempts)
	if err != nil {
		e.differs("failed-until-started", "after a start by hand: %s", oneLine(err))
		return nil //nolint:nilerr // it is the finding
	}
	e.settle("failed-until-started", numbered(jobs[attempts:], attempts), "a start by hand began at attempt 1 again")
	return nil
}

// numbered tells whether the first runs count their attempts from 1.
func numbered(jobs []zinit.Job, first int) error {
	var got []string
	right := len(jobs) >= first
	for i, job := range jobs[:min(first, len(jobs))] {
		got = append(got, fmt.Sprint(job.Attempt))
		right = right && job.Attempt == i+1
	}
	if right {
		return nil
	}
	return fmt.Errorf("the attempts are %s", strings.Join(got, ", "))
}

func jobShape(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return fmt.Errorf("job.list answers %.60q", raw)
	}
	return lacking(list[0], "id", "action", "attempt", "state", "pid", "started_ms", "ended_ms", "exit_code")
}

// delays watches how the delays of crashing services grow.
func (e *examiner) delays(ctx context.Context) error {
	capped := policy(zinit.BackoffExponential, shortDelay, attempts)
	capped.MaxDelay = zinit.Milliseconds(2*shortDelay - 110*time.Millisecond)
	stable := policy(zinit.BackoffExponential, shortDelay, 1)
	stable.StabilityPeriod = zinit.Milliseconds(310 * time.Millisecond)
	const stableRun = 530 * time.Millisecond
	cases := []struct {
		id         string
		definition zinit.Definition
		p          zinit.RetryPolicy
		retries    []int
	}{
		{"delay-formula", e.crash("none", shortRun, policy(zinit.BackoffNone, shortDelay, attempts)), policy(zinit.BackoffNone, shortDelay, attempts), []int{1, 2, 3}},
		{"delay-formula", e.crash("linear", shortRun, policy(zinit.BackoffLinear, shortDelay, attempts)), policy(zinit.BackoffLinear, shortDelay, attempts), []int{1, 2, 3}},
		{"delay-formula", e.crash("capped", shortRun, capped), capped, []int{1, 2, 3}},
		{"retry-numbering", e.crash("exponential", shortRun, policy(zinit.BackoffExponential, shortDelay, attempts)), policy(zinit.BackoffExponential, shortDelay, attempts), []int{1, 2, 3}},
		{"retry-numbering", e.crash("stable", stableRun, stable), stable, []int{1, 1}},
	}
	for _, c := range cases {
		remove, err := e.register(ctx, c.definition)
		if err != nil {
			return err
		}
		defer remove()
	}
	e.whileWaiting(ctx, cases[3].definition, cases[3].p)
	for _, c := range cases {
		jobs, err := e.ended(ctx, c.definition.Actions[0].Name, len(c.retries)+1)
		if err != nil {
			return err
		}
		err = delayed(jobs, c.p, c.retries)
		if late := new(lateError); errors.As(err, &late) {
			e.note(Unseen, late.Error(), c.id)
			continue
		}
		e.settle(c.id, err, "the delays of crashing services were as the formula has them")
		if c.id == "retry-numbering" {
			e.settle("delay-formula", err, "the delays of crashing services were as the formula has them")
		}
	}
	return nil
}

// lateError says that a retry came late: the formula may be another, or the host was busy.
type lateError struct{ what string }

func (l *lateError) Error() string { return l.what }

// delayed holds the gaps between runs against the policy.
func delayed(jobs []zinit.Job, p zinit.RetryPolicy, retries []int) error {
	for i, retry := range retries {
		gap := time.Duration(jobs[i+1].Started-jobs[i].Ended) * time.Millisecond
		due := p.DelayOfRetry(retry)
		what := fmt.Sprintf("%s backoff: gap %d took %s and was due after %s", p.Backoff, i+1, gap, due)
		if gap < due-grain {
			return errors.New(what)
		}
		if gap > due+slack {
			return &lateError{what + ", or this host was busy"}
		}
	}
	return nil
}

// whileWaiting asks for the status between the third run and the fourth, which is the longest of the gaps.
func (e *examiner) whileWaiting(ctx context.Context, definition zinit.Definition, p zinit.RetryPolicy) {
	name, action := definition.Service.Name, definition.Actions[0].Name
	if _, err := e.ended(ctx, action, attempts-1); err != nil {
		return
	}
	status, err := e.Supervisor.Status(ctx, name)
	jobs, jobsErr := e.jobs(ctx, action)
	if err != nil || jobsErr != nil || len(jobs) != attempts-1 {
		e.note(Unseen, fmt.Sprintf("the wait of %s was over before it was looked at", p.DelayOfRetry(attempts-1)), "status-while-waiting")
		return
	}
	var wrong error
	if (status.State != zinit.StateStarting && status.State != zinit.StateExited) || status.PID != 0 || status.Error == "" {
		wrong = fmt.Errorf("the state is %q, the pid %d, the error %q", status.State, status.PID, status.Error)
	}
	e.settle("status-while-waiting", wrong, "%s, and the error says how the last run ended", status.State)
}

// unlimited watches a service without limits for six runs.
func (e *examiner) unlimited(ctx context.Context) error {
	const runs, delay = 6, 70 * time.Millisecond
	p := zinit.RetryPolicy{Delay: zinit.Milliseconds(delay), Backoff: zinit.BackoffExponential}
	definition := e.crash("unlimited", shortRun, p)
	remove, err := e.register(ctx, definition)
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.ended(ctx, definition.Actions[0].Name, runs)
	if err != nil {
		return err
	}
	retries := []int{1, 2, 3, 4, 5}
	wrong := delayed(jobs, p, retries)
	if late := new(lateError); errors.As(wrong, &late) {
		wrong = nil // by how much it grows is another matter
	}
	if wrong == nil {
		wrong = numbered(jobs, runs)
	}
	e.settle("zero-is-no-limit", wrong, "with 0 for each it ran %d times, each delay twice the last", runs)
	return nil
}

// ends watches one run for each way to end.
func (e *examiner) ends(ctx context.Context) error {
	once := policy(zinit.BackoffNone, shortDelay, 1)
	oneshot := func(name string, options victim.Options, timeout time.Duration) zinit.Definition {
		definition := e.define(name, options, once)
		definition.Actions[0].Oneshot, definition.Actions[0].Timeout = true, zinit.Milliseconds(timeout)
		return definition
	}
	cases := []struct {
		definition zinit.Definition
		want       zinit.JobState
		stop       bool
	}{
		{oneshot("exit0", victim.Options{ExitAfter: shortRun}, 0), zinit.JobSucceeded, false},
		{oneshot("exit3", victim.Options{ExitAfter: shortRun, ExitCode: 3}, 0), zinit.JobFailed, false},
		{oneshot("timeout", victim.Options{}, 310*time.Millisecond), zinit.JobTimeout, false},
		{e.define("stopped", victim.Options{}, once), zinit.JobStopped, true},
	}
	var other []string
	for _, c := range cases {
		remove, err := e.register(ctx, c.definition)
		if err != nil {
			return err
		}
		defer remove()
		if c.stop {
			name := c.definition.Service.Name
			if err := until(ctx, name+" to run", e.state(ctx, name, running)); err != nil {
				return err
			}
			if err := e.Supervisor.Stop(ctx, name); err != nil {
				return err
			}
		}
	}
	for _, c := range cases {
		jobs, err := e.ended(ctx, c.definition.Actions[0].Name, 1)
		if err != nil {
			return err
		}
		if jobs[0].State != c.want {
			other = append(other, fmt.Sprintf("the run of %s is %q, not %q", c.definition.Service.Name, jobs[0].State, c.want))
		}
	}
	e.settle("job-end-states", few(other), "exit 0, exit 3, a timeout and a stop were called so")
	return nil
}

// health watches what a failing health check does that says nothing of retries.
func (e *examiner) health(ctx context.Context) error {
	const startPeriod = 730 * time.Millisecond
	p := policy(zinit.BackoffNone, shortDelay, 0)
	name := Prefix + "health"
	check := zinit.HealthAction(name, e.Probe("/nonexistent", time.Second), zinit.Schedule{
		Interval: zinit.Milliseconds(10 * time.Minute), StartPeriod: zinit.Milliseconds(startPeriod),
	}, zinit.Milliseconds(3*time.Second))
	run := zinit.RunAction(name, e.Victim(victim.Options{}), p)
	remove, err := e.register(ctx, zinit.Define(name, run, check))
	if err != nil {
		return err
	}
	defer remove()
	jobs, err := e.jobs(ctx, run.Name)
	if err != nil {
		return err
	}
	const patience = 15 * time.Second
	if err := within(ctx, patience, "a restart by its failing health check", func() (bool, error) {
		jobs, err = e.jobs(ctx, run.Name)
		return len(jobs) > 1, err
	}); err != nil {
		e.differs("retries-default-one", "%v", err)
		return nil
	}
	status, err := e.Supervisor.Status(ctx, name)
	if err != nil {
		return err
	}
	checks, err := e.jobs(ctx, check.Name)
	if err != nil {
		return err
	}
	e.settle("retries-default-one", one(before(checks, jobs[0].Ended)), "one failed check restarted a service")
	e.settle("health-restart-counts", replaced(jobs, p), "the replaced run is stopped, the retry came after its delay as attempt 2")
	if len(jobs) > 2 || before(checks, math.MaxInt64) != before(checks, jobs[0].Ended) {
		e.note(Unseen, "the new process had been checked before it was looked at", "health-dies-with-incarnation")
		return nil
	}
	var word error
	if status.Health != zinit.HealthUnknown {
		word = fmt.Errorf("the health of the new process is %q before its first check", status.Health)
	}
	e.settle("health-dies-with-incarnation", word, "the health of the new process is unknown")
	return nil
}

// before counts the runs that began before a point in time.
func before(runs []zinit.Job, at int64) (count int) {
	for _, run := range runs {
		if run.Started < at {
			count++
		}
	}
	return count
}

func one(checks int) error {
	if checks != 1 {
		return fmt.Errorf("%d health checks had run when the service was restarted", checks)
	}
	return nil
}

// replaced looks at the runs of a service that its health check has replaced.
func replaced(jobs []zinit.Job, p zinit.RetryPolicy) error {
	gap := time.Duration(jobs[1].Started-jobs[0].Ended) * time.Millisecond
	switch due := p.DelayOfRetry(1); {
	case jobs[0].State != zinit.JobStopped:
		return fmt.Errorf("the replaced run is %q", jobs[0].State)
	case gap < due-grain:
		return fmt.Errorf("the retry came after %s and was due after %s", gap, due)
	case jobs[1].Attempt != 2:
		return fmt.Errorf("the retry is attempt %d: the short run does not count as unstable", jobs[1].Attempt)
	}
	return nil
}

// overlap watches a health check that takes longer than its interval.
func (e *examiner) overlap(ctx context.Context) error {
	const interval, takes, runs = 170 * time.Millisecond, 410 * time.Millisecond, 4
	name := Prefix + "overlap"
	const socket = "/hero_chaos/inspect-overlap.sock"
	check := zinit.HealthAction(name, e.Probe(socket, takes), zinit.Schedule{
		Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(interval), Retries: 1000,
	}, zinit.Milliseconds(10*time.Second))
	run := zinit.RunAction(name, e.Victim(victim.Options{Socket: socket, Behaviour: victim.Mute}), policy(zinit.BackoffNone, shortDelay, 0))
	remove, err := e.register(ctx, zinit.Define(name, run, check))
	if err != nil {
		return err
	}
	defer remove()
	checks, err := e.ended(ctx, check.Name, runs)
	if err != nil {
		return err
	}
	var wrong error
	for i := 1; i < runs; i++ {
		pause := time.Duration(checks[i].Started-checks[i-1].Ended) * time.Millisecond
		switch {
		case pause < -grain:
			wrong = errors.New("two runs of one health check were under way at once")
		case pause > interval+slack:
			wrong = fmt.Errorf("the next run of a check that takes %s began %s after its end, with an interval of %s", takes, pause, interval)
		}
	}
	e.settle("health-tick-overlap", wrong, "no run began before the last had ended, and each at the next tick at the latest")
	return nil
}

// reset sets an action again while it runs, and ends the run.
func (e *examiner) reset(ctx context.Context) error {
	p := policy(zinit.BackoffNone, shortDelay, 0)
	before, after := e.define("reset", victim.Options{}, p), e.crash("reset", shortRun, p)
	name, action := before.Service.Name, before.Actions[0].Name
	remove, err := e.register(ctx, before)
	if err != nil {
		return err
	}
	defer remove()
	if _, err := e.jobs(ctx, action); err != nil {
		return err
	}
	if err := until(ctx, name+" to run", e.state(ctx, name, running)); err != nil {
		return err
	}
	if _, err := e.Supervisor.Register(ctx, after); err != nil {
		return err
	}
	if err := e.Supervisor.Kill(ctx, name, "SIGTERM"); err != nil {
		return err
	}
	var jobs []zinit.Job
	err = until(ctx, "a run of the new command", func() (bool, error) {
		jobs, err = e.jobs(ctx, action)
		return len(jobs) > 1 && jobs[len(jobs)-1].Ended != 0 || len(jobs) > 2, err
	})
	if err != nil {
		e.differs("reset-next-run", "%s", oneLine(err))
		return nil //nolint:nilerr // it is the finding
	}
	e.confirm("reset-next-run", "the next run was of the new command")
	return nil
}

// dependents kills a service that another one requires.
func (e *examiner) dependents(ctx context.Context) error {
	p := policy(zinit.BackoffNone, shortDelay, 0)
	base, dependent := e.define("base", victim.Options{}, p), e.define("dependent", victim.Options{}, p)
	dependent.Service.Dependencies.Requires = []string{base.Service.Name}
	pids := map[string]int{}
	for _, definition := range []zinit.Definition{base, dependent} {
		remove, err := e.register(ctx, definition)
		if err != nil {
			return err
		}
		defer remove()
		name := definition.Service.Name
		if err := until(ctx, name+" to run", e.state(ctx, name, func(s zinit.Status) bool {
			pids[name] = s.PID
			return running(s)
		})); err != nil {
			return err
		}
	}
	if err := e.Supervisor.Kill(ctx, base.Service.Name, "SIGKILL"); err != nil {
		return err
	}
	if err := until(ctx, base.Service.Name+" to run again", e.state(ctx, base.Service.Name, func(s zinit.Status) bool {
		return running(s) && s.PID != pids[base.Service.Name]
	})); err != nil {
		return err
	}
	status, err := e.Supervisor.Status(ctx, dependent.Service.Name)
	if err != nil {
		return err
	}
	var wrong error
	if status.PID != pids[dependent.Service.Name] {
		wrong = errors.New("a service was replaced when one that it requires was killed")
	}
	e.settle("dependents-stay", wrong, "a service stayed as it was while one that it requires was killed and came back")
	return nil
}
