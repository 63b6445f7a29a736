package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itTimesOut registers the spec of a mute service. Its probe waits for a minute, so only the timeout can end the check. The
// victim's end would end the probe as well; the sleep keeps the probe busy beyond that.
func itTimesOut(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.Behaviour = victim.Mute
	plan.Probe += "; sleep 61"
	It("is killed when it takes too long: "+plan.Name, decorate(promise.HealthTimeout, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		v.awaitStart(ctx)
		lives, asked := v.await(ctx, "was asked once", startPeriod+overdueLimit, func(lives []life) bool { return len(lives[0].probes) > 0 })
		if !asked {
			v.fail(ctx, plan.Name+" was never asked", lives)
		}

		By("find the processes of the health check of " + plan.Name + ": the probe, and the shell that runs it")
		var probe []record.Incarnation
		table, _ := v.sandbox.Agent().Processes(ctx) // if there is none, only the timeout can be judged
		for _, process := range table {
			if line := strings.Join(process.Argv, " "); strings.Contains(line, "probe") && strings.Contains(line, plan.Options.Socket) {
				probe = append(probe, process.Incarnation)
			}
		}

		lives, ended := v.await(ctx, "is told to end", timeout+overdueLimit, isOver)
		if !ended {
			v.fail(ctx, fmt.Sprintf("%s never answered its health check and was not told to end within %s; a check may take %s",
				plan.Name, span.Text(timeout+overdueLimit), span.Text(timeout)), lives)
		}
		took := time.Duration(lives[0].terminating - lives[0].probes[0])
		if lives[0].terminating == 0 { // it was killed at once
			took = time.Duration(lives[1].started-lives[0].probes[0]) - delay
		}
		checked, err := v.readChecks(ctx)
		recordedOnTime := err == nil && len(checked) > 0 && checked[0].Ended != 0 &&
			v.isOnTime(time.Duration(toNanoseconds(checked[0].Ended-checked[0].Started)), timeout)
		if !v.isOnTime(took, timeout) && !recordedOnTime { // if the check was killed in time, the host delayed the rest
			v.fail(ctx, fmt.Sprintf("%s was told to end %s after its health check had asked it, not %s after it",
				plan.Name, span.Text(took), span.Text(timeout)), lives)
		}

		if len(probe) == 0 {
			spec.Inconclusive("the health check's process was not seen while it waited")
		}
		By("wait until the health check of " + plan.Name + " is gone")
		left := len(probe)
		gone := spec.Until(ctx, overdueLimit, func(ctx context.Context) bool {
			living, err := spec.FindLiving(ctx, v.sandbox, probe...)
			if err == nil {
				left = len(living)
			}
			return left == 0
		})
		if !gone {
			v.fail(ctx, fmt.Sprintf("the health check of %s timed out and was not killed: %s of it remained", plan.Name, spec.Count(left, "process")), lives)
		}
	})
}

// itCountsFailuresInARow registers the spec that changes the victim's behaviour from check to check. Three failures in a
// row do restart it at the end, which shows that the failures before counted as failures.
func itCountsFailuresInARow(chaos *session.Session, plan session.VictimPlan) {
	const checkInterval = 1370 * time.Millisecond
	plan = plan.WithHealth(newSchedule(checkInterval, startPeriod, 3), healthyTimeout)
	plan.Options.Behaviour = victim.Error
	answers := []victim.Behaviour{
		victim.Error, victim.Error, victim.Good, victim.Error, victim.Error, victim.Good,
		victim.Error, victim.Error, victim.Error,
	}
	It("counts failures in a row: "+plan.Name, decorate(promise.HealthConsecutive, plan), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		v.awaitStart(ctx)
		control := spec.Command(ctx, v.sandbox, plan)
		const limit = startPeriod + checkInterval + overdueLimit
		var refused error // by a process that is gone already
		for n := 1; n <= len(answers); n++ {
			lives, ok := v.await(ctx, "was asked "+spec.Count(n, "time"), limit, func(lives []life) bool {
				return isOver(lives) || len(lives[0].probes) >= n
			})
			if len(lives[0].probes) < n && ok {
				v.fail(ctx, fmt.Sprintf("%s was replaced after these answers in a row, of which no three are bad: %v", plan.Name, answers[:n-1]), lives)
			}
			if !ok {
				v.fail(ctx, fmt.Sprintf("%s was checked %s, and check %d did not come within %s", plan.Name, spec.Count(n-1, "time"), n, span.Text(limit)), lives)
			}
			spec.Conclude(refused)
			if len(lives[0].probes) > n {
				spec.InconclusiveBecause(record.TooCoarse("a check came before the service had been told how to answer it"))
			}
			if n < len(answers) {
				refused = control.Become(ctx, answers[n], 0)
			}
		}
		if lives, ok := v.await(ctx, "is told to end", overdueLimit, isOver); !ok {
			v.fail(ctx, fmt.Sprintf("%s failed three checks in a row and was not told to end within %s", plan.Name, span.Text(overdueLimit)), lives)
		}
	})
}

// itReplacesAFailingService registers the spec of a service that answers well first: only its answer changes.
func itReplacesAFailingService(chaos *session.Session, plan session.VictimPlan, behaviour victim.Behaviour) {
	It("replaces a service that fails it: "+plan.Name, append(decorate(promise.HealthFailing, plan), spec.WithBehaviour(behaviour)), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		v.requireProbes(ctx, 1)
		control := spec.Command(ctx, v.sandbox, plan)
		By(fmt.Sprintf("tell %s to behave badly: %s", plan.Name, behaviour))
		spec.Conclude(control.Become(ctx, behaviour, 0))
		if _, err := spec.Ask(ctx, v.sandbox, plan.Endpoint(), 300*time.Millisecond); err == nil {
			spec.Inconclusive("no landing: " + plan.Name + " was told to misbehave and answers well")
		}

		limit := interval + timeout + spec.Tolerance(chaos)
		lives, ok := v.await(ctx, "is told to end", limit, isOver)
		if !ok {
			v.fail(ctx, fmt.Sprintf("%s answers badly (%s) and was not replaced: it was not told to end within %s", plan.Name, behaviour, span.Text(limit)), lives)
		}
		limit = stopTimeout + delay + overdueLimit
		if lives, ok = v.await(ctx, "is started again", limit, func(lives []life) bool { return len(lives) > 1 }); !ok {
			v.fail(ctx, fmt.Sprintf("%s was told to end and not started again within %s", plan.Name, span.Text(limit)), lives)
		}
		By("wait until " + plan.Name + " answers well")
		well := spec.Until(ctx, 2*overdueLimit, func(ctx context.Context) bool {
			_, err := spec.Ask(ctx, v.sandbox, plan.Endpoint(), askTimeout)
			return err == nil
		})
		if !well {
			v.fail(ctx, plan.Name+" was replaced by a process that does not answer well", lives)
		}
	})
}

const (
	// askTimeout bounds the harness's own question.
	askTimeout = 10 * time.Second
	// slowTimeout and slowInterval are those of the slow services' health checks.
	slowTimeout  = 2330 * time.Millisecond
	slowInterval = 2970 * time.Millisecond
)

func itLeavesASlowServiceAlone(chaos *session.Session, plan session.VictimPlan, replyDelay time.Duration) {
	plan = plan.WithHealth(newSchedule(slowInterval, startPeriod, 1), slowTimeout).WithPatientProbe(probeTimeout)
	plan.Options.ReplyDelay = replyDelay
	It("leaves a slow service alone: "+plan.Name, append(decorate(promise.HealthSlow, plan), spec.WithBehaviour(protocol.Slow)), func(ctx SpecContext) {
		v := register(ctx, chaos, plan)
		v.awaitStart(ctx)
		const checks = 3
		limit := startPeriod + checks*slowInterval + overdueLimit
		lives, ok := v.await(ctx, fmt.Sprintf("was asked more than %d times", checks), limit, func(lives []life) bool {
			return isOver(lives) || len(lives[0].probes) > checks
		})
		if isOver(lives) {
			if lives[0].lateness(slowInterval) > (slowTimeout-replyDelay)/2 { // the answer may have been delayed as much as the question
				spec.InconclusiveBecause(record.TooCoarse("a health check had to wait for a processor, and had less than its time for the answer"))
			}
			v.fail(ctx, fmt.Sprintf("%s answers well after %s, its health check may take %s, and it was replaced",
				plan.Name, span.Text(replyDelay), span.Text(slowTimeout)), lives)
		}
		if !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		By("ask " + plan.Name + " how slow it is")
		took, err := spec.Ask(ctx, v.sandbox, plan.Endpoint(), askTimeout)
		if err != nil || took < replyDelay {
			spec.Inconclusive("no landing: the service was to be slow, and was not, or did not answer us")
		}
	})
}
