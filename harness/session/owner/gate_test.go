package owner

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
)

// queue has sandboxes wait at a gate, one after the other, and returns what is sent the name of each that is admitted.
func queue(ctx context.Context, t *testing.T, g *gate, full func(), demands ...admission.Demand) chan string {
	t.Helper()
	admitted := make(chan string, len(demands))
	for _, demand := range demands {
		go func() {
			if g.enter(ctx, demand, full) == nil {
				admitted <- demand.Sandbox
			}
		}()
		synctest.Wait()
	}
	return admitted
}

// drain returns the names that were admitted until now.
func drain(admitted chan string) (names []string) {
	synctest.Wait()
	for len(admitted) > 0 {
		names = append(names, <-admitted)
	}
	return names
}

func TestSandboxesBootOneAfterTheOtherTheLongestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.setLimit(2)
		admitted := queue(t.Context(), t, g, func() {}, admission.Demand{Sandbox: "first", Period: 1}, admission.Demand{Sandbox: "short", Period: 2},
			admission.Demand{Sandbox: "long", Period: 9}, admission.Demand{Sandbox: "as long", Period: 9})
		for i, step := range []struct {
			do   func()
			want []string
		}{
			{func() {}, []string{"first"}},
			{func() { g.booted(true) }, []string{"long"}},
			{func() { g.booted(false) }, []string{"as long"}}, // the long one could not be started
			{func() { g.booted(true) }, nil},                  // there is no room
			{func() { g.leave() }, []string{"short"}},
		} {
			step.do()
			if got := drain(admitted); !slices.Equal(got, step.want) {
				t.Errorf("step %d: admitted are %v, not %v", i, got, step.want)
			}
		}
	})
}

func TestAFullGateAsksForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.setLimit(1)
		asked := 0
		admitted := queue(t.Context(), t, g, func() {
			if asked++; asked == 3 {
				g.leave()
			}
		}, admission.Demand{Sandbox: "one"}, admission.Demand{Sandbox: "two"})
		g.booted(true)
		time.Sleep(5 * roomInterval) // virtual
		if got := drain(admitted); !slices.Equal(got, []string{"one", "two"}) || asked != 3 {
			t.Errorf("admitted are %v after %d questions", got, asked)
		}
	})
}

func TestWhoGivesUpLeavesTheGateAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		g.setLimit(1)
		queue(t.Context(), t, g, func() {}, admission.Demand{Sandbox: "one"})
		ctx, cancel := context.WithCancelCause(t.Context())
		queue(ctx, t, g, func() {}, admission.Demand{Sandbox: "two"})
		cancel(errors.New("nobody waits"))
		synctest.Wait()
		g.booted(true)
		g.leave()
		if g.live != 0 || g.booting || len(g.waiting) != 0 {
			t.Errorf("%d are live, booting is %v, %d wait", g.live, g.booting, len(g.waiting))
		}
	})
}
