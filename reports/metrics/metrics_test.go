package metrics_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/metrics"
)

var (
	sample  = regexp.MustCompile(`^([a-z_]+)\{([a-z_]+="(\\.|[^"\\\n])*",?)*\} [0-9.e+-]+$`)
	comment = regexp.MustCompile(`^# (TYPE|UNIT|HELP) [a-z_]+ .+$`)
)

func TestEveryLineIsOpenMetrics(t *testing.T) {
	started := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	r := &record.Record{
		Run: record.Run{Started: started, Target: "a \"quoted\"\\ \n name", Image: "hero_zero:hero", Profile: "quick"},
		Results: []record.Result{
			{Promise: "restart.sigterm", Outcome: record.Held}, {Promise: "restart.sigterm", Outcome: record.Failed}, {Promise: "boot.running", Outcome: record.Held},
		},
		End: &record.End{Finished: started.Add(90 * time.Second)},
	}
	for n := range int64(120) {
		r.Recoveries = append(r.Recoveries, record.Recovery{
			Promise: "restart.sigterm", Injected: record.Interval{}, Exited: &record.Interval{Lo: 1_000_000, Hi: 1_000_000 + n*1000},
			Serving: &record.Interval{Lo: 5_000_000_000, Hi: 5_100_000_000},
		})
	}
	text := metrics.Render(r, "HOLD", []string{"PROMOTE", "HOLD", "INCONCLUSIVE"})
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[len(lines)-1] != "# EOF" {
		t.Errorf("the last line is %q", lines[len(lines)-1])
	}
	seen := map[string]bool{}
	for _, line := range lines[:len(lines)-1] {
		if !sample.MatchString(line) && !comment.MatchString(line) {
			t.Errorf("no line of OpenMetrics: %s", line)
		}
		if seen[line] {
			t.Errorf("twice: %s", line)
		}
		seen[line] = true
	}
	golden.Check(t, "metrics.txt", text)
}
