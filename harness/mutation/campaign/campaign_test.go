package campaign

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const marker = "reached: "

// measuring is a campaign whose runs are played: each leaves a log that says that the mutant's code ran, and what play
// says.
type measuring struct {
	Campaign
	play func(ctx context.Context, id string) (*record.Record, error)

	mu    sync.Mutex
	ran   []string // ids, as often as they ran
	alone []string // those that ran alone
	lines []string
}

func newMeasuring(t *testing.T, play func(ctx context.Context, id string) (*record.Record, error)) *measuring {
	t.Helper()
	m := &measuring{play: play}
	m.Campaign = Campaign{
		Output: t.TempDir(), Parallel: 2, Key: "image 1", Reached: func(m mutation.Mutant) string { return marker + m.ID },
		Scope: func(m mutation.Mutant) mutation.Scope { return mutation.Scope{Focus: m.Claim()} },
		Tell:  func(line string) { m.lines = append(m.lines, line) },
		Measure: func(ctx context.Context, run Run) (*record.Record, error) {
			m.mu.Lock()
			m.ran = append(m.ran, run.Mutant.ID)
			if run.Alone {
				m.alone = append(m.alone, run.Mutant.ID)
			}
			m.mu.Unlock()
			writeLog(t, run.Folder, "2026-01-02T03:04:05Z "+marker+run.Mutant.ID+"\n")
			return m.play(ctx, run.Mutant.ID)
		},
	}
	return m
}

func writeLog(t *testing.T, folder, text string) {
	t.Helper()
	path := filepath.Join(folder, "evidence", "main", logName)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func broken(ids ...string) []mutation.Mutant {
	var mutants []mutation.Mutant
	for _, id := range ids {
		mutants = append(mutants, mutation.Mutant{ID: id, Claims: []string{"a.claims"}})
	}
	return mutants
}

func came(outcome record.Outcome) *record.Record {
	return &record.Record{End: &record.End{}, Results: []record.Result{{Promise: "a.claims", Outcome: outcome}}}
}

func verdicts(trials []mutation.Trial) string {
	var texts []string
	for _, trial := range trials {
		texts = append(texts, trial.Mutant.ID+" "+string(trial.Verdict()))
	}
	return strings.Join(texts, ", ")
}

func TestEachMutantIsRunOnceAndJudged(t *testing.T) {
	m := newMeasuring(t, func(_ context.Context, id string) (*record.Record, error) {
		if id == "survivor" {
			return came(record.Held), nil
		}
		return came(record.Failed), nil
	})
	trials, err := m.Run(t.Context(), broken("one", "survivor", "two"))
	if err != nil || verdicts(trials) != "one killed, survivor survived, two killed" || len(m.ran) != 3 {
		t.Errorf("%s after %q, %v", verdicts(trials), m.ran, err)
	}
	if len(m.lines) != 3 || !strings.HasPrefix(m.lines[0], "1/3  ") || !strings.HasPrefix(m.lines[2], "3/3  ") {
		t.Errorf("%q", m.lines)
	}
	if text := strings.Join(m.lines, "\n"); !strings.Contains(text, "killed by a.claims  ") || strings.Count(text, " left") != 2 {
		t.Errorf("%s", text)
	}
}

// TestAsManyRunAtOnceAsAsked: time passes only when all that run wait.
func TestAsManyRunAtOnceAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		m := newMeasuring(t, func(context.Context, string) (*record.Record, error) {
			defer now.Add(-1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Minute)
			return came(record.Failed), nil
		})
		began := time.Now()
		_, err := m.Run(t.Context(), broken("a", "b", "c", "d", "e"))
		if err != nil || int(most.Load()) != m.Parallel || time.Since(began) != 3*time.Minute {
			t.Errorf("%d at once, %s, %v", most.Load(), time.Since(began), err)
		}
		if last := m.lines[3]; !strings.HasSuffix(last, "60.0 s; about 30s left") {
			t.Errorf("%q", last)
		}
	})
}

func TestWhatIsThereIsNotRunAgain(t *testing.T) {
	outcome := map[string]record.Outcome{"one": record.Failed, "survivor": record.Held, "open": record.Inconclusive}
	m := newMeasuring(t, func(_ context.Context, id string) (*record.Record, error) { return came(outcome[id]), nil })
	mutants := broken("one", "survivor", "open")
	run := func(change func()) []string {
		change()
		m.ran, m.lines = nil, nil
		if _, err := m.Run(t.Context(), mutants); err != nil {
			t.Fatal(err)
		}
		slices.Sort(m.ran)
		return m.ran
	}
	everything := []string{"one", "open", "open", "survivor"} // what proved nothing a second time, alone
	if got := run(func() {}); !slices.Equal(got, everything) {
		t.Errorf("the first time: %q", got)
	}
	if got := run(func() {}); !slices.Equal(got, []string{"open", "open"}) {
		t.Errorf("nothing has changed: %q", got)
	}
	if !strings.HasSuffix(m.lines[0], "(from before)") {
		t.Errorf("%q", m.lines)
	}
	if got := run(func() { m.Key = "image 2" }); !slices.Equal(got, everything) {
		t.Errorf("another image: %q", got)
	}
	if got := run(func() {
		m.Scope = func(mutation.Mutant) mutation.Scope { return mutation.Scope{Focus: "a.claims,b.other"} }
	}); !slices.Equal(got, everything) {
		t.Errorf("another scope: %q", got)
	}
	if got := run(func() { m.Again = true }); !slices.Equal(got, everything) {
		t.Errorf("again: %q", got)
	}
	m.Again = false
	if err := os.WriteFile(filepath.Join(m.Output, "one", stateName), []byte(`{"schema":"hero_chaos.trial/1","key"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(func() {}); !slices.Equal(got, []string{"one", "open", "open"}) {
		t.Errorf("a state that was cut off: %q", got)
	}
}

// TestAClaimMayChange: who claims a mutant is no part of what was measured.
func TestAClaimMayChange(t *testing.T) {
	m := newMeasuring(t, func(context.Context, string) (*record.Record, error) { return came(record.Failed), nil })
	m.Scope = func(mutation.Mutant) mutation.Scope { return mutation.Scope{Focus: "a.claims"} }
	mutants := broken("one")
	if trials, err := m.Run(t.Context(), mutants); err != nil || verdicts(trials) != "one killed" {
		t.Fatalf("%s, %v", verdicts(trials), err)
	}
	mutants[0].Claims = []string{"b.other"}
	if trials, err := m.Run(t.Context(), mutants); err != nil || verdicts(trials) != "one killed by another" || len(m.ran) != 1 {
		t.Errorf("%s after %q, %v", verdicts(trials), m.ran, err)
	}
}

func TestTroubleIsTriedAgainWithFewerBeside(t *testing.T) {
	var runs atomic.Int32
	m := newMeasuring(t, func(_ context.Context, id string) (*record.Record, error) {
		if id == "never" || runs.Add(1) == 1 {
			return nil, errors.New("the daemon is busy")
		}
		return came(record.Failed), nil
	})
	trials, err := m.Run(t.Context(), broken("once", "never"))
	if err != nil || verdicts(trials) != "once killed, never error" || len(m.ran) != 5 || !slices.Equal(m.alone, []string{"never"}) {
		t.Errorf("%s after %q, alone %q, %v", verdicts(trials), m.ran, m.alone, err)
	}
	for _, line := range []string{"2 proved nothing; running them again, at most 2 at once", "1 proved nothing; running them again, at most 1 at once"} {
		if !slices.Contains(m.lines, line) {
			t.Errorf("%q lacks %q", m.lines, line)
		}
	}
}

func TestWhatTakesLongBeginsFirst(t *testing.T) {
	m := newMeasuring(t, func(context.Context, string) (*record.Record, error) { return came(record.Failed), nil })
	m.Parallel = 1
	mutants := broken("quick", "broad", "waits", "faithful")
	mutants[2].Claims = []string{"persistence.definitions"}
	m.Scope = func(one mutation.Mutant) mutation.Scope {
		focus := map[string]string{"broad": "restart.exit0,restart.exit1"}
		return mutation.Scope{Focus: focus[one.ID], Faithful: one.ID == "faithful"}
	}
	if _, err := m.Run(t.Context(), mutants); err != nil || !slices.Equal(m.ran, []string{"faithful", "waits", "broad", "quick"}) {
		t.Errorf("%q, %v", m.ran, err)
	}
}

// TestWhatWaitsRunsBesideWhatWorks: two of five workers take the slow ones first, three the rest.
func TestWhatWaitsRunsBesideWhatWorks(t *testing.T) {
	var mu sync.Mutex
	begun, slow, all := 0, 0, make(chan struct{})
	m := newMeasuring(t, func(_ context.Context, id string) (*record.Record, error) {
		mu.Lock()
		if begun++; begun <= 5 && strings.HasPrefix(id, "slow") {
			slow++
		}
		if begun == 5 {
			close(all)
		}
		mu.Unlock()
		<-all
		return came(record.Failed), nil
	})
	m.Parallel = 5
	mutants := broken("slow1", "slow2", "slow3", "slow4", "quick1", "quick2", "quick3", "quick4")
	for i := range 4 {
		mutants[i].Claims = []string{"persistence.definitions"}
	}
	if trials, err := m.Run(t.Context(), mutants); err != nil || len(trials) != 8 || len(m.ran) != 8 {
		t.Fatalf("%q, %v", m.ran, err)
	}
	if slow != 2 {
		t.Errorf("%d of the first five were slow ones", slow)
	}
}

func TestAnInterruptedCampaignGoesOn(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	m := newMeasuring(t, nil)
	m.Parallel = 1
	m.play = func(ctx context.Context, id string) (*record.Record, error) {
		if id == "two" {
			interrupt()
			<-ctx.Done()
		}
		return came(record.Failed), ctx.Err()
	}
	trials, err := m.Run(ctx, broken("one", "two", "three"))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted after 1 of 3") || verdicts(trials) != "one killed" {
		t.Errorf("%s, %v", verdicts(trials), err)
	}
	m.ran = nil
	m.play = func(context.Context, string) (*record.Record, error) { return came(record.Failed), nil }
	trials, err = m.Run(t.Context(), broken("one", "two", "three"))
	if err != nil || len(trials) != 3 || !slices.Equal(m.ran, []string{"two", "three"}) {
		t.Errorf("%s after %q, %v", verdicts(trials), m.ran, err)
	}
}

func TestReached(t *testing.T) {
	const text = marker + "no-restart"
	for name, c := range map[string]struct {
		log  string
		want bool
	}{
		"a line":                       {"before\n" + text + "\nafter\n", true},
		"with a time":                  {"2026-01-02T03:04:05.000000000Z " + text + "\n", true},
		"behind what another wrote":    {"half a lin" + text + "\n", true},
		"the last line, without end":   {"before\n" + text, true},
		"with a carriage return":       {text + "\r\n", true},
		"behind a line without end":    {strings.Repeat("x", 1<<20) + text + "\n", true},
		"across the end of the buffer": {strings.Repeat("x", 4096-len(text)/2) + text + "\n", true},
		"another's":                    {text + "-on-sigterm\n", false},
		"one that ends alike":          {marker + "really-no-restart\n", false},
		"nothing":                      {"", false},
		"said in the middle":           {text + " said somebody\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			writeLog(t, folder, c.log)
			if got, err := hasReached(folder, text); err != nil || got != c.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	if got, err := hasReached(filepath.Join(t.TempDir(), "none"), text); err != nil || got {
		t.Errorf("no folder: %v, %v", got, err)
	}
}

func TestWhatCannotBeKeptIsTrouble(t *testing.T) {
	m := newMeasuring(t, func(context.Context, string) (*record.Record, error) { return came(record.Failed), nil })
	m.Measure = func(_ context.Context, run Run) (*record.Record, error) {
		writeLog(t, run.Folder, marker+run.Mutant.ID+"\n")
		return came(record.Failed), os.MkdirAll(filepath.Join(run.Folder, stateName), 0o750)
	}
	trials, err := m.Run(t.Context(), broken("one"))
	if err != nil || verdicts(trials) != "one error" || !strings.Contains(trials[0].Why(), stateName) {
		t.Errorf("%s, %v", verdicts(trials), err)
	}
}
