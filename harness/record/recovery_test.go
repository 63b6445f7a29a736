package record_test

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestInterval(t *testing.T) {
	earlier, later := record.Interval{Lo: 10, Hi: 14}, record.Interval{Lo: 20, Hi: 25}
	if shortest, longest := later.Since(earlier); shortest != 6 || longest != 15 {
		t.Errorf("between %v and %v", shortest, longest)
	}
	if shortest, longest := later.Since(record.Interval{Lo: 19, Hi: 22}); shortest != 0 || longest != 6 {
		t.Errorf("intervals that overlap: between %v and %v", shortest, longest)
	}
	if later.Width() != 5*time.Nanosecond {
		t.Errorf("width %v", later.Width())
	}
}
