package baseline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
)

const ms = time.Millisecond

// newRun returns a run whose services come back after 5 s and whose victims after 1.73 s, with noise for each service and run.
// scale stretches the delays of the supervisor.
func newRun(seed uint64, scale float64) *record.Record {
	started := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC).Add(time.Duration(seed) * time.Hour) //nolint:gosec // of some hundred
	r := &record.Record{
		Run: record.Run{
			ID: fmt.Sprint(seed, scale), Started: started, Target: "embedded", Image: "herozero:1", Digest: "sha256:11", Profile: "quick",
			Scale: 34.68, Host: record.Host{Cores: 2, Kernel: "6.1", WorstGap: int64(ms)},
		},
		End: &record.End{Finished: started.Add(time.Minute)},
	}
	draw := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test repeats itself
	for i := range 28 {
		own := time.Duration(i*i) * ms / 4
		inject(r, "restart.sigterm", fmt.Sprintf("user.%02d", i), time.Duration(scale*float64(5*time.Second)), own, draw)
	}
	for i := range 12 {
		inject(r, "retry.delay", fmt.Sprintf("victim.%d.%d", seed, i), time.Duration(scale*float64(1730*ms)), 0, draw)
	}
	inject(r, "restart.exit0", "victim", time.Duration(scale*float64(5*time.Second)), 0, draw)
	return r
}

// inject adds a recovery that held, with noise of some milliseconds.
func inject(r *record.Record, promise, service string, delay, own time.Duration, draw *rand.Rand) {
	at := int64(draw.ExpFloat64() * float64(ms))
	next := func(after time.Duration) *record.Interval {
		at += int64(after) + int64(draw.ExpFloat64()*float64(3*ms))
		return &record.Interval{Lo: at, Hi: at + int64(ms/5)}
	}
	recovery := record.Recovery{ID: fmt.Sprint(promise, "/", service, len(r.Recoveries)), Promise: promise, Service: service, Fault: "SIGTERM"}
	recovery.Exited = next(ms)
	recovery.Noticed = next(0)
	recovery.Respawned = next(delay)
	recovery.Accepting = next(20*ms + own)
	recovery.Serving = next(0)
	r.Recoveries = append(r.Recoveries, recovery)
	r.Results = append(r.Results, record.Result{Promise: promise, Service: service, Outcome: record.Held, Recoveries: []string{recovery.ID}})
}

// findSlower returns what a comparison calls slower than allowed, as "promise phase".
func findSlower(t *testing.T, older, newer *record.Record, allowed baseline.Allowed) []string {
	t.Helper()
	found, err := baseline.Compare(older, newer, allowed)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range found.Slower() {
		names = append(names, row.Promise+" "+row.Phase.Name)
	}
	return names
}

// TestTheSameIsNotSlower requires that at least 95 of 100 pairs of runs have no slower row of 15.
func TestTheSameIsNotSlower(t *testing.T) {
	for _, allowed := range []baseline.Allowed{{}, {Share: 0.05}} {
		wrong := 0
		for seed := range uint64(100) {
			older, newer := newRun(2*seed, 1), newRun(2*seed+1, 1)
			older.Run.Host.WorstGap, newer.Run.Host.WorstGap = 0, 0 // only the statistical test decides
			if len(findSlower(t, older, newer, allowed)) > 0 {
				wrong++
			}
		}
		if wrong > 5 {
			t.Errorf("%+v: %d of 100 runs of the same image are called slower", allowed, wrong)
		}
	}
}

// TestSlowerIsSlower checks that 10 % more is found for shipped services, which are pairs, and for victims, which are not.
// A single recovery does not show it.
func TestSlowerIsSlower(t *testing.T) {
	want := []string{"restart.sigterm respawned", "restart.sigterm serving", "retry.delay respawned", "retry.delay serving"}
	for seed := range uint64(20) {
		if found := findSlower(t, newRun(2*seed, 1), newRun(2*seed+1, 1.1), baseline.Allowed{Share: 0.05}); !slices.Equal(found, want) {
			t.Errorf("seed %d: slower is %q", seed, found)
		}
	}
}

// TestAllowed checks that 10 % more is not slower than 15 % more, a second more, or the host's jitter.
func TestAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		allowed baseline.Allowed
		jitter  time.Duration
		want    int
	}{
		"15 %":               {allowed: baseline.Allowed{Share: 0.15}},
		"a second":           {allowed: baseline.Allowed{LeastLimit: time.Second}},
		"9 %":                {allowed: baseline.Allowed{Share: 0.09}, want: 4},
		"a second of jitter": {jitter: time.Second},
		"300 ms":             {allowed: baseline.Allowed{LeastLimit: 300 * ms}, want: 2}, // of the victims it is only 173 ms
	} {
		newer := newRun(2, 1.1)
		newer.Run.Host.WorstGap = int64(tc.jitter)
		if found := findSlower(t, newRun(1, 1), newer, tc.allowed); len(found) != tc.want {
			t.Errorf("%s: slower is %q", name, found)
		}
	}
	if found := findSlower(t, newRun(1, 1.1), newRun(2, 1), baseline.Allowed{}); len(found) != 0 {
		t.Errorf("the faster run is slower: %q", found)
	}
}

// TestDelaysOfTheHostAreAllowed adds 500 ms, of which the host may explain 300 ms and 250 ms are allowed.
func TestDelaysOfTheHostAreAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		busy func(*record.Recovery)
		want int
	}{
		"a quiet host":              {func(*record.Recovery) {}, 4},
		"somebody waited":           {func(r *record.Recovery) { r.Pressure = int64(300 * ms) }, 0},
		"the observer waited":       {func(r *record.Recovery) { r.WorstGap = int64(300 * ms) }, 0},
		"for less than it takes":    {func(r *record.Recovery) { r.WorstGap, r.Pressure = int64(50*ms), int64(50*ms) }, 4},
		"a negative figure is none": {func(r *record.Recovery) { r.WorstGap, r.Pressure = -int64(time.Hour), -int64(time.Hour) }, 4},
	} {
		newer := newRun(2, 1.1)
		for i := range newer.Recoveries {
			tc.busy(&newer.Recoveries[i])
		}
		if found := findSlower(t, newRun(1, 1), newer, baseline.Allowed{Share: 0.05}); len(found) != tc.want {
			t.Errorf("%s: slower is %q", name, found)
		}
	}
}

// TestOnlyHeldResultsAreCompared adds failures, inconclusive results, and recoveries without a result.
func TestOnlyHeldResultsAreCompared(t *testing.T) {
	newer := newRun(2, 1)
	bad := newRun(3, 9)
	for i, recovery := range bad.Recoveries {
		recovery.ID += " bad"
		newer.Recoveries = append(newer.Recoveries, recovery)
		result := bad.Results[i]
		result.Recoveries = []string{recovery.ID}
		switch i % 3 {
		case 0:
			result.Outcome = record.Failed
		case 1:
			result.Outcome = record.Inconclusive
		default:
			continue
		}
		newer.Results = append(newer.Results, result)
	}
	if found := findSlower(t, newRun(1, 1), newer, baseline.Allowed{}); len(found) != 0 {
		t.Errorf("slower is %q", found)
	}
}

func TestCompareRefuses(t *testing.T) {
	for want, change := range map[string]func(*record.Record){
		`its target is "hero_zero", the target of this record is "embedded"`:           func(r *record.Record) { r.Run.Target = "hero_zero" },
		`its profile is faithful, the profile of this record is quick`:                 func(r *record.Record) { r.Run.Profile = "faithful" },
		`its delays were divided by 0, those of this record by 34.68`:                  func(r *record.Record) { r.Run.Scale = 0 },
		`its run did not finish without an error: choose another baseline`:             func(r *record.Record) { r.End = nil },
		`its run did not finish without an error: choose another baseline `:            func(r *record.Record) { r.End.Trouble = "the reaper ended" },
		`it is of the same run: choose the record of the image that was promoted last`: func(r *record.Record) { r.Run.ID = "1 1" },
	} {
		older := newRun(2, 1)
		change(older)
		_, err := baseline.Compare(older, newRun(1, 1), baseline.Allowed{})
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestRender(t *testing.T) {
	newer := newRun(2, 1.1)
	newer.Run.Image, newer.Run.Digest, newer.Run.Host.Kernel = "herozero:2\x1b[2J", "sha256:22", "6.18"
	newer.Results = slices.DeleteFunc(newer.Results, func(result record.Result) bool { return result.Service == "user.03" })
	inject(newer, "order.restart", "victim", time.Second, 0, rand.New(rand.NewPCG(1, 1))) //nolint:gosec // a test repeats itself
	for name, r := range map[string]*record.Record{"slower.txt": newer, "same.txt": newRun(2, 1), "nothing.txt": {Run: newer.Run, End: newer.End}} {
		found, err := baseline.Compare(newRun(1, 1), r, baseline.Allowed{Share: 0.05, LeastLimit: 50 * ms})
		if err != nil {
			t.Fatal(err)
		}
		text := baseline.Render(found)
		for _, line := range strings.Split(text, "\n") {
			if len(line) > 120 && !strings.HasPrefix(line, "the hosts differ") {
				t.Errorf("%d columns: %q", len(line), line)
			}
		}
		golden.Check(t, name, text)
	}
}
