package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// stoppedSandbox is a sandbox of its own: a service is stopped there and stays stopped.
	stoppedSandbox = "stopped"
	// downPeriod is the time for which a stopped service is watched: longer than any watchdog pauses.
	downPeriod = 30 * time.Second
	// closePeriod is the time for which the kernel may still accept for a process that has ended: it closes its files thread by thread.
	closePeriod = time.Second
)

// findLeaf returns a shipped service that no other requires.
func findLeaf(t *target.Target) (target.Service, bool) {
	var required []string
	for _, service := range t.Services {
		required = append(required, service.Requires...)
	}
	services := slices.DeleteFunc(t.Restartable(), func(s target.Service) bool {
		return s.Socket == "" || slices.Contains(required, s.Name)
	})
	if len(services) == 0 {
		return target.Service{}, false
	}
	return services[len(services)-1], true
}

// itStaysDown registers the spec of one service that is stopped through zinit. prepare makes sure that it is there.
func itStaysDown(chaos *session.Session, service session.Service, prepare func(SpecContext, *session.Sandbox)) {
	budgets := chaos.Target.Budgets
	It("stays down when it is stopped: "+service.Name, spec.About(promise.ImageStaysStopped), spec.On(service.Name), spec.InBackground(stoppedSandbox),
		spec.Takes(30*time.Second), func(ctx SpecContext) {
			sandbox := spec.Background(ctx, chaos, stoppedSandbox)
			prepare(ctx, sandbox)
			spec.Hold(ctx, sandbox, service.Name)
			if err := recovery.CheckSteady(ctx, sandbox, service.Endpoint); err != nil {
				spec.Inconclusive(fmt.Sprintf("%s was not healthy before it was stopped: %v", service.Name, err))
			}
			before := spec.Identify(ctx, sandbox, service)

			By("stop " + service.Name)
			spec.Conclude(sandbox.Supervisor.Stop(ctx, service.Name))
			spec.Await(ctx, budgets.StopTimeout.Duration()+spec.Tolerance(chaos), "the process of "+service.Name+" ends after the stop", func(ctx context.Context) bool { return spec.HasEnded(ctx, sandbox, before) })
			lastRun := findLastRun(ctx, sandbox, service.Name)
			began, wrong := time.Now(), ""
			if !spec.Watch(ctx, downPeriod, "watch "+service.Name+" while it is stopped", func(ctx context.Context) bool {
				wrong = describeSuccessor(ctx, sandbox, service, before)
				return wrong != ""
			}) && findLastRun(ctx, sandbox, service.Name) != lastRun { // a process may have come and gone between two looks
				wrong = "zinit has recorded another run of it meanwhile"
			}
			if wrong != "" {
				after := span.Text(time.Since(began))
				spec.FailWith(chaos, fmt.Sprintf("%s was started again %s after it had been stopped through zinit", service.Name, after),
					spec.Note("before", "pid %d, healthy; zinit was told to stop it, and it ended", before.PID),
					spec.Note("+"+after, "%s", wrong), spec.Note("zinit", "%s", sandbox.StatusText(ctx, service.Name)))
			}
		}, NodeTimeout(budgets.Boot.Duration()+2*downPeriod+budgets.StopTimeout.Duration()))
}

// describeSuccessor says which process runs in a stopped service's place, or nothing.
func describeSuccessor(ctx context.Context, sandbox *session.Sandbox, service session.Service, before record.Incarnation) string {
	GinkgoHelper()
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	commands := map[int]string{}
	for _, process := range table {
		commands[process.PID] = strings.Join(process.Argv, " ")
	}
	if at := slices.IndexFunc(table, func(p protocol.Process) bool { return len(p.Argv) > 0 && slices.Equal(p.Argv, before.Argv) }); at >= 0 {
		process := table[at]
		return fmt.Sprintf("pid %d runs the same command; its parent is pid %d: %s", process.PID, process.Parent, commands[process.Parent])
	}
	if accepts(ctx, sandbox, service) {
		spec.Pause(ctx, closePeriod)
		if accepts(ctx, sandbox, service) {
			return "something accepts connections in its place"
		}
	}
	return ""
}

// accepts reports whether something accepts connections at the endpoint of a service.
func accepts(ctx context.Context, sandbox *session.Sandbox, service session.Service) bool {
	conn, err := sandbox.Dial(ctx, service.Endpoint)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// findLastRun returns when the last run of a service began that zinit has recorded, or 0 if it records none.
func findLastRun(ctx context.Context, sandbox *session.Sandbox, service string) int64 {
	GinkgoHelper()
	jobs, err := sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(service), 1)
	if errors.Is(err, zinit.ErrNotExpressible) || errors.Is(err, zinit.ErrNotFound) || (err == nil && len(jobs) == 0) {
		return 0
	}
	spec.Conclude(err)
	return jobs[0].Started
}
