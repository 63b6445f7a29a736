package owner

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestInjectionsAreSpaced(t *testing.T) {
	const many = 5
	var queue injectionQueue
	var mu sync.Mutex
	var taken []time.Time
	var waiting sync.WaitGroup
	began := time.Now()
	for range many {
		waiting.Go(func() {
			if err := queue.wait(t.Context()); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, time.Now())
		})
	}
	waiting.Wait()
	for i, at := range taken { // none came before its place in the queue; later is the scheduler's business
		if earliest := began.Add(time.Duration(i) * injectionInterval); at.Before(earliest) {
			t.Errorf("injection %d came %v too early", i, earliest.Sub(at))
		}
	}
}

func TestTheQueueEndsWithItsContext(t *testing.T) {
	var queue injectionQueue
	queue.next = time.Now().Add(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := queue.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
