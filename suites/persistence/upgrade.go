package persistence

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// cutDelay is the time after which a container is killed that is taking definitions.
const cutDelay = 300 * time.Millisecond

// upgrades registers the specs of the day of promotion, if the run names an image to upgrade from: on what that one has left the tested one
// starts, and then that one again.
func upgrades(chaos *session.Session) {
	if chaos.Configuration.UpgradeFrom == "" {
		return
	}
	Describe("over an upgrade", spec.InBackground(session.UpgradeSandbox), spec.Interrupting(session.Upgrade, session.Rollback), spec.Takes(2*time.Minute), Ordered, ContinueOnFailure, func() {
		for _, way := range []struct {
			name, what  string
			up, back    session.Order
			inTheMiddle bool
		}{
			{"stopped", "stopped", session.Upgrade, session.Rollback, false},
			{"killed", "killed", session.UpgradeKilled, session.RollbackKilled, false},
			{"cut", "killed in the middle of orders", session.UpgradeKilled, session.RollbackKilled, true},
		} {
			itUpgrades(newExperiment(chaos, session.UpgradeSandbox, ending{
				name: "upgrade-" + way.name, what: "the promoted image was " + way.what + " and the tested one started on its data",
				end: replace(way.up, way.inTheMiddle), inTheMiddle: way.inTheMiddle, toTested: true,
			}))
			itUpgrades(newExperiment(chaos, session.UpgradeSandbox, ending{
				name: "rollback-" + way.name, what: "the tested image was " + way.what + " and the promoted one started on its data",
				end: replace(way.back, way.inTheMiddle), inTheMiddle: way.inTheMiddle,
			}))
		}
	})
}

// replace returns a way to end a supervisor: its container is replaced by one of the other image, if inTheMiddle while it takes orders.
func replace(order session.Order, inTheMiddle bool) func(context.Context, *session.Session, *population) (session.Interruption, error) {
	return func(ctx context.Context, chaos *session.Session, p *population) (session.Interruption, error) {
		if inTheMiddle {
			orders, stop := context.WithCancel(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				giveOrders(orders, p)
			}()
			defer func() { stop(); <-done }()
			spec.Pause(ctx, cutDelay)
		}
		return p.sandbox.Interrupt(ctx, order, chaos.Target.Budgets.StopTimeout.Duration())
	}
}

// giveOrders registers and deletes one service again and again, until ctx ends.
func giveOrders(ctx context.Context, p *population) {
	supervisor, definition := p.sandbox.Supervisor, p.deleted.Definition()
	for ctx.Err() == nil {
		if _, err := supervisor.Register(ctx, definition); err != nil {
			return // the container is gone
		}
		if supervisor.Delete(ctx, p.deleted.Name) != nil {
			return
		}
	}
}

// onVolume plans a victim whose program and files are on the data volume, so that they outlive the container.
func onVolume(chaos *session.Session, name string) session.VictimPlan {
	plan := session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
	folder := path.Join(cmp.Or(chaos.Target.Container.Data, "/"), "hero_chaos")
	plan.Binary = path.Join(folder, "victim")
	plan.Options.Socket = path.Join(folder, path.Base(plan.Options.Socket))
	plan.Options.Control = path.Join(folder, path.Base(plan.Options.Control))
	plan.Options.Journal = path.Join(folder, path.Base(plan.Options.Journal))
	return plan
}

// itUpgrades registers the specs of one replacement.
func itUpgrades(e *experiment) {
	what := e.ending.what
	e.it("everything serves", promise.UpgradeServing, "kept", func(_ string, seen result) {
		e.failIfAny(seen.silent, fmt.Sprintf("%s did not serve %s after %s", spec.Count(len(seen.silent), "service"), e.chaos.Target.Budgets.Boot, what))
	})
	e.it("all of ours is registered as before", promise.UpgradeDefinitions, "kept", func(_ string, seen result) {
		ours := map[string]string{}
		for name, how := range seen.changed { // the images' own services may differ: they are what is promoted
			if spec.IsOurs(name) {
				ours[name] = how
			}
		}
		e.failIfAny(ours, fmt.Sprintf("%s of ours not registered as before after %s", spec.Count(len(ours), "service"), what))
	})
	e.it("what was stopped stays stopped", promise.UpgradeStopped, "stopped", func(victim string, seen result) {
		if seen.revived != "" {
			spec.FailWith(e.chaos, fmt.Sprintf("%s had been stopped, and ran again after %s", victim, what), spec.Note("after", "%s", seen.revived))
		}
	})
	if !e.ending.inTheMiddle { // else it is the service that the orders were about
		e.it("what was deleted stays away", promise.UpgradeDeleted, "deleted", func(victim string, seen result) {
			switch {
			case seen.undeleted != "":
				spec.Inconclusive("no service could be deleted: " + seen.undeleted)
			case seen.returned != "":
				spec.FailWith(e.chaos, fmt.Sprintf("%s had been deleted, and was there again after %s", victim, what), spec.Note("after", "%s", seen.returned))
			}
		})
	}
	if e.ending.toTested { // the promoted image may ship others
		e.it("nobody is there who is not listed", promise.UpgradeUnshipped, "kept", func(_ string, seen result) {
			if len(seen.unshipped) > 0 {
				spec.FailWith(e.chaos, fmt.Sprintf("%s there that the target file does not list, after %s", spec.Count(len(seen.unshipped), "service"), what),
					spec.List("service", seen.unshipped)...)
			}
		})
	}
	e.it("nothing runs twice", promise.UpgradeSingle, "kept", func(_ string, seen result) {
		e.failIfAny(seen.doubled, fmt.Sprintf("%s ran twice after %s", spec.Count(len(seen.doubled), "service"), what))
	})
	e.it("health checks go on", promise.UpgradeHealth, "checked", func(victim string, seen result) {
		switch {
		case !seen.checkedBefore:
			spec.Inconclusive("no health check of the service ran before, so none can go on")
		case !seen.checkedAfter:
			spec.FailWith(e.chaos, fmt.Sprintf("%s was checked before, and no longer after %s", victim, what))
		}
	})
	e.it("what lies in the data folder is unchanged", promise.UpgradeData, "kept", func(_ string, seen result) {
		if seen.noData != "" {
			spec.Inconclusive(seen.noData)
		}
		e.failIfAny(seen.data, fmt.Sprintf("%s in the data folder changed when %s", spec.Count(len(seen.data), "file"), what))
	})
}
