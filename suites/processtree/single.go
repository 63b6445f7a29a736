package processtree

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// countRate is the lowest rate of counts a second that proves something.
const countRate = 20

// singleSpecs registers the specs that count the processes of a service while it is replaced.
func singleSpecs(chaos *session.Session) {
	slow, stubborn := planVictim(chaos, "single-killed"), planVictim(chaos, "single-stubborn")
	slow.Options.StartDelay = startDelay
	stubborn.Options.OnTerm = victim.TermIgnore
	lingering := func(name string) session.VictimPlan {
		plan := planVictim(chaos, name)
		plan.Options.TermDelay = termDelay
		return plan
	}
	itIsOneProcess(chaos, slow, "killed and slow to start again", kill)
	itIsOneProcess(chaos, lingering("single-restarted"), "restarted by service.restart and slow to end", restart)
	itIsOneProcess(chaos, stubborn, "restarted by service.restart and ignores its stop signal", restart)
	itIsOneProcess(chaos, lingering("single-hasty"), "restarted by service.restart five times at once", restartAtOnce)
	itIsOneProcess(chaos, lingering("single-stopped"), "stopped and, before it has ended, started again", stopAndStart)
}

// itIsOneProcess registers the spec of one way to replace a service. what completes "while it is" and "while it was".
func itIsOneProcess(chaos *session.Session, plan session.VictimPlan, what string, replace order) {
	It("is one process while it is "+what+": "+plan.Name, spec.On(plan.Name), func(ctx SpecContext) {
		sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, plan.Name)
		before := spec.Identify(ctx, sandbox, service)

		By("count the processes of " + plan.Name + " while it is " + what)
		spec.Conclude(sandbox.Agent().WatchCrowd(ctx, plan.Name, map[string][]string{plan.Name: before.Argv}))
		refused := replace(ctx, sandbox, promise.TreeSingle, service)
		after, replaced := spec.AwaitSuccessor(ctx, sandbox, service, before, successorLimit)
		By("wait for a second process of " + plan.Name + ", which a needless retry would start")
		spec.Pause(ctx, 2*delay)
		crowd, err := sandbox.Agent().EndCrowd(ctx, plan.Name)
		spec.Conclude(err)

		if most := crowd.Most[plan.Name].PIDs; len(most) > 1 {
			spec.FailWith(chaos, fmt.Sprintf("%s had %d processes at the same time while it was %s", plan.Name, len(most), what),
				spec.Note("before", "pid %d", before.PID),
				spec.Note("at once", "pids %s", strings.Trim(fmt.Sprint(most), "[]")),
				spec.Note("looked", "%d times, %.0f a second", crowd.Looks, crowd.Rate()),
				spec.Note("zinit", "%s", sandbox.StatusText(ctx, plan.Name)))
		}
		if crowd.Rate() < countRate {
			spec.InconclusiveBecause(record.HostStalled("the processes were counted less than 20 times a second"))
		}
		requireTaken(refused)
		if !replaced || after.PID == 0 {
			spec.Inconclusive("the service was not replaced, so that there was no moment for two processes of it")
		}
	}, NodeTimeout(time.Minute))
}

// restartAtOnce gives five orders at once. It returns an error if none was taken: the promise is about what happens, and
// not about the answers.
func restartAtOnce(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	answers := make(chan error)
	for range 5 {
		go func() { answers <- sandbox.Supervisor.Restart(ctx, service.Name) }()
	}
	var refused error
	taken := false
	for range 5 {
		if err := <-answers; err != nil {
			refused = err
		} else {
			taken = true
		}
	}
	if taken {
		return nil
	}
	return refused
}

func stopAndStart(ctx context.Context, sandbox *session.Sandbox, _ string, service session.Service) error {
	stopping := make(chan error, 1)
	go func() { stopping <- sandbox.Supervisor.Stop(ctx, service.Name) }()
	spec.Until(ctx, stopTimeout, func(ctx context.Context) bool {
		status, err := sandbox.Supervisor.Status(ctx, service.Name)
		return err == nil && status.State != zinit.StateRunning
	})
	_ = sandbox.Supervisor.Start(ctx, service.Name) // it may be refused as long as the service stops
	if err := <-stopping; err != nil {
		return err
	}
	return sandbox.Supervisor.Start(ctx, service.Name)
}
