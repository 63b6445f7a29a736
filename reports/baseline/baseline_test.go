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

// measured is a run whose services come back after 5 s and whose victims after 1.73 s, both with noise of a service's
// own and of a run's; scale stretches what the supervisor does.
func measured(seed uint64, scale float64) *record.Record {
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

// slower are what a comparison calls slower than allowed, "promise phase".
func slower(t *testing.T, older, newer *record.Record, allowed baseline.Allowed) []string {
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

// TestTheSameIsNotSlower: not in 95 of 100 pairs of runs, whatever of their 15 rows that may be.
func TestTheSameIsNotSlower(t *testing.T) {
	for _, allowed := range []baseline.Allowed{{}, {Share: 0.05}} {
		wrong := 0
		for seed := range uint64(100) {
			older, newer := measured(2*seed, 1), measured(2*seed+1, 1)
			older.Run.Host.WorstGap, newer.Run.Host.WorstGap = 0, 0 // nothing helps but the test itself
			if len(slower(t, older, newer, allowed)) > 0 {
				wrong++
			}
		}
		if wrong > 5 {
			t.Errorf("%+v: %d of 100 runs of the same image are called slower", allowed, wrong)
		}
	}
}

// TestSlowerIsSlower: 10 % more in what takes 5 s is seen of the shipped services, which are pairs, and of victims, which
// are not; of a single recovery it is not.
func TestSlowerIsSlower(t *testing.T) {
	want := []string{"restart.sigterm respawned", "restart.sigterm serving", "retry.delay respawned", "retry.delay serving"}
	for seed := range uint64(20) {
		if found := slower(t, measured(2*seed, 1), measured(2*seed+1, 1.1), baseline.Allowed{Share: 0.05}); !slices.Equal(found, want) {
			t.Errorf("seed %d: slower is %q", seed, found)
		}
	}
}

// TestWhatIsAllowedIsAllowed: 10 % more is not slower than 15 % more, nor than a second more, nor than the host's jitter.
func TestWhatIsAllowedIsAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		allowed baseline.Allowed
		jitter  time.Duration
		want    int
	}{
		"15 %":               {allowed: baseline.Allowed{Share: 0.15}},
		"a second":           {allowed: baseline.Allowed{AtLeast: time.Second}},
		"9 %":                {allowed: baseline.Allowed{Share: 0.09}, want: 4},
		"a second of jitter": {jitter: time.Second},
		"300 ms":             {allowed: baseline.Allowed{AtLeast: 300 * ms}, want: 2}, // of the victims it is only 173 ms
	} {
		newer := measured(2, 1.1)
		newer.Run.Host.WorstGap = int64(tc.jitter)
		if found := slower(t, measured(1, 1), newer, tc.allowed); len(found) != tc.want {
			t.Errorf("%s: slower is %q", name, found)
		}
	}
	if found := slower(t, measured(1, 1.1), measured(2, 1), baseline.Allowed{}); len(found) != 0 {
		t.Errorf("what became faster is slower: %q", found)
	}
}

// TestWhatTheHostMayHaveMadeIsNotTheImages: of 500 ms more the host may have made 300 ms, and 250 ms are allowed.
func TestWhatTheHostMayHaveMadeIsNotTheImages(t *testing.T) {
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
		newer := measured(2, 1.1)
		for i := range newer.Recoveries {
			tc.busy(&newer.Recoveries[i])
		}
		if found := slower(t, measured(1, 1), newer, baseline.Allowed{Share: 0.05}); len(found) != tc.want {
			t.Errorf("%s: slower is %q", name, found)
		}
	}
}

// TestOnlyWhatHeldIsCompared: neither a failure, nor what the host has spoiled, nor a recovery that no result rests on.
func TestOnlyWhatHeldIsCompared(t *testing.T) {
	newer := measured(2, 1)
	bad := measured(3, 9)
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
	if found := slower(t, measured(1, 1), newer, baseline.Allowed{}); len(found) != 0 {
		t.Errorf("slower is %q", found)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	for want, change := range map[string]func(*record.Record){
		`it is of the target "hero_zero", and this record of "embedded"`:      func(r *record.Record) { r.Run.Target = "hero_zero" },
		`it has the faithful profile, and this record the quick one`:          func(r *record.Record) { r.Run.Profile = "faithful" },
		`were divided by 0, and this record's by 34.68`:                       func(r *record.Record) { r.Run.Scale = 0 },
		`it did not come to a good end: choose the record of a run that did`:  func(r *record.Record) { r.End = nil },
		`it did not come to a good end: choose the record of a run that did `: func(r *record.Record) { r.End.Trouble = "the reaper ended" },
		`it is the same run: choose that of the image that was promoted last`: func(r *record.Record) { r.Run.ID = "1 1" },
	} {
		older := measured(2, 1)
		change(older)
		_, err := baseline.Compare(older, measured(1, 1), baseline.Allowed{})
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestRender(t *testing.T) {
	newer := measured(2, 1.1)
	newer.Run.Image, newer.Run.Digest, newer.Run.Host.Kernel = "herozero:2\x1b[2J", "sha256:22", "6.18"
	newer.Results = slices.DeleteFunc(newer.Results, func(result record.Result) bool { return result.Service == "user.03" })
	inject(newer, "order.restart", "victim", time.Second, 0, rand.New(rand.NewPCG(1, 1))) //nolint:gosec // a test repeats itself
	for name, r := range map[string]*record.Record{"slower.txt": newer, "same.txt": measured(2, 1), "nothing.txt": {Run: newer.Run, End: newer.End}} {
		found, err := baseline.Compare(measured(1, 1), r, baseline.Allowed{Share: 0.05, AtLeast: 50 * ms})
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
