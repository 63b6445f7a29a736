package owner

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// withOpen returns sandboxes of which one has started.
func withOpen(name string, live *liveSandbox) *sandboxes {
	s := newSandboxes(nil)
	opening, _ := s.use(name, nil)
	s.set(opening)(live, nil)
	close(opening.ready)
	return s
}

// start plays the start of a sandbox for a client.
func start(t *testing.T, s *sandboxes, name string, client *heldLeases) *opening {
	t.Helper()
	opening, isNew := s.use(name, client)
	if isNew {
		s.set(opening)(&liveSandbox{name: name, generation: opening.generation}, nil)
		close(opening.ready)
	}
	return opening
}

func TestASandboxIsUselessAfterTheLastOfItsSpecs(t *testing.T) {
	s := newSandboxes([]admission.Demand{{Sandbox: "own", Specs: 3}, {Sandbox: "other", Specs: 1}})
	one, two := &heldLeases{}, &heldLeases{}
	start(t, s, "own", one)
	start(t, s, "own", two)
	start(t, s, "other", two)
	start(t, s, protocol.MainSandbox, one)
	for i, c := range []struct {
		client   *heldLeases
		labelled string
		want     []string
	}{
		{one, "own", nil},
		{one, "", nil},              // a spec in the main sandbox
		{one, "own", nil},           // one that has not got as far as to use it
		{&heldLeases{}, "own", nil}, // the last, while another spec uses it, too
		{two, "other", []string{"other", "own"}},
	} {
		if got := s.finish(c.client, c.labelled); !slices.Equal(got, c.want) {
			t.Errorf("step %d: %v, not %v", i, got, c.want)
		}
	}
}

func TestAnIdleSandboxMakesRoom(t *testing.T) {
	s := newSandboxes([]admission.Demand{{Sandbox: "ordered", Specs: 2, Ordered: true}, {Sandbox: "own", Specs: 2}})
	client := &heldLeases{}
	start(t, s, protocol.MainSandbox, nil)
	start(t, s, "own", client)
	start(t, s, "ordered", nil)
	now := time.Now()
	if name, found := s.findIdle(now.Add(idleLimit + time.Second)); found {
		t.Errorf("%s is idle", name)
	}
	s.finish(client, "own")
	if name, found := s.findIdle(now); found {
		t.Errorf("%s has been idle for a while", name)
	}
	if name, _ := s.findIdle(now.Add(idleLimit + time.Second)); name != "own" {
		t.Errorf("%q is idle, not own", name)
	}
	if live, _ := s.depart("own"); live == nil {
		t.Fatal("own cannot be removed")
	}
	if name, _ := s.findIdle(now.Add(orderedIdleLimit + time.Second)); name != "ordered" {
		t.Errorf("%q is idle, not ordered", name)
	}
	if _, err := s.find("own"); !errors.Is(err, errGone) {
		t.Errorf("find what was removed: %v", err)
	}
	if again := start(t, s, "own", client); again.generation != 2 || again.sandbox.instance() != "own-2" {
		t.Errorf("it is started again as %q", again.sandbox.instance())
	}
	if live, _ := s.depart("own"); live != nil {
		t.Error("a sandbox is removed that a spec uses")
	}
	if names := s.names(); !slices.Equal(names, []string{"main", "ordered", "own"}) {
		t.Errorf("the sandboxes are %v", names)
	}
}

// TestWhatWasSeenInARemovedSandboxIsKept checks that a disturbance is not lost with its sandbox.
func TestWhatWasSeenInARemovedSandboxIsKept(t *testing.T) {
	o := &Owner{target: &target.Target{}, leases: newTestLeases(&fakeClock{100}), sandboxes: newSandboxes(nil)}
	live := &liveSandbox{name: "own", watched: map[string]watchedService{}, agent: agent.Client{
		Call: func(_ context.Context, _ string, _, result any) error {
			*result.(*[]agent.Death) = []agent.Death{{Service: "bystander", At: record.Interval{Lo: 200, Hi: 201}}}
			return nil
		},
	}}
	opening, _ := o.sandboxes.use("own", nil)
	o.sandboxes.set(opening)(live, nil)
	close(opening.ready)
	_, departure := o.sandboxes.depart("own")
	departure.disturbed, departure.err = o.disturbancesOf(t.Context(), live, 0, 1<<62)
	close(departure.done)
	for _, c := range []struct {
		from, to int64
		want     int
	}{{0, 1 << 62, 1}, {0, 199, 0}, {202, 300, 0}} {
		found, err := o.findDisturbances(t.Context(), protocol.DisturbedParams{Sandbox: "own", From: c.from, To: c.to})
		if err != nil || len(found) != c.want {
			t.Errorf("from %d to %d: %v, %v", c.from, c.to, found, err)
		}
	}
}
