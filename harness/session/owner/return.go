package owner

import (
	"context"
	"fmt"
	"slices"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// absence decides when a supervisor does not come back any more, by the processes in its container. One that lives and does not answer
// yet may take its time.
type absence struct {
	argv   []string      // the command line of the supervisor before
	period time.Duration // for which no such process may run

	living  []record.Incarnation // such processes at the last look
	ended   int                  // such processes that are gone
	lacking time.Time            // since when there is none; zero if there is one
}

const (
	// absenceLimit bounds from below the time without a supervisor after which it counts as gone.
	absenceLimit = 10 * time.Second
	// absenceFactor is by how much more than the first time the entry point may take until it starts the supervisor.
	absenceFactor = 2
	// mostAttempts is the number of processes that may end without having answered.
	mostAttempts = 10
)

// newAbsence returns the absence of a supervisor that took a while to answer for the first time, nil if its process is not known.
func newAbsence(processes []agent.Process, supervisorPID int, firstAnswer time.Duration) *absence {
	at := slices.IndexFunc(processes, func(p agent.Process) bool { return p.PID == supervisorPID })
	if at < 0 || len(processes[at].Argv) == 0 {
		return nil
	}
	return &absence{argv: processes[at].Argv, period: max(absenceLimit, absenceFactor*firstAnswer)}
}

// look notes which processes there are, and returns why the supervisor does not come back any more, empty as long as it may.
func (a *absence) look(processes []agent.Process, now time.Time) string {
	var living []record.Incarnation
	for _, p := range processes {
		if p.State != "Z" && slices.Equal(p.Argv, a.argv) {
			living = append(living, p.Incarnation)
		}
	}
	isLiving := func(one record.Incarnation) bool {
		return slices.ContainsFunc(living, func(l record.Incarnation) bool { return l.PID == one.PID && l.StartTime == one.StartTime })
	}
	for _, one := range a.living {
		if !isLiving(one) {
			a.ended++
		}
	}
	a.living = living
	switch {
	case len(living) > 0:
		a.lacking = time.Time{}
	case a.lacking.IsZero():
		a.lacking = now
	}
	switch {
	case a.ended >= mostAttempts:
		return fmt.Sprintf("%s ended %d times without an answer", a.argv[0], a.ended)
	case !a.lacking.IsZero() && now.Sub(a.lacking) >= a.period:
		return fmt.Sprintf("%s has not run for %s", a.argv[0], a.period)
	}
	return ""
}

// expectReturn remembers what the supervisor's process is, before it or its container is ended.
func (l *liveSandbox) expectReturn(ctx context.Context) *absence {
	processes, err := l.agent.Processes(ctx)
	if err != nil {
		return nil
	}
	return newAbsence(processes, l.opened.SupervisorPID, l.answerDelay)
}

// awaitReturn waits until the supervisor answers again, like awaitSupervisor. It ends at once if the supervisor cannot come any more.
func (o *Owner) awaitReturn(ctx context.Context, live *liveSandbox, gone *absence) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if gone != nil {
		go func() {
			for ctx.Err() == nil {
				if processes, err := live.agent.Processes(ctx); err == nil {
					if why := gone.look(processes, time.Now()); why != "" {
						cancel(fmt.Errorf("container %s runs without its supervisor: %s", live.container.Name(), why))
					}
				}
				select {
				case <-time.After(pollInterval):
				case <-ctx.Done():
				}
			}
		}()
	}
	err := o.awaitSupervisor(ctx, live)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
