package owner

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestALeaseIsHeldByOneAtATime(t *testing.T) {
	now := int64(100)
	l := newLeases(func() int64 { return now })
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
	now := int64(100)
	l := newLeases(func() int64 { return now })
	osis := subject{"main", "osis"}
	id, _ := l.acquire(context.Background(), osis)
	if !l.explains(osis, 150, 151) {
		t.Error("an open tenure explains nothing")
	}
	now = 200
	l.release(id)
	for _, c := range []struct {
		lo, hi    int64
		explained bool
	}{{90, 99, false}, {90, 100, true}, {150, 160, true}, {200, 210, true}, {201, 210, false}} {
		if got := l.explains(osis, c.lo, c.hi); got != c.explained {
			t.Errorf("[%d, %d]: explained %v", c.lo, c.hi, got)
		}
	}
	if l.explains(subject{"main", "redis"}, 150, 160) {
		t.Error("a tenure explains another service")
	}
}
