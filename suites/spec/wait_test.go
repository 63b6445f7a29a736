package spec

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// recordLooks returns when Until looked, counted from the beginning, and what it reported.
func recordLooks(limit time.Duration, holds func(passed time.Duration) bool) (looks []time.Duration, ok bool) {
	began := time.Now()
	ok = Until(context.Background(), limit, func(context.Context) bool {
		looks = append(looks, time.Since(began))
		return holds(time.Since(began))
	})
	return looks, ok
}

func TestUntilLooksSoonAndThenLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, ok := recordLooks(time.Minute, func(passed time.Duration) bool { return passed >= 10*time.Second })
		if !ok || looks[0] != 0 || looks[1] != firstInterval || len(looks) > 130 || looks[len(looks)-1] >= 10*time.Second+longestInterval {
			t.Errorf("it held: %v, after looks at %v", ok, looks)
		}
		for i, look := range looks[1:] {
			if interval := look - looks[i]; interval < firstInterval || interval > longestInterval {
				t.Errorf("%s between two looks", interval)
			}
		}
	})
}

func TestUntilLooksAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, ok := recordLooks(3*time.Second, func(passed time.Duration) bool { return passed >= 3*time.Second })
		if !ok || looks[len(looks)-1] != 3*time.Second {
			t.Errorf("it held: %v, after looks at %v", ok, looks)
		}
		looks, ok = recordLooks(50*time.Millisecond, func(time.Duration) bool { return false })
		if ok || !slices.Equal(looks, []time.Duration{0, 20 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond}) {
			t.Errorf("it held: %v, after looks at %v", ok, looks)
		}
	})
}

func TestUntilEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	if Until(ctx, time.Hour, func(context.Context) bool { looks++; cancel(); return false }) || looks != 1 {
		t.Errorf("looked %d times after the end", looks)
	}
}
