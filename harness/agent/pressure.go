package agent

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// pressure returns for how long since the boot at least one task of the host has waited for a processor: the
// total of the line "some" of /proc/pressure/cpu (the kernel's pressure stall information). It is 0 where the
// kernel does not tell.
func pressure() time.Duration {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	return parsePressure(string(text))
}

func parsePressure(text string) time.Duration {
	some, _, _ := strings.Cut(text, "\n")
	_, total, found := strings.Cut(some, "total=")
	microseconds, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	if !found || err != nil || !strings.HasPrefix(some, "some ") {
		return 0
	}
	return time.Duration(microseconds) * time.Microsecond
}

// pressedSince measures the pressure from a delay after now on. The returned function ends the measurement, and
// returns 0 where the delay has not passed.
func pressedSince(ctx context.Context, delay time.Duration) (end func() time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	began := make(chan time.Duration, 1)
	go func() {
		defer close(began)
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
			began <- pressure()
		case <-ctx.Done():
		}
	}()
	return func() time.Duration {
		cancel()
		if before, ok := <-began; ok {
			return pressure() - before
		}
		return 0
	}
}
