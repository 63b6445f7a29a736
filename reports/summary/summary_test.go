package summary_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
)

const ms = time.Millisecond

func at(after time.Duration) *record.Interval {
	return &record.Interval{Lo: int64(after) + 999, Hi: int64(after) + 40_999}
}

func empty() *record.Record {
	started := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	return &record.Record{
		Schema: record.Schema,
		Run: record.Run{
			Started: started, Target: "embedded", Image: "hero_chaos/herozero:0123456789ab", Digest: "sha256:" + strings.Repeat("4f", 32),
			Profile: "quick", Seed: 7, Procs: 56, Host: record.Host{Cores: 2, WorstGap: int64(ms)},
		},
		End: &record.End{Finished: started.Add(95 * time.Second), WorstGap: int64(3 * ms)},
	}
}

// add adds the result of a promise on service n and, if a fault is named, its recovery.
func add(r *record.Record, promise, fault string, n int, outcome record.Outcome, reason string) {
	theme, _, _ := strings.Cut(promise, ".")
	service := fmt.Sprintf("user.hero_%02d_server", n)
	r.Results = append(r.Results, record.Result{
		Promise: promise, Theme: theme, Service: service, Fault: fault, Name: "comes back", Outcome: outcome, Reason: reason,
	})
	if fault == "" {
		return
	}
	late := time.Duration(n) * ms / 10
	recovery := record.Recovery{
		Promise: promise, Service: service, Fault: fault, Injected: *at(0), Exited: at(ms/3 + late),
		Noticed: at(ms/2 + late), Respawned: at(5002*ms + 2*late), Accepting: at(5020*ms + 3*late), Serving: at(5021*ms + 3*late),
	}
	if outcome == record.Failed {
		recovery.Respawned, recovery.Accepting, recovery.Serving = nil, nil, nil
	}
	r.Recoveries = append(r.Recoveries, recovery)
}

func full() *record.Record {
	r := empty()
	r.Run.Focus = "boot,restart,hang.detected"
	r.Run.Supervisor = "by its command line alone, so that nothing can be registered: /root/hero/var/zinit.sock: find zinit's dialect: whoever answers there is no zinit: system.ping: there is no method \"system.ping\" (code -32601)"
	r.Run.Scale, r.Run.Tolerance = 34.68, int64(250*ms)
	r.Run.Budgets = []record.Budget{
		{Name: "exit after a signal", Latest: int64(10 * time.Second), Why: "the stop timeout"},
		{
			Name: "respawn after the exit", Earliest: int64(5 * time.Second), Latest: int64(5250 * ms),
			Why: "the delay is the whole budget: the margin is zero, and only the tolerance is left",
		},
	}
	for n := range 28 {
		add(r, "boot.running", "", n, record.Held, "")
		outcome, reason := record.Held, ""
		switch {
		case n == 3:
			outcome = record.Failed
		case n > 20:
			outcome, reason = record.Inconclusive, "the host stalled, so that the budget cannot be judged"
		}
		add(r, "restart.sigterm", "SIGTERM", n, outcome, reason)
		add(r, "hang.detected", "", n, record.NotRun, "takes the faithful profile")
	}
	for n := range 120 {
		add(r, "restart.sigkill", "SIGKILL", n, record.Held, "")
	}
	r.Results = append(r.Results, record.Result{Promise: "smoke.paths", Name: "/hero_os/ answers 200", Outcome: record.Inconclusive, Reason: "no answer was read"})
	for i := range r.Results {
		if r.Results[i].Outcome == record.Failed {
			r.Results[i].Failure = "user.hero_03_server was not restarted within 5s of SIGTERM (restart.sigterm)\n" +
				"  before   pid 41, healthy\n  +0.31 ms exited\n" +
				"  +5.25 s  budget spent: no new process; zinit says \"exited: killed by signal 15\""
		}
	}
	return r
}

func TestRender(t *testing.T) {
	killed := full()
	killed.End, killed.Notes = nil, []string{"the record has no end: the run was killed, or goes on"}
	killed.Results = killed.Results[:2]
	troubled := empty()
	troubled.End.Trouble = "the link to the container ended: " + strings.Repeat("and there is more to say ", 6)
	faithful := empty()
	faithful.Run.Profile, faithful.Run.Floor, faithful.Run.Tolerance = "faithful", int64(90*time.Second), int64(250*ms)
	add(faithful, "restart.sigterm", "", 1, record.Held, "")
	merged := empty()
	merged.Run.Parts = []record.Part{
		{Shard: "1/2", Started: merged.Run.Started, Finished: merged.Run.Started.Add(40 * time.Second)},
		{Shard: "2/2", Started: merged.Run.Started.Add(time.Hour), Finished: merged.Run.Started.Add(time.Hour + 50*time.Second)},
	}
	merged.End.Finished = merged.Run.Parts[1].Finished
	held := empty()
	add(held, "restart.sigterm", "SIGTERM", 1, record.Held, "")
	for name, r := range map[string]*record.Record{
		"full": full(), "faithful": faithful, "held": held, "merged": merged, "empty": empty(), "killed": killed, "troubled": troubled,
	} {
		t.Run(name, func(t *testing.T) {
			text := summary.Render(r)
			for _, line := range strings.Split(text, "\n") {
				if columns := utf8.RuneCountInString(line); columns > 120 || strings.TrimRight(line, " ") != line {
					t.Errorf("%d columns: %q", columns, line)
				}
			}
			golden.Check(t, name+".txt", text)
		})
	}
}

func TestTheOrderOfARecordDoesNotMatter(t *testing.T) {
	r := full()
	slices.Reverse(r.Results)
	slices.Reverse(r.Recoveries)
	golden.Check(t, "full.txt", summary.Render(r))
}

func TestTheLastLineCounts(t *testing.T) {
	g := gomega.NewWithT(t)
	lines := strings.Split(strings.TrimSuffix(summary.Render(full()), "\n"), "\n")
	g.Expect(lines[len(lines)-1]).To(gomega.Equal("168 held, 1 failed, 8 inconclusive, 28 not run"))
	g.Expect(summary.Counts(empty())).To(gomega.Equal("0 held, 0 failed, 0 inconclusive"))
}

func TestNothingMovesTheCursor(t *testing.T) {
	r := full()
	for i := range r.Results {
		r.Results[i].Failure, r.Results[i].Reason, r.Results[i].Service = "\x1b[2J\a\r\xff", "\x1b]0;x\a\u202e", "\x1b[1A"
	}
	for _, letter := range summary.Render(r) {
		if letter != '\n' && (letter < ' ' || letter == 0x7f || letter == '\u202e') {
			t.Fatalf("%U is in the text", letter)
		}
	}
}

func TestAnEmptyRecordIsNoError(t *testing.T) {
	gomega.NewWithT(t).Expect(summary.Render(&record.Record{})).To(gomega.HaveSuffix("\n0 held, 0 failed, 0 inconclusive\n"))
}
