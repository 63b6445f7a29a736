package owner

import (
	"context"
	"strings"
	"testing"
	"time"
)

// fakeClock is a clock that is off by at most 5.
type fakeClock struct{ now int64 }

func (c *fakeClock) earliest() int64 { return c.now - 5 }
func (c *fakeClock) latest() int64   { return c.now + 5 }

func TestALeaseIsHeldByOneAtATime(t *testing.T) {
	now := &fakeClock{100}
	l := newLeases(now)
	osis := subject{"main", "osis"}
	first, err := l.acquire(context.Background(), osis)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.acquire(context.Background(), subject{"other", "osis"}); err != nil {
		t.Fatalf("the same service of another sandbox is another subject: %v", err)
	}
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := l.acquire(short, osis); err == nil || !strings.Contains(err.Error(), "wait for osis in sandbox main, which lease-1 holds") {
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

func TestATenureExplainsDisturbances(t *testing.T) {
	now := &fakeClock{100}
	l := newLeases(now)
	osis := subject{"main", "osis"}
	id, _ := l.acquire(context.Background(), osis)
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
}
