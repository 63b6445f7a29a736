package health

import (
	"context"
	"fmt"
	"slices"
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

// timesOut has a mute service asked by a probe that waits for a minute: what ends it is the timeout. The service
// notes the stop signal that follows from it. Its end would end the probe as well, which therefore has something left to do.
func timesOut(chaos *session.Session, plan session.VictimPlan) {
	plan.Options.Behaviour = victim.Mute
	plan.Probe += "; sleep 61"
	It("is killed when it takes too long: "+plan.Name, about(promise.HealthTimeout, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthTimeout, plan)
		patient.born(ctx)
		lives, asked := patient.until(ctx, startPeriod+late, func(lives []life) bool { return len(lives[0].probes) > 0 })
		if !asked {
			patient.broken(ctx, plan.Name+" was never asked", history(lives)...)
		}
		probe := patient.probeProcesses(ctx)
		lives, told := patient.until(ctx, timeout+late, func(lives []life) bool { return lives[0].terminating != 0 || len(lives) > 1 })
		if !told {
			patient.broken(ctx, fmt.Sprintf("%s never answered its health check and was not told to end within %s; a check may take %s",
				plan.Name, span.Text(timeout+late), span.Text(timeout)), history(lives)...)
		}
		took := time.Duration(lives[0].terminating - lives[0].probes[0])
		if lives[0].terminating == 0 { // it was killed at once
			took = time.Duration(lives[1].started-lives[0].probes[0]) - delay
		}
		record, err := patient.record(ctx)
		inTime := err == nil && len(record) > 0 && record[0].Ended != 0 &&
			patient.within(time.Duration(nanoseconds(record[0].Ended-record[0].Started)), timeout)
		if !patient.within(took, timeout) && !inTime { // where it was killed in time, the host was slow to bring the rest
			patient.broken(ctx, fmt.Sprintf("%s was told to end %s after its health check had asked it, not %s after it",
				plan.Name, span.Text(took), span.Text(timeout)), history(lives)...)
		}
		if len(probe) == 0 {
			spec.Inconclusive("the health check's process was not seen while it waited")
		}
		var left []protocol.Process
		gone := spec.Until(ctx, late, func(inner context.Context) bool {
			left = patient.living(inner, probe)
			return len(left) == 0
		})
		if !gone {
			patient.broken(ctx, fmt.Sprintf("the health check of %s timed out and was not killed: process %d is still there", plan.Name, left[0].PID),
				history(lives)...)
		}
	})
}

// probeProcesses are the processes that ask the patient: the shell that runs its probe, and the probe.
func (p *patient) probeProcesses(ctx context.Context) []protocol.Process {
	table, err := p.sandbox.Agent().Processes(ctx)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(table, func(process protocol.Process) bool {
		return !strings.Contains(strings.Join(process.Argv, " "), "probe") || !strings.Contains(strings.Join(process.Argv, " "), p.plan.Options.Socket)
	})
}

// living are those of some processes that are still there, whatever they do by now.
func (p *patient) living(ctx context.Context, those []protocol.Process) []protocol.Process {
	table, err := p.sandbox.Agent().Processes(ctx)
	if err != nil {
		return those // not known to be gone
	}
	return slices.DeleteFunc(slices.Clone(those), func(one protocol.Process) bool {
		return !slices.ContainsFunc(table, func(now protocol.Process) bool {
			return now.PID == one.PID && now.StartTime == one.StartTime && now.State != "Z"
		})
	})
}

// countsFailuresInARow changes the victim's mood from check to check. That three in a row do restart it shows that
// the failures before counted as failures.
func countsFailuresInARow(chaos *session.Session, plan session.VictimPlan) {
	const each = 1370 * time.Millisecond // it takes nine of them
	plan = plan.WithHealth(schedule(each, startPeriod, 3), patience)
	plan.Options.Behaviour = victim.Error
	moods := []victim.Behaviour{
		victim.Error, victim.Error, victim.Good, victim.Error, victim.Error, victim.Good,
		victim.Error, victim.Error, victim.Error,
	}
	It("counts failures in a row: "+plan.Name, about(promise.HealthConsecutive, plan), func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthConsecutive, plan)
		patient.born(ctx)
		control := patient.orders(ctx)
		var refused error // who is gone takes no orders
		for n := 1; n <= len(moods); n++ {
			lives, ok := patient.until(ctx, startPeriod+each+late, func(lives []life) bool {
				return len(lives) > 1 || lives[0].terminating != 0 || len(lives[0].probes) >= n
			})
			if len(lives[0].probes) < n && ok {
				patient.broken(ctx, fmt.Sprintf("%s was replaced after these answers in a row, of which no three are bad: %s", plan.Name, words(moods[:n-1])),
					history(lives)...)
			}
			if !ok {
				patient.broken(ctx, fmt.Sprintf("%s was checked %s, and check %d did not come within %s",
					plan.Name, count(n-1, "time"), n, span.Text(startPeriod+each+late)), history(lives)...)
			}
			spec.Conclude(refused)
			if len(lives[0].probes) > n {
				spec.Inconclusive(record.TooCoarse("a check came before the service had been told how to answer it"))
			}
			if n < len(moods) {
				refused = control.Become(ctx, moods[n], 0)
			}
		}
		lives, ok := patient.until(ctx, late, func(lives []life) bool { return lives[0].terminating != 0 || len(lives) > 1 })
		if !ok {
			patient.broken(ctx, fmt.Sprintf("%s failed three checks in a row and was not told to end within %s", plan.Name, span.Text(late)),
				history(lives)...)
		}
	})
}

func words(moods []victim.Behaviour) string {
	var words []string
	for _, mood := range moods {
		words = append(words, string(mood))
	}
	return strings.Join(words, ", ")
}

// replacesWhoFails lets a service answer well first: what changes is its answer, and nothing else.
func replacesWhoFails(chaos *session.Session, plan session.VictimPlan, behaviour victim.Behaviour) {
	labels := append(about(promise.HealthFailing, plan), spec.WithBehaviour(behaviour))
	It("replaces who fails it: "+plan.Name, labels, func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthFailing, plan)
		patient.checked(ctx, 1)
		control := patient.orders(ctx)
		spec.Conclude(control.Become(ctx, behaviour, 0))
		if _, err := patient.asksFor(ctx, 300*time.Millisecond); err == nil {
			spec.Inconclusive("no landing: " + plan.Name + " was told to misbehave and answers well")
		}
		limit := interval + timeout + patient.tolerance
		lives, ok := patient.until(ctx, limit, func(lives []life) bool { return lives[0].terminating != 0 || len(lives) > 1 })
		if !ok {
			patient.broken(ctx, fmt.Sprintf("%s answers badly (%s) and was not replaced: it was not told to end within %s", plan.Name, behaviour, span.Text(limit)), history(lives)...)
		}
		limit = stopTimeout + delay + late
		if lives, ok = patient.until(ctx, limit, func(lives []life) bool { return len(lives) > 1 }); !ok {
			patient.broken(ctx, fmt.Sprintf("%s was told to end and not started again within %s", plan.Name, span.Text(limit)), history(lives)...)
		}
		well := spec.Until(ctx, 2*late, func(ctx context.Context) bool { _, err := patient.asks(ctx); return err == nil })
		if !well {
			patient.broken(ctx, plan.Name+" was replaced by a process that does not answer well", history(lives)...)
		}
	})
}

// slowTimeout is the timeout of the slow services' health checks, slowInterval is above it.
const (
	slowTimeout  = 2330 * time.Millisecond
	slowInterval = 2970 * time.Millisecond
)

func leavesTheSlowAlone(chaos *session.Session, plan session.VictimPlan, reply time.Duration) {
	plan = plan.WithHealth(schedule(slowInterval, startPeriod, 1), slowTimeout).WithPatientProbe(time.Minute)
	plan.Options.ReplyDelay = reply
	labels := append(about(promise.HealthSlow, plan), spec.WithBehaviour(protocol.Slow))
	It("leaves who is slow and well alone: "+plan.Name, labels, func(ctx SpecContext) {
		patient := admit(ctx, chaos, promise.HealthSlow, plan)
		const checks = 3
		patient.born(ctx)
		limit := startPeriod + checks*slowInterval + late
		lives, ok := patient.until(ctx, limit, func(lives []life) bool {
			return lives[0].terminating != 0 || len(lives) > 1 || len(lives[0].probes) > checks
		})
		if lives[0].terminating != 0 || len(lives) > 1 {
			if lives[0].lateness(slowInterval) > (slowTimeout-reply)/2 { // what comes before the question may well come after the answer
				spec.Inconclusive(record.TooCoarse("a health check had to wait for a processor, and had less than its time for the answer"))
			}
			patient.broken(ctx, fmt.Sprintf("%s answers well after %s, its health check may take %s, and it was replaced",
				plan.Name, span.Text(reply), span.Text(slowTimeout)), history(lives)...)
		}
		if !ok {
			spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
		}
		took, err := patient.asks(ctx)
		if err != nil || took < reply {
			spec.Inconclusive("no landing: the service was to be slow, and was not, or did not answer us")
		}
	})
}
