package verdict_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// began returns the start of the example's run. The run took four minutes, and is judged an hour later.
func began() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC) }

// runID returns the id of one of the runs that began then.
func runID(number int) string {
	return fmt.Sprintf("%d-%s", began().Unix(), strings.Repeat(string(rune('a'+number)), 8))
}

func digest(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }

// registry returns the promises of the judging program.
func registry() []record.Promise {
	return []record.Promise{
		{ID: "boot.running", Sentence: "After the start of the container every service becomes Running.", Source: "checklist 1"},
		{
			ID: "restart.sigterm", Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.", Source: "checklist 2",
			Proof: &record.Proof{Services: true, Recoveries: 1, Faults: []string{"SIGTERM"}, Phases: []string{"respawned", "serving"}},
		},
		{ID: "restart.recorded", Sentence: "The record of a run says by which signal it ended.", Source: "Semantics 4", Advisory: true},
		{ID: "retry.linear", Sentence: "With linear backoff retry n waits for n times the delay.", Source: "Semantics 2", Assumptions: []string{"delay-formula"}},
	}
}

// promotable returns a record without a fault.
func promotable() *record.Record {
	policy := record.RetryPolicy{MaxAttempts: 20, Delay: int64(5 * time.Second), Backoff: "exponential", MaxDelay: int64(5 * time.Minute)}
	limits := record.Limits{Restart: int64(5 * time.Second), Serving: int64(10 * time.Second), StopTimeout: int64(10 * time.Second)}
	result := func(promise, service, fault string) record.Result {
		theme, _, _ := strings.Cut(promise, ".")
		return record.Result{
			Promise: promise, Theme: theme, Service: service, Fault: fault, Name: promise + " of " + service, Outcome: record.Held,
			Attempts: 1, Started: began().Add(time.Second), Duration: int64(6 * time.Second), Sandboxes: []string{"main"},
		}
	}
	r := &record.Record{
		Schema: record.Schema,
		Run: record.Run{
			ID: runID(1), Started: began(), Target: "embedded", Image: "hero_zero:hero", Digest: digest("a"), Profile: "faithful", Seed: 1,
			Promises: registry(), Confirmed: []string{"delay-formula"}, Services: []record.Service{{Name: "user.a", Retry: &policy}, {Name: "user.b", Retry: &policy}},
			Tolerance: int64(250 * time.Millisecond), Limits: &limits, TargetSHA256: strings.Repeat("1", 64), PolicySHA256: strings.Repeat("0", 64),
		},
		Results: []record.Result{
			result("boot.running", "user.a", ""), result("boot.running", "user.b", ""),
			result("restart.sigterm", "user.a", "SIGTERM"), result("restart.sigterm", "user.b", "SIGTERM"),
			result("restart.recorded", "victim", "SIGTERM"), result("retry.linear", "victim", "SIGKILL"),
		},
		Evidence:   evidenceOf("main"),
		Containers: []record.Container{{Sandbox: "main", Generation: 1, ID: strings.Repeat("c", 64), Digest: digest("a"), From: 1, Until: during(100_000).Hi}},
		End:        &record.End{Finished: began().Add(4 * time.Minute)},
	}
	for i, service := range []string{"user.a", "user.b"} {
		id := "restart.sigterm/" + service + "#1"
		r.Recoveries = append(r.Recoveries, record.Recovery{
			ID: id, Promise: "restart.sigterm", Service: service, Fault: "SIGTERM", Sandbox: "main", Seed: 1, Steady: "healthy", Identity: "peer of /" + service + ".sock",
			Before: record.Incarnation{PID: 20 + i, StartTime: 90}, After: record.Incarnation{PID: 40 + i, StartTime: 600},
			Terms:    &record.Terms{Policy: policy, Retry: 1, StopTimeout: limits.StopTimeout, Startup: limits.Serving - limits.Restart, Limits: &limits},
			Injected: during(0), Landing: &record.Landing{At: during(1), Proof: "exited"},
			Exited: new(during(1)), Respawned: new(during(5001)), Accepting: new(during(5030)), Serving: new(during(5040)), Observed: record.Interval{Lo: during(0).Lo, Hi: during(5050).Hi},
		})
		r.Results[2+i].Recoveries = []string{id}
		r.Results[2+i].Windows = []record.Window{
			{Recovery: id, Phase: "respawned", From: "exited", Earliest: policy.Delay, Latest: limits.Restart},
			{Recovery: id, Phase: "serving", From: "exited", Latest: limits.Serving},
		}
	}
	count(r)
	return r
}

// evidenceOf returns the files of a sandbox.
func evidenceOf(sandbox string) (files []record.Evidence) {
	for i, name := range []string{"inspect.json", "log.txt", "ps.txt"} {
		files = append(files, record.Evidence{
			What: name + " of sandbox " + sandbox, Path: "evidence/" + sandbox + "/" + name, Bytes: 9, SHA256: strings.Repeat(fmt.Sprint(i), 64),
		})
	}
	return files
}

// count makes a record agree with itself: each result was due, the totals are right, and the seal is whole.
func count(r *record.Record) {
	r.Planned = nil
	for _, result := range r.Results {
		if !slices.Contains(r.Planned, result.Key()) {
			r.Planned = append(r.Planned, result.Key())
		}
	}
	if r.End != nil {
		totals := r.Count()
		r.End.Totals = &totals
	}
	r.Seal()
}

// during returns a point in time, so many milliseconds after the fault.
func during(ms int64) record.Interval {
	at := (1000 + ms) * int64(time.Millisecond)
	return record.Interval{Lo: at, Hi: at + int64(time.Millisecond)}
}

// against returns everything that the examples are judged against.
func against() verdict.Against {
	return verdict.Against{
		Policy: verdict.Policy{AgeLimit: 24 * time.Hour, MinimumSamples: map[string]int{"boot.running": 2, "restart.sigterm": 2}, AllowedSlowdown: 0.1, SHA256: strings.Repeat("0", 64), Limits: limits()},
		Now:    began().Add(time.Hour), Digest: digest("a"), Promises: registry(),
		Targets: []verdict.Target{{Name: "embedded", SHA256: strings.Repeat("1", 64), Services: []record.Service{{Name: "user.a"}, {Name: "user.b"}}, Confirmed: []string{"all", "delay-formula"}}},
	}
}

// upgradeServing returns a promise that is asked if a run names an image to upgrade from.
func upgradeServing() record.Promise {
	return record.Promise{ID: "upgrade.serving", Sentence: "It serves.", Source: "ours", OnlyUpgrade: true}
}

// fail makes a result of a promise fail.
func fail(r *record.Record, promise, service string) {
	for i := range r.Results {
		if result := &r.Results[i]; result.Promise == promise && result.Service == service {
			result.Outcome, result.Failure = record.Failed, promise+" did not hold on "+service
		}
	}
}

// example is a record with a fault, and its expected verdict.
type example struct {
	file, wrong string
	change      func(*record.Record)
	afterwards  func(*record.Record) // edits the record after it was counted and sealed
	text        func(string) string  // edits the file itself
	against     func(*verdict.Against)
	beside      func() []*record.Record // further records that are judged with it
	answer      verdict.Answer          // empty: the file is refused
	codes       []verdict.Code          // every reason, in order
	uncounted   bool                    // the totals and the plan stay those of the record without a fault
	large       bool                    // too large to be kept as a file
}

const refused = verdict.Answer("")

// waive adds a waiver of restart.sigterm to the policy.
func waive(service, until string) func(*verdict.Against) {
	return func(a *verdict.Against) {
		a.Policy.Waivers = []verdict.Waiver{{Promise: "restart.sigterm", Service: service, Owner: "Ada", Reason: "known, issue 12", Expires: until}}
	}
}

// replace returns an edit that replaces the first occurrence of a text.
func replace(old, with string) func(string) string {
	return func(text string) string {
		if !strings.Contains(text, old) {
			panic("the example does not contain " + old)
		}
		return strings.Replace(text, old, with, 1)
	}
}

// second adds a second record of the same image.
func second(change func(*record.Record)) func() []*record.Record {
	return func() []*record.Record {
		r := promotable()
		r.Run.ID = runID(2)
		change(r)
		count(r)
		return []*record.Record{r}
	}
}

// plan makes a record one of a shard.
func plan(r *record.Record, shard, of string) { r.Run.Shard, r.Run.Plan, r.Run.Specs = shard, of, 3 }

// merge replaces a record by the same run in two shards. Their recoveries have the same ids, and their clocks differ.
func merge(r *record.Record) {
	shards := []*record.Record{{}, {}}
	for number, shard := range shards {
		*shard = *r
		shard.Run.ID, shard.Run.Shard, shard.Run.Plan, shard.Run.Specs = runID(number+1), record.Shard(number+1, 2), "p1", 3
		shard.Containers, shard.Evidence = slices.Clone(r.Containers), slices.Clone(r.Evidence)
		shard.Evidence[0].SHA256 = strings.Repeat(fmt.Sprint(7+number), 64)
		shard.Containers[0].ID = strings.Repeat(fmt.Sprint(number), 64)
		shard.Results, shard.Recoveries = nil, []record.Recovery{r.Recoveries[number]}
		for i, result := range r.Results {
			if i%2 == number {
				shard.Results = append(shard.Results, result)
			}
		}
		end := *r.End
		shard.End = &end
		count(shard)
	}
	together, err := record.Merge(shards)
	if err != nil {
		panic(err)
	}
	*r = *together
}

func examples() []example {
	return []example{
		{file: "good", wrong: "nothing", answer: verdict.Promote},
		{
			file: "advisory-failed", wrong: "an advisory promise failed", answer: verdict.Promote, codes: []verdict.Code{verdict.Advisory},
			change: func(r *record.Record) { fail(r, "restart.recorded", "victim") },
		},
		{
			file: "waived", wrong: "a blocking promise failed, and a waiver excuses it", answer: verdict.Promote, codes: []verdict.Code{verdict.Waived},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a") }, against: waive("user.a", "2026-05-04"),
		},
		{
			file: "measured-again", wrong: "results were measured again", answer: verdict.Promote,
			change: func(r *record.Record) {
				r.Notes = []string{"1 results were measured again, because the host had stalled"}
				r.Results[0].Sandboxes = []string{"main again 1"}
				later := r.Containers[0]
				later.Sandbox, later.ID = "main again 1", strings.Repeat("d", 64)
				r.Containers = append(r.Containers, later)
			},
		},
		{file: "second-run", wrong: "a second whole run beside it", answer: verdict.Promote, beside: second(func(*record.Record) {})},

		{
			file: "failed", wrong: "a blocking promise failed", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a") },
		},
		{
			file: "failed-in-a-quick-run", wrong: "the same in a quick run that did not finish", answer: verdict.Hold,
			codes:  []verdict.Code{verdict.Failed, verdict.Incomplete, verdict.Quick},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a"); r.Run.Profile, r.End = "quick", nil },
		},
		{
			file: "failed-once", wrong: "it failed in one of two runs", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a") }, beside: second(func(*record.Record) {}),
		},
		{
			file: "waiver-expired", wrong: "the waiver was for yesterday", answer: verdict.Hold, codes: []verdict.Code{verdict.WaiverExpired},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a") }, against: waive("", "2026-05-03"),
		},
		{
			file: "waiver-of-another-service", wrong: "the waiver is of another service", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed, verdict.UnusedWaiver},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a") }, against: waive("user.b", "2026-05-04"),
		},
		{
			file: "raised", wrong: "an advisory promise failed that the policy makes blocking", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed, verdict.Reclassified},
			change: func(r *record.Record) { fail(r, "restart.recorded", "victim") },
			against: func(a *verdict.Against) {
				a.Policy.Severities = []verdict.Severity{{Promise: "restart.recorded", Severity: verdict.Blocking, Reason: "we read it"}}
			},
		},
		{
			file: "slower", wrong: "slower than the baseline", answer: verdict.Hold, codes: []verdict.Code{verdict.Slower},
			against: func(a *verdict.Against) {
				a.Slowdowns = []verdict.Slowdown{{Promise: "restart.sigterm", Phase: "respawn after the exit", OldMedian: 5010 * time.Millisecond, NewMedian: 5990 * time.Millisecond}}
			},
		},

		{
			file: "lowered-by-policy", wrong: "a blocking promise failed that the policy makes advisory", answer: verdict.Promote,
			codes:  []verdict.Code{verdict.Advisory, verdict.Reclassified},
			change: func(r *record.Record) { fail(r, "retry.linear", "victim") },
			against: func(a *verdict.Against) {
				a.Policy.Severities = []verdict.Severity{{Promise: "retry.linear", Severity: verdict.Advising, Reason: "nobody uses it"}}
			},
		},

		{file: "empty", wrong: "the file is empty", answer: refused, text: func(string) string { return "" }},
		{file: "truncated", wrong: "the document was cut off", answer: refused, text: func(text string) string { return text[:len(text)/2] }},
		{
			file: "killed", wrong: "a run that was killed while it wrote: its last event was cut off", answer: verdict.Inconclusive,
			codes: []verdict.Code{verdict.Incomplete, verdict.OddFile, verdict.OddFile, verdict.Older, verdict.NotRun, verdict.Untested, verdict.FewSamples, verdict.FewSamples},
			text:  writeEvents,
		},
		{
			file: "log-of-100-MB", large: true, wrong: "a log of 100 MB in a failure's text", answer: refused,
			text: func(text string) string {
				return replace(`"outcome":"held"`, `"failure":"`+strings.Repeat("x", 100<<20)+`","outcome":"held"`)(text)
			},
		},
		{
			file: "nested", large: true, wrong: "a hundred thousand nested lists", answer: refused,
			text: replace(`"evidence":[`, `"evidence":`+strings.Repeat("[", 100_000)),
		},
		{file: "two-documents", wrong: "two records in one file", answer: refused, text: func(text string) string { return text + text }},
		{file: "doubled-member", wrong: "a result has two outcomes", answer: refused, text: replace(`"outcome":"held"`, `"outcome":"failed","outcome":"held"`)},
		{file: "doubled-member-by-case", wrong: "a result has an outcome and an Outcome", answer: refused, text: replace(`"outcome":"held"`, `"outcome":"failed","Outcome":"held"`)},
		{file: "unknown-member", wrong: "an unknown member", answer: refused, text: replace(`"outcome":"held"`, `"outcome":"held","excused":true`)},
		{file: "unknown-outcome", wrong: "a result has an unknown outcome", answer: refused, text: replace(`"outcome":"held"`, `"outcome":"passed"`)},
		{file: "unknown-schema", wrong: "a record of another form", answer: refused, text: replace(record.Schema, "hero_chaos.record/2")},
		{file: "number-out-of-range", wrong: "a duration of 1e999", answer: refused, text: replace(`"duration_ns":6000000000`, `"duration_ns":1e999`)},
		{file: "not-a-number", wrong: "a duration of NaN", answer: refused, text: replace(`"duration_ns":6000000000`, `"duration_ns":NaN`)},
		{file: "fractional-attempts", wrong: "half an attempt", answer: refused, text: replace(`"attempts":1`, `"attempts":1.5`)},

		{
			file: "no-digest", wrong: "no digest", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.WrongDigest, verdict.Contradiction},
			change: func(r *record.Record) { r.Run.Digest = "" }, against: func(a *verdict.Against) { a.Digest = "" },
		},
		{
			file: "short-digest", wrong: "a digest that was cut off", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.WrongDigest, verdict.Contradiction},
			change: func(r *record.Record) { r.Run.Digest = "sha256:aaaaaaaaaaaa" }, against: func(a *verdict.Against) { a.Digest = "" },
		},
		{
			file: "wrong-digest", wrong: "another image, on which a promise failed", answer: verdict.Inconclusive,
			codes:  []verdict.Code{verdict.WrongDigest},
			change: func(r *record.Record) { r.Run.Digest = digest("b"); fail(r, "restart.sigterm", "user.a") },
		},
		{
			file: "differing-digests", wrong: "a second record is of another image", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.WrongDigest, verdict.Contradiction},
			against: func(a *verdict.Against) { a.Digest = "" }, beside: second(func(r *record.Record) { r.Run.Digest = digest("b") }),
		},
		{
			file: "mutant", wrong: "the image was broken on purpose", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Mutant},
			change: func(r *record.Record) { r.Run.Mutant = "no-restart" },
		},
		{
			file: "choices", wrong: "the image was told what to choose", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Mutant},
			change: func(r *record.Record) { r.Run.Choices = "case=capital" },
		},
		{
			file: "other-target", wrong: "a second record is of another target", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Mixed, verdict.OtherTarget},
			beside: second(func(r *record.Record) { r.Run.Target = "zinit-0.3.9" }),
		},
		{
			file: "missing-shard", wrong: "one shard of two", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/2", "p1") },
		},
		{
			file: "doubled-shard", wrong: "the same shard of two, twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/2", "p1") }, beside: second(func(r *record.Record) { plan(r, "1/2", "p1") }),
		},
		{
			file: "odd-shard", wrong: "shard 1 of an impossible number", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/99999999999999999999", "p1") },
		},
		{
			file: "differing-plans", wrong: "the two shards of two, by different plans", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/2", "p1") },
			beside: second(func(r *record.Record) { plan(r, "2/2", "p2") }),
		},
		{
			file: "few-specs", wrong: "a shard that has fewer results than its plan gave it", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards, verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/1", "p1"); r.Run.Specs = 99 },
			beside: second(func(r *record.Record) { plan(r, "2/2", "p1") }),
		},
		{
			file: "shards-of-two-runs", wrong: "the two shards of two, by one plan, of other seeds", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Shards},
			change: func(r *record.Record) { plan(r, "1/2", "p1") },
			beside: second(func(r *record.Record) {
				plan(r, "2/2", "p1")
				r.Run.Seed++
				for i := range r.Recoveries {
					r.Recoveries[i].Seed++
				}
			}),
		},
		{file: "merged", wrong: "it was merged from two shards", answer: verdict.Promote, change: merge},
		{
			file: "merged-failed", wrong: "the same, and a blocking promise failed in the second", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed},
			change: func(r *record.Record) { merge(r); fail(r, "restart.sigterm", "user.b") },
		},
		{
			file: "merged-other-seed", wrong: "merged with a shard of another seed", answer: verdict.Inconclusive,
			codes:  []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.FewSamples},
			change: func(r *record.Record) { merge(r); r.Recoveries[1].Seed++ },
		},
		{
			file: "merged-one-container", wrong: "both shards have the same container", answer: verdict.Inconclusive,
			codes:  []verdict.Code{verdict.Contradiction},
			change: func(r *record.Record) { merge(r); r.Containers[1].ID = r.Containers[0].ID },
		},
		{
			file: "merged-without-a-part", wrong: "merged, and the second of its parts was removed", answer: verdict.Inconclusive,
			codes:  []verdict.Code{verdict.Shards, verdict.Contradiction, verdict.Contradiction, verdict.Contradiction, verdict.Contradiction},
			change: func(r *record.Record) { merge(r); r.Run.Parts = r.Run.Parts[:1] },
		},
		{
			file: "merged-twice-the-same", wrong: "merged from the same run twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Doubled, verdict.Contradiction},
			change: func(r *record.Record) { merge(r); r.Run.Parts[1].ID = r.Run.Parts[0].ID },
		},
		{
			file: "merged-stale", wrong: "merged with a shard of last week", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Clock, verdict.Clock, verdict.Stale, verdict.Contradiction},
			change: func(r *record.Record) {
				merge(r)
				r.Run.Parts[0].Started, r.Run.Parts[0].Finished = began().AddDate(0, 0, -7), began().AddDate(0, 0, -7).Add(time.Minute)
			},
		},
		{
			file: "merged-future", wrong: "merged with a shard of the future", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Clock, verdict.Clock, verdict.Clock, verdict.Contradiction},
			change: func(r *record.Record) {
				merge(r)
				r.Run.Parts[1].Finished = began().AddDate(0, 0, 7)
				for i := range r.Results {
					r.Results[i].Started = r.Results[i].Started.Add(-time.Hour)
				}
			},
		},
		{
			file: "part-of-no-merge", wrong: "a result names a shard, and the record is of a whole run", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.FewSamples},
			change: func(r *record.Record) { r.Results[0].Shard = "1/2" },
		},
		{
			file: "doubled-record", wrong: "the same record twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Doubled},
			beside: func() []*record.Record { return []*record.Record{promotable()} },
		},
		{
			file: "doubled-result", wrong: "a result twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Doubled, verdict.Contradiction},
			change: func(r *record.Record) { r.Results = append(r.Results, r.Results[0]) },
		},
		{
			file: "doubled-recovery", wrong: "a recovery twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Doubled, verdict.Contradiction},
			change: func(r *record.Record) { r.Recoveries = append(r.Recoveries, r.Recoveries[0]) },
		},
		{
			file: "no-id", wrong: "a run without an id", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Doubled},
			change: func(r *record.Record) { r.Run.ID = "" },
		},
		{
			file: "incomplete", wrong: "the run was killed", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Incomplete},
			change: func(r *record.Record) { r.End = nil },
		},
		{
			file: "trouble", wrong: "the harness itself had an error", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Trouble},
			change: func(r *record.Record) { r.End.Trouble = "the link to the container ended" },
		},
		{
			file: "cut-off-line", wrong: "a line of the record was cut off", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.OddFile},
			change: func(r *record.Record) { r.Notes = []string{"line 9 was cut off after 20 bytes and is left out"} },
		},
		{
			file: "future", wrong: "the run is of the future", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Clock, verdict.Clock, verdict.Clock, verdict.Clock},
			change: func(r *record.Record) {
				r.Run.Started, r.End.Finished = began().AddDate(0, 0, 1), began().AddDate(0, 0, 2)
				move(r, began().AddDate(0, 0, 1))
			},
		},
		{
			file: "ended-before-it-began", wrong: "the run ended before it began", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Clock, verdict.Clock},
			change: func(r *record.Record) { r.End.Finished = began().Add(-time.Hour) },
		},
		{
			file: "result-of-another-day", wrong: "a result is older than its run", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Contradiction},
			change: func(r *record.Record) { r.Results[0].Started = began().AddDate(0, 0, -1) },
		},
		{
			file: "stale", wrong: "the run was last week", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Stale},
			against: func(a *verdict.Against) { a.Now = began().AddDate(0, 0, 7) },
		},
		{
			file: "quick", wrong: "a quick run", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Quick},
			change: func(r *record.Record) { r.Run.Profile, r.Run.Scale = "quick", 34.68 },
		},
		{
			file: "scaled", wrong: "a faithful run with numbers scaled down", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction},
			change: func(r *record.Record) { r.Run.Scale = 34.68 },
		},
		{
			file: "focus", wrong: "only a part was selected", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Filtered, verdict.NotRun, verdict.FewSamples},
			change: func(r *record.Record) {
				r.Run.Focus = "restart,retry"
				r.Results = r.Results[2:]
			},
		},
		{
			file: "one-service", wrong: "only one service was selected", answer: verdict.Inconclusive,
			codes: []verdict.Code{verdict.Filtered, verdict.NotRun, verdict.Untested, verdict.FewSamples},
			change: func(r *record.Record) {
				r.Run.Service = "user.a"
				r.Results = append(r.Results[:3:3], r.Results[4:]...)
			},
		},
		{
			file: "no-results", wrong: "nothing was checked", answer: verdict.Inconclusive,
			codes:  []verdict.Code{verdict.Older, verdict.NoResults, verdict.NotRun, verdict.Untested, verdict.FewSamples},
			change: func(r *record.Record) { r.Results = nil },
		},
		{
			file: "no-services", wrong: "the list of services was emptied", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.NoServices},
			change: func(r *record.Record) { r.Run.Services = nil },
		},
		{
			file: "no-promises", wrong: "the list of promises was emptied", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.Older, verdict.UnknownPromise, verdict.UnknownPromise},
			change: func(r *record.Record) { r.Run.Promises = nil },
		},
		{
			file: "promise-removed", wrong: "a promise was removed, with its results", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.UnknownPromise, verdict.NotRun},
			change: func(r *record.Record) { r.Run.Promises = r.Run.Promises[:3]; r.Results = r.Results[:5] },
		},
		{
			file: "unknown-promise", wrong: "a result of an unknown promise", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.UnknownPromise, verdict.FewSamples},
			change: func(r *record.Record) { r.Results[0].Promise = "boot.jogging" },
		},
		{
			file: "unasked-upgrade", wrong: "an upgrade failed of which the run does not say that it was asked", answer: verdict.Inconclusive,
			codes: []verdict.Code{verdict.Contradiction, verdict.Advisory},
			change: func(r *record.Record) {
				r.Run.Promises = append(r.Run.Promises, upgradeServing())
				result := r.Results[5]
				result.Promise, result.Theme = upgradeServing().ID, "upgrade"
				r.Results = append(r.Results, result)
				fail(r, upgradeServing().ID, "victim")
			},
			against: func(a *verdict.Against) { a.Promises = append(a.Promises, upgradeServing()) },
		},
		{
			file: "advisory-removed", wrong: "the result of an advisory promise was due, and was removed", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.NotRun},
			change: func(*record.Record) {},
			afterwards: func(r *record.Record) {
				r.Results = slices.Delete(r.Results, 4, 5)
				totals := r.Count()
				r.End.Totals = &totals
				r.Seal()
			},
		},
		{
			file: "severity-lowered", wrong: "a promise was made advisory, and failed", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed, verdict.Lowered},
			change: func(r *record.Record) { r.Run.Promises[1].Advisory = true; fail(r, "restart.sigterm", "user.a") },
		},
		{
			file: "promise-twice", wrong: "a promise is listed twice", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction},
			change: func(r *record.Record) { r.Run.Promises = append(r.Run.Promises, r.Run.Promises[0]) },
		},
		{
			file: "not-run", wrong: "a blocking promise has no result", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.NotRun},
			change: func(r *record.Record) { r.Results = r.Results[:5] },
		},
		{
			file: "skipped", wrong: "a blocking promise was skipped", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.NotRun},
			change: func(r *record.Record) {
				r.Results[5].Outcome, r.Results[5].Reason = record.NotRun, "it did not run: pending"
			},
		},
		{
			file: "inconclusive", wrong: "a blocking promise was inconclusive", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Unproved},
			change: func(r *record.Record) {
				r.Results[5].Outcome, r.Results[5].Reason = record.Inconclusive, "not steady before"
			},
		},
		{
			file: "stalled", wrong: "the host stalled", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Stalled},
			change: func(r *record.Record) {
				r.Results[5].Outcome, r.Results[5].Reason, r.Results[5].Stalled = record.Inconclusive, "the host stalled, so that the budget cannot be judged", true
			},
		},
		{
			file: "held-while-stalled", wrong: "it held, and the host stalled", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Stalled},
			change: func(r *record.Record) { r.Results[5].Stalled = true },
		},
		{
			file: "unconfirmed", wrong: "a promise failed that rests on an unconfirmed assumption", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Unconfirmed},
			change: func(r *record.Record) { r.Run.Confirmed = nil; fail(r, "retry.linear", "victim") },
		},
		{
			file: "confirmed", wrong: "the same, and the target confirms it", answer: verdict.Hold, codes: []verdict.Code{verdict.Failed},
			change: func(r *record.Record) { r.Run.Confirmed = []string{"all"}; fail(r, "retry.linear", "victim") },
		},
		{
			file: "retried", wrong: "it held at the second attempt", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Retried},
			change: func(r *record.Record) { r.Results[5].Attempts = 2 },
		},
		{
			file: "dry", wrong: "it held with 0 attempts", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Dry},
			change: func(r *record.Record) { r.Results[5].Attempts = 0 },
		},
		{
			file: "no-time", wrong: "it held in no time", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Dry},
			change: func(r *record.Record) { r.Results[5].Duration = 0 },
		},
		{
			file: "negative-duration", wrong: "it held in less than no time", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Dry},
			change: func(r *record.Record) { r.Results[5].Duration = -1 },
		},
		{
			file: "endless-duration", wrong: "it held for 292 years", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Clock, verdict.Contradiction},
			change: func(r *record.Record) { r.Results[5].Duration = 1<<63 - 1 },
		},
		{
			file: "negative-tolerance", wrong: "a negative tolerance", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.Contradiction, verdict.Limit, verdict.FewSamples},
			change: func(r *record.Record) { r.Run.Tolerance = -1 << 62 },
		},
		{
			file: "no-landing", wrong: "nothing shows that a fault took effect", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.NoLanding, verdict.Untested, verdict.FewSamples},
			change: func(r *record.Record) { r.Recoveries[0].Landing = nil },
		},
		{
			file: "no-recovery", wrong: "a recovery is missing", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.NoLanding, verdict.Untested, verdict.FewSamples},
			change: func(r *record.Record) { r.Recoveries = r.Recoveries[1:] },
		},
		{
			file: "no-fault", wrong: "a service was not made to restart", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.NoLanding, verdict.Untested, verdict.FewSamples},
			change: func(r *record.Record) { r.Results[2].Recoveries, r.Results[2].Windows = nil, nil },
		},
		{
			file: "recovery-of-another", wrong: "a recovery whose id is of another promise or service", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.FewSamples},
			change: func(r *record.Record) {
				const other = "restart.sigkill/user.a#1"
				r.Recoveries[0].ID, r.Results[2].Recoveries = other, []string{other}
				for i := range r.Results[2].Windows {
					r.Results[2].Windows[i].Recovery = other
				}
			},
		},
		{
			file: "respawn-before-the-fault", wrong: "a new process before the fault", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.Contradiction, verdict.FewSamples},
			change: func(r *record.Record) { r.Recoveries[0].Respawned = new(during(-900)) },
		},
		{
			file: "edited-to-held", wrong: "failed, and made held by hand", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.FewSamples},
			change: func(r *record.Record) { fail(r, "restart.sigterm", "user.a"); r.Results[2].Outcome = record.Held },
		},
		{
			file: "edited-text-too", wrong: "the same without its text: the new process came after 8 s", answer: verdict.Inconclusive,
			codes: []verdict.Code{verdict.Clock, verdict.Contradiction, verdict.Contradiction, verdict.FewSamples}, change: func(r *record.Record) { r.Recoveries[0].Respawned = new(during(8000)) },
		},
		{
			file: "other-policy", wrong: "the run was started with another policy", answer: verdict.Promote, codes: []verdict.Code{verdict.OtherPolicy},
			change: func(r *record.Record) { r.Run.PolicySHA256 = strings.Repeat("2", 64) },
		},
		{
			file: "older", wrong: "a record without terms, hashes, totals, containers and seal", answer: verdict.Inconclusive, uncounted: true,
			codes: []verdict.Code{verdict.Older, verdict.Older, verdict.FewSamples},
			change: func(r *record.Record) {
				r.Planned, r.End.Totals, r.Run.Limits, r.Run.TargetSHA256, r.Run.PolicySHA256 = nil, nil, nil, "", ""
				r.Containers, r.End.Seal = nil, ""
				for i := range r.Recoveries {
					r.Recoveries[i].Terms = nil
				}
				for i := range r.Run.Promises {
					r.Run.Promises[i].Proof = nil
				}
			},
		},
		{
			file: "too-few", wrong: "fewer results than the policy requires", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.FewSamples},
			against: func(a *verdict.Against) { a.Policy.MinimumSamples = map[string]int{"retry.linear": 2} },
		},
		{
			file: "thousand-services", large: true, wrong: "a thousand services, of which two were tested", answer: verdict.Inconclusive, codes: []verdict.Code{verdict.Contradiction, verdict.NotRun, verdict.Untested},
			change: func(r *record.Record) {
				for range 998 {
					number := fmt.Sprintf("user.%04d", len(r.Run.Services))
					r.Run.Services = append(r.Run.Services, record.Service{Name: number})
				}
			},
		},
	}
}

// writeEvents returns the file of a run that goes on: its run, a result and half of another.
func writeEvents(string) string {
	r := promotable()
	line := func(event map[string]any) string {
		text, err := json.Marshal(event)
		if err != nil {
			panic(err)
		}
		return string(text) + "\n"
	}
	last := line(map[string]any{"result": r.Results[1]})
	return line(map[string]any{"schema": record.Schema, "run": r.Run}) + line(map[string]any{"result": r.Results[0]}) + last[:len(last)/2]
}

// move gives all results another time.
func move(r *record.Record, to time.Time) {
	for i := range r.Results {
		r.Results[i].Started = to
	}
}
