package span_test

import (
	"math"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

func TestText(t *testing.T) {
	for _, tc := range []struct {
		span time.Duration
		want string
	}{
		{0, "0.00 ms"},
		{310 * time.Microsecond, "0.31 ms"},
		{-310 * time.Microsecond, "-0.31 ms"},
		{250 * time.Millisecond, "250.00 ms"},
		{999_994 * time.Microsecond, "999.99 ms"},
		{999_996 * time.Microsecond, "1.00 s"},
		{5250*time.Millisecond + 310*time.Microsecond, "5.25 s"},
		{210 * time.Second, "210.00 s"},
		{math.MinInt64, "-9223372036.85 s"},
	} {
		if got := span.Text(tc.span); got != tc.want {
			t.Errorf("Text(%v) = %q, want %q", tc.span, got, tc.want)
		}
	}
}
