package owner

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// fakeClock is a clock that is off by at most 5.
type fakeClock struct{ now int64 }

func (c *fakeClock) earliest() int64 { return c.now - 5 }
func (c *fakeClock) latest() int64   { return c.now + 5 }

// newTestLeases returns leases of services of which each that has a digit needs the one before: b2 needs b1 and b0.
func newTestLeases(c clock) *leases {
	return newLeases(c, func(_, service, other string) bool {
		return service[:1] == other[:1] && service > other
	})
}

func TestALeaseIsHeldByOneAtATime(t *testing.T) {
	l := newTestLeases(&fakeClock{100})
	osis := lease{subject: subject{"main", "osis"}, client: 1}
	first, err := l.acquire(context.Background(), osis)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.acquire(context.Background(), lease{subject: subject{"other", "osis"}, client: 2}); err != nil {
		t.Fatalf("the same service of another sandbox is another subject: %v", err)
	}
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	const want = "wait for osis in sandbox main, which cannot be faulted beside osis in sandbox main, which lease-1 holds"
	if _, err := l.acquire(short, osis); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("a second holder: %v", err)
	}

	second := make(chan string, 1)
	go func() {
		id, _ := l.acquire(context.Background(), osis)
		second <- id
	}()
	if _, held := l.release(first); !held {
		t.Fatal("the first lease was not held")
	}
	if id := <-second; id == "" || id == first {
		t.Fatalf("the second lease is %q", id)
	}
	if _, held := l.release(first); held {
		t.Fatal("a lease was released twice")
	}
}

// TestExperimentsDoNotMeet checks who may have a lease while client 1 holds b1, which needs b0, and which b2 needs.
func TestExperimentsDoNotMeet(t *testing.T) {
	for name, c := range map[string]struct {
		wanted lease
		waits  bool
	}{
		"what it needs":                {lease{subject: subject{"main", "b0"}, client: 2, turn: 0}, true},
		"what needs it":                {lease{subject: subject{"main", "b2"}, client: 2, turn: 2}, true},
		"itself":                       {lease{subject: subject{"main", "b1"}, client: 2, turn: 1}, true},
		"all of the sandbox":           {lease{subject: subject{"main", protocol.WholeSandbox}, client: 2, turn: 0}, true},
		"a stranger":                   {lease{subject: subject{"main", "c0"}, client: 2, turn: 0}, false},
		"what it needs, elsewhere":     {lease{subject: subject{"other", "b0"}, client: 2, turn: 0}, false},
		"what it needs, by its client": {lease{subject: subject{"main", "b0"}, client: 1, turn: 0}, false},
		"together with what is not":    {lease{subject: subject{"main", "b0"}, client: 2, together: true}, true},
		"the sandbox, by its client":   {lease{subject: subject{"main", protocol.WholeSandbox}, client: 1, turn: 0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTestLeases(&fakeClock{100})
				first, _ := l.acquire(t.Context(), lease{subject: subject{"main", "b1"}, client: 1, turn: 1})
				granted := false
				go func() {
					_, err := l.acquire(t.Context(), c.wanted)
					granted = err == nil
				}()
				synctest.Wait()
				if granted == c.waits {
					t.Errorf("granted while b1 is held: %v", granted)
				}
				l.release(first)
				if synctest.Wait(); !granted {
					t.Error("not granted when b1 was free")
				}
			})
		})
	}
}

// TestTheEarlierTurnGoesFirst checks the order in which services that need each other get their leases: by their turns, not by their
// arrival, and a client that holds one does not wait for those that wait.
func TestTheEarlierTurnGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTestLeases(&fakeClock{100})
		first, _ := l.acquire(t.Context(), lease{subject: subject{"main", "b1"}, client: 1, turn: 1})
		order := make(chan string, 3)
		for client, service := range []string{"b3", "b0", "b2"} {
			go func() {
				id, _ := l.acquire(t.Context(), lease{subject: subject{"main", service}, client: 10 + client, turn: int(service[1] - '0')})
				order <- service
				l.release(id)
			}()
			synctest.Wait()
		}
		if _, err := l.acquire(t.Context(), lease{subject: subject{"main", "b4"}, client: 1, turn: 4}); err != nil {
			t.Errorf("its second lease: %v", err)
		}
		l.release("lease-2")
		l.release(first)
		if got := <-order + <-order + <-order; got != "b0b2b3" {
			t.Errorf("the order is %s", got)
		}
	})
}

// TestWhoGivesUpHoldsUpNobody checks that a wait that has ended blocks no later one.
func TestWhoGivesUpHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTestLeases(&fakeClock{100})
		first, _ := l.acquire(t.Context(), lease{subject: subject{"main", "c0"}, client: 1, turn: 0})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() {
			_, _ = l.acquire(short, lease{subject: subject{"main", protocol.WholeSandbox}, client: 2, turn: 0})
		}()
		synctest.Wait()
		if _, err := l.acquire(t.Context(), lease{subject: subject{"main", "b0"}, client: 3, turn: 0}); err != nil || short.Err() == nil {
			t.Errorf("it waited for who waits for all, until that gave up: %v, %v", err, short.Err())
		}
		l.release(first)
	})
}

func TestATenureExplainsDisturbances(t *testing.T) {
	now := &fakeClock{100}
	l := newTestLeases(now)
	osis := subject{"main", "osis"}
	id, _ := l.acquire(context.Background(), lease{subject: osis})
	if !l.explains(osis, 150, 151) {
		t.Error("an open tenure explains nothing")
	}
	now.now = 200
	l.release(id)
	for _, c := range []struct {
		lo, hi    int64
		explained bool
	}{{90, 94, false}, {90, 95, true}, {150, 160, true}, {205, 210, true}, {206, 210, false}} {
		if got := l.explains(osis, c.lo, c.hi); got != c.explained {
			t.Errorf("[%d, %d]: explained %v", c.lo, c.hi, got)
		}
	}
	if l.explains(subject{"main", "redis"}, 150, 160) {
		t.Error("a tenure explains another service")
	}
	all, _ := l.acquire(context.Background(), lease{subject: subject{"main", protocol.WholeSandbox}})
	if !l.explains(subject{"main", "redis"}, 300, 310) || l.explains(subject{"other", "redis"}, 300, 310) {
		t.Error("who holds all of a sandbox explains all of it, and nothing else")
	}
	l.release(all)
}

func TestFaultsMayMeetIfTheirMeetingIsTheExperiment(t *testing.T) {
	l := newTestLeases(&fakeClock{100})
	for client, service := range []string{"b1", "b0", "b2"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, lease{subject: subject{"main", service}, client: client, together: true}); err != nil {
			t.Error(err)
		}
	}
}

func TestAClientThatHoldsAllOfASandboxMayInterruptIt(t *testing.T) {
	owner := &Owner{leases: newTestLeases(&fakeClock{100})}
	ours, theirs := &heldLeases{owner: owner}, &heldLeases{owner: owner}
	id, err := owner.leases.acquire(t.Context(), lease{subject: subject{"main", protocol.WholeSandbox}, client: ours})
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	interrupted := 0
	interrupt := func() error { interrupted++; return nil }
	if err := ours.alone(short, "main", interrupt); err != nil || interrupted != 1 {
		t.Errorf("the holder: %v, %d interruptions", err, interrupted)
	}
	if err := theirs.alone(short, "main", interrupt); err == nil || interrupted != 1 {
		t.Errorf("another client: %v, %d interruptions", err, interrupted)
	}
	if _, held := owner.leases.release(id); !held {
		t.Error("the interruption has given back what its client holds")
	}
}
