package procfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ReadPressure returns for how long since the boot at least one task of the host has waited for a processor: the total of the line "some"
// of /proc/pressure/cpu (pressure stall information). It is 0 if the kernel does not tell.
func ReadPressure() time.Duration {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	return parsePressure(string(text))
}

// PressureSince returns the pressure since a reading of ReadPressure. The kernel adds up its processors one after the other, so that a later
// sum may be a few milliseconds less than an earlier one: then it is 0.
func PressureSince(before time.Duration) time.Duration { return rise(before, ReadPressure()) }

// ReadRunDelay returns for how long the threads of a process have waited for a processor since each began: the second figure of their
// schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst). Threads that have ended do not count. It is 0 if the kernel does
// not tell.
func ReadRunDelay(pid int) (delay time.Duration) {
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well formed
	for _, path := range paths {
		text, _ := os.ReadFile(path) //nolint:gosec // of a thread, which may have ended
		delay += parseRunDelay(string(text))
	}
	return delay
}

func parseRunDelay(text string) time.Duration {
	figures := strings.Fields(text)
	if len(figures) != 3 {
		return 0
	}
	delay, err := strconv.ParseInt(figures[1], 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(delay)
}

// RunDelaySince returns the delay since a reading of ReadRunDelay, at least 0.
func RunDelaySince(before time.Duration, pid int) time.Duration {
	return rise(before, ReadRunDelay(pid))
}

// rise returns by how much a sum has grown, at least 0.
func rise(before, after time.Duration) time.Duration { return max(0, after-before) }

func parsePressure(text string) time.Duration {
	some, _, _ := strings.Cut(text, "\n")
	_, total, found := strings.Cut(some, "total=")
	microseconds, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	if !found || err != nil || !strings.HasPrefix(some, "some ") {
		return 0
	}
	return time.Duration(microseconds) * time.Microsecond
}

// MeasurePressure starts to measure the pressure after a delay. The returned function ends the measurement; it returns 0 if the delay has
// not passed.
func MeasurePressure(delay time.Duration) (end func() time.Duration) {
	began := make(chan time.Duration, 1)
	timer := time.AfterFunc(delay, func() { began <- ReadPressure() })
	return func() time.Duration {
		if timer.Stop() {
			return 0
		}
		return PressureSince(<-began)
	}
}
