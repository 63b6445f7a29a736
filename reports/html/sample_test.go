package html_test

import (
	"strings"
	"testing/fstest"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

const (
	ms = time.Millisecond
	s  = time.Second
	// hostile is a text that a service could have as its name, or say.
	hostile = `</pre></title></style></script><script>window.hacked=true</script><img src=x onerror="window.hacked=true">'"`
)

func begin() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC) }

// at returns a point so long after the fault, known to half a millisecond.
func at(after time.Duration) *record.Interval {
	const injected = 1_000_000_000
	return &record.Interval{Lo: injected + int64(after), Hi: injected + int64(after+ms/2)}
}

func recovered(id, promise, service, fault string, respawned time.Duration) record.Recovery {
	return record.Recovery{
		ID: id, Promise: promise, Service: service, Fault: fault, Sandbox: "main",
		Before: record.Incarnation{PID: 41}, After: record.Incarnation{PID: 97}, Steady: "healthy", Identity: "peer of SOCKET",
		Injected: *at(0), Landing: &record.Landing{At: *at(ms), Proof: "exited"},
		Exited: at(ms), Noticed: at(2 * ms), Respawned: at(respawned), Accepting: at(respawned + 20*ms), Serving: at(respawned + 21*ms),
		Observed: record.Interval{Lo: at(0).Lo, Hi: at(12 * s).Hi}, WorstGap: int64(ms), Policy: "retry 1 was due 5.00 s after the exit",
	}
}

func windows(id string) []record.Window {
	return []record.Window{
		{Recovery: id, Phase: "respawned", From: "exited", Earliest: int64(5 * s), Latest: int64(5 * s)},
		{Recovery: id, Phase: "serving", From: "exited", Latest: int64(10 * s)},
	}
}

func promises() []record.Promise {
	return []record.Promise{
		{ID: "boot.running", Sentence: "After the start of the container every service becomes Running.", Source: "hero_zero, checklist 1"},
		{ID: "restart.sigterm", Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.", Source: "hero_zero, checklist 2", Advice: record.Advice{
			Why: "A service that stays down is an outage.", Cause: "The retry policy of {run-action}.", Change: "Set retry in {run-action} (now: {policy}).",
		}},
		{ID: "restart.recorded", Sentence: "The record of a run says how it ended.", Source: "zinit-0.4, Job end", Advisory: true},
		{ID: "hang.detected", Sentence: "A hung service is found by its health check and replaced.", Source: "hero_zero, checklist 3"},
		{ID: "host.disk-during", Sentence: "While the disk is full, the supervisor restarts what ends.", Source: "ours"},
		{ID: "host.disk-after", Sentence: "Once the disk has room again, all runs.", Source: "ours"},
		{ID: "hang.control", Sentence: "Without its health check a hung service stays as it is.", Source: "ours"},
	}
}

func result(promise, service, fault string, outcome record.Outcome, recoveries ...string) record.Result {
	theme, _, _ := strings.Cut(promise, ".")
	made := record.Result{
		Promise: promise, Theme: theme, Service: service, Fault: fault, Name: "comes back: " + service, Outcome: outcome, Attempts: 1,
		Started: begin().Add(s), Duration: int64(13 * s), Recoveries: recoveries,
	}
	for _, id := range recoveries {
		made.Windows = append(made.Windows, windows(id)...)
	}
	return made
}

// diskFull returns a fault of the host that was held for 2.6 s while the hung service was observed.
func diskFull() *record.Lasting {
	return &record.Lasting{
		Fault: "disk-full", Sandbox: "host", Injected: *at(400 * ms), Landed: at(420 * ms), LandingProof: "0 blocks are free",
		Reverted: at(3020 * ms), Released: at(3021 * ms), ReleaseProof: "as many blocks are free as before",
	}
}

// sample returns a small record with everything that the page shows.
func sample() *record.Record {
	r := &record.Record{
		Schema: record.Schema,
		Run: record.Run{
			ID: "1-1", Started: begin(), Target: "hero_zero", Image: "hero_zero:hero", Digest: "sha256:" + strings.Repeat("4f", 32),
			Profile: "faithful", Seed: 7, Procs: 44, Version: "1.0", Host: record.Host{Cores: 2, Kernel: "6.1", WorstGap: int64(ms)},
			Tools: map[string]string{"go": "1.26", "docker": "28.5"}, Tolerance: int64(250 * ms), Floor: int64(10 * s),
			Supervisor: "dialect 0.4 at SOCKET", Promises: promises(),
			Services: []record.Service{{Name: "user.a"}, {Name: "user.b"}, {Name: "user.c"}},
			Budgets:  []record.Budget{{Name: "respawn after the exit", Earliest: int64(5 * s), Latest: int64(5250 * ms), Why: "the delay is the whole budget"}},
		},
		Recoveries: []record.Recovery{
			recovered("1", "restart.sigterm", "user.a", "SIGTERM", 5002*ms),
			recovered("2", "restart.sigterm", "user.b", "SIGTERM", 6100*ms),
			recovered("3", "restart.sigterm", "hero_chaos.v", "SIGTERM", 5102*ms),
			recovered("4", "hang.detected", "hero_chaos.hang", "SIGSTOP", 0),
		},
		Evidence: []record.Evidence{
			{What: "log of sandbox main", Path: "evidence/main/log.txt"},
			{What: "the victim's log", Path: "evidence/victim.log", Bytes: 12, SHA256: strings.Repeat("ab", 32)},
		},
		End:   &record.End{Finished: begin().Add(15 * s), WorstGap: int64(3 * ms)},
		Notes: []string{"1 result was measured again, because the host had stalled"},
	}
	hung := &r.Recoveries[3]
	hung.Sandbox = "host"
	hung.Exited, hung.Noticed, hung.Respawned, hung.Accepting, hung.Serving = nil, nil, nil, nil, nil
	hung.Landing, hung.After, hung.Status = &record.Landing{At: *at(250 * ms), Proof: "state T in 5 of 5 tasks and no reply for 250ms"}, record.Incarnation{}, "running"
	failed, advisory := result("restart.sigterm", "user.b", "SIGTERM", record.Failed, "2"), result("restart.recorded", "", "", record.Failed)
	failed.Failure = "user.b was restarted only 6.10 s after its exit (restart.sigterm)\n  before   pid 41, healthy\n  +6.10 s  restarted as pid 97"
	advisory.Name, advisory.Failure = "every run is recorded", "one run of three is not recorded (restart.recorded)"
	unclear, skipped := result("hang.detected", "hero_chaos.hang", "SIGSTOP", record.Inconclusive, "4"), result("boot.running", "user.c", "", record.NotRun)
	unclear.Reason, unclear.Windows, skipped.Reason = "the host stalled, so that the budget cannot be judged", nil, "user.c cannot be reached"
	during, after := result("host.disk-during", "disk-full", "", record.Failed), result("host.disk-after", "disk-full", "", record.Held)
	during.Failure, during.Lasting, after.Lasting = "hero_chaos.h ended during disk-full and did not run again while it went on", diskFull(), diskFull()
	r.Results = []record.Result{
		during, after,
		result("boot.running", "user.a", "", record.Held), result("boot.running", "user.b", "", record.Held), skipped,
		result("restart.sigterm", "user.a", "SIGTERM", record.Held, "1"), failed,
		result("restart.sigterm", "hero_chaos.v", "SIGTERM", record.Held, "3"), advisory, unclear,
	}
	return r
}

func evidence() fstest.MapFS {
	return fstest.MapFS{
		"evidence/main/log.txt": {Data: []byte("2026-05-04T03:02:00Z zinit: too early for the spec\n" +
			"2026-05-04T03:02:03.5Z zinit: \x1b[31muser.b\x1b[0m exited by signal 15\n2026-05-04T03:02:04Z zinit: user.z is somebody else\n")},
		"evidence/victim.log": {Data: []byte("was told to end\n")},
	}
}

func input() html.Input {
	return html.Input{
		Record: sample(), Evidence: evidence(),
		Verdict: &verdict.Verdict{Answer: verdict.Hold, Reasons: []verdict.Reason{
			{Weight: verdict.Holds, Code: verdict.Failed, Text: "user.b was restarted only 6.10 s after its exit (restart.sigterm)", Promises: []string{"restart.sigterm"}, Services: []string{"user.b"}, Count: 1},
			{Weight: verdict.Lacks, Code: verdict.NotRun, Text: "it has no result", Promises: []string{"hang.control"}, Count: 1},
			{Weight: verdict.Notes, Code: verdict.Advisory, Text: "an advisory promise failed", Promises: []string{"restart.recorded"}, Count: 1},
		}},
		Baseline: &baseline.Comparison{
			Old: baseline.Image{Reference: "hero_zero:before", Digest: "sha256:01"}, New: baseline.Image{Reference: "hero_zero:hero", Digest: "sha256:4f"},
			Rows: []baseline.Row{
				{Promise: "boot.running", Phase: record.Phases()[0], OldN: 3, NewN: 2, OldMedian: s, NewMedian: s, TooFew: true, P: 1},
				{Promise: "restart.sigterm", Phase: record.Phases()[2], OldN: 28, NewN: 28, Paired: true, OldMedian: 5 * s, NewMedian: 5200 * ms, Shift: 200 * ms, ShiftLimit: 100 * ms, Effect: 0.9, P: 0.001, Slower: true},
			},
			Notes: []string{"the hosts differ"},
		},
	}
}
