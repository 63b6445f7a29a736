package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// jobs returns the runs of an action, oldest first.
func (e *examiner) jobs(ctx context.Context, action string) ([]zinit.Job, error) {
	const many = 100
	jobs, err := e.Supervisor.Jobs(ctx, action, many)
	for i, j := 0, len(jobs)-1; i < j; i, j = i+1, j-1 {
		jobs[i], jobs[j] = jobs[j], jobs[i]
	}
	return jobs, err
}

// awaitEnds waits until n runs of an action have ended, and returns its runs.
func (e *examiner) awaitEnds(ctx context.Context, action string, n int) (jobs []zinit.Job, err error) {
	err = until(ctx, fmt.Sprintf("%d runs of %s", n, action), func() (bool, error) {
		jobs, err = e.jobs(ctx, action)
		return len(jobs) >= n && jobs[n-1].Ended != 0, err
	})
	return jobs, err
}

// checkAttempts returns an error unless the first runs count their attempts from 1.
func checkAttempts(jobs []zinit.Job, first int) error {
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

func checkJobShape(raw json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return fmt.Errorf("job.list answers %.60q", raw)
	}
	return requireMembers(list[0], "id", "action", "attempt", "state", "pid", "started_ms", "ended_ms", "exit_code")
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
		{oneshot("exit0", victim.Options{ExitDelay: crashDelay}, 0), zinit.JobSucceeded, false},
		{oneshot("exit3", victim.Options{ExitDelay: crashDelay, ExitCode: 3}, 0), zinit.JobFailed, false},
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
		jobs, err := e.awaitEnds(ctx, c.definition.Actions[0].Name, 1)
		if err != nil {
			return err
		}
		if jobs[0].State != c.want {
			other = append(other, fmt.Sprintf("the run of %s is %q, not %q", c.definition.Service.Name, jobs[0].State, c.want))
		}
	}
	e.settle("job-end-states", firstOf(other), "exit 0, exit 3, a timeout and a stop have their states")
	return nil
}
