package bench

import (
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
)

// spread makes n durations from shortest on, a step apart.
func spread(n int, shortest, step time.Duration) []time.Duration {
	durations := make([]time.Duration, n)
	for i := range durations {
		durations[i] = shortest + time.Duration(i)*step
	}
	return durations
}

func TestReport(t *testing.T) {
	const us = time.Microsecond
	met := report{
		injection: []latency{
			{"the link", spread(1500, 150*us, us/10)},
			{"testcontainers exec", spread(150, 40_000*us, 60*us)},
			{"docker exec", spread(50, 65_000*us, 200*us)},
		},
		observation: []accuracy{
			{phase: "exited", errors: spread(150, 0, us)},
			{phase: "noticed", errors: spread(150, 100*us, us)},
			{phase: "respawned", errors: spread(150, 100*us, 6*us)},
		},
		host: "2 cores, load 0.10 in the last minute, the observer not scheduled for up to 1.10 ms",
	}
	missed := report{
		injection:   []latency{{"the link", spread(100, 400*us, 10*us)}, {"docker exec", spread(100, 40_000*us, us)}},
		observation: []accuracy{{phase: "noticed", errors: spread(30, 900*us, 10*us), outside: []string{"one", "two"}}},
		host:        "2 cores, load 9.81 in the last minute, the observer not scheduled for up to 23.48 ms",
	}
	alone := report{injection: met.injection[:1], host: met.host}
	for name, r := range map[string]report{"met.txt": met, "missed.txt": missed, "alone.txt": alone} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, r.text()) })
	}
}
