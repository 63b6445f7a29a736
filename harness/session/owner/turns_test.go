package owner

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestTurnsAreApart(t *testing.T) {
	const many = 5
	var queue turns
	var mu sync.Mutex
	var taken []time.Time
	var waiting sync.WaitGroup
	began := time.Now()
	for range many {
		waiting.Go(func() {
			if err := queue.take(t.Context()); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, time.Now())
		})
	}
	waiting.Wait()
	for i, at := range taken { // none came before its place in the queue; later is the scheduler's business
		if earliest := began.Add(time.Duration(i) * apart); at.Before(earliest) {
			t.Errorf("turn %d was taken %v too early", i, earliest.Sub(at))
		}
	}
}

func TestATurnIsNotWaitedForForever(t *testing.T) {
	var queue turns
	queue.next = time.Now().Add(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := queue.take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
