package procfs

import (
	"os"
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
