package answer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/answer"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

const ms = int64(time.Millisecond)

var began = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// promises are those of the runs here. Their advice names values of the image.
func promises() []record.Promise {
	advice := record.Advice{
		Why: "A service that stays down takes its users with it.", Cause: "The run action {run-action} has no retry policy, or one that lets some endings be.",
		Change: "Register {run-action} with retry: {max-attempts} attempts, {delay} delay, {backoff} backoff.",
	}
	return []record.Promise{
		{ID: "boot.running", Sentence: "After the start of the container every service becomes Running."},
		{ID: "restart.sigterm", Sentence: "A service that ends by SIGTERM is restarted, and serves again in time.", Advice: advice},
		{ID: "restart.zinit-kill", Sentence: "A service that `zinit kill NAME SIGTERM` ends is restarted, and serves again in time.", Advice: advice},
		{ID: "hang.shipped", Sentence: "Every shipped service that hangs is found by its own health check and replaced."},
		{ID: "health.truth-mute", Sentence: "Every registered probe fails against a service that reads and never answers.", Advice: record.Advice{
			Why: "A probe that believes anything hides every hang.", Cause: "The command does not look at the reply.", Change: "Register the corrected command as the exec of {health-action}.",
		}},
	}
}

// run returns the record of a run of 28 services in which all held.
func run(profile string) *record.Record {
	r := &record.Record{
		Schema: record.Schema,
		Run: record.Run{
			ID: "r1", Started: began, Target: "hero_zero", Image: "hero_zero:hero", Digest: "sha256:" + strings.Repeat("4f", 32), Profile: profile, Seed: 7, Procs: 44,
			Request: &record.Request{TargetFile: "./hero.yaml", Image: "hero_zero:hero"}, Promises: promises(),
		},
		End: &record.End{Finished: began.Add(95 * time.Second)},
	}
	for n := range 28 {
		name := fmt.Sprintf("user.hero_%02d_server", n)
		r.Run.Services = append(r.Run.Services, record.Service{Name: name, Retry: &record.RetryPolicy{
			MaxAttempts: 20, Delay: 5000 * ms, Backoff: "exponential", MaxDelay: 300_000 * ms, StabilityPeriod: 60_000 * ms,
		}})
		for _, promise := range []string{"boot.running", "restart.sigterm", "restart.zinit-kill", "hang.shipped"} {
			theme, _, _ := strings.Cut(promise, ".")
			result := record.Result{
				Promise: promise, Theme: theme, Service: name, Name: "comes back", Outcome: record.Held, Attempts: 1, Started: began, Duration: 6000 * ms,
			}
			if theme == "restart" {
				recovery := record.Recovery{
					ID: fmt.Sprintf("%s/%s#1", promise, name), Promise: promise, Service: name, Fault: "SIGTERM",
					Injected: record.Interval{Lo: 1, Hi: 2}, Serving: &record.Interval{Lo: 5000 * ms, Hi: (5010 + int64(n)) * ms},
				}
				r.Recoveries, result.Recoveries = append(r.Recoveries, recovery), []string{recovery.ID}
			}
			r.Results = append(r.Results, result)
		}
	}
	r.Results = append(r.Results, record.Result{
		Promise: "health.truth-mute", Theme: "health", Name: "fail against a service that never answers", Outcome: record.Held, Attempts: 1, Started: began, Duration: 90_000 * ms,
	})
	return r
}

// judged returns a verdict with reasons.
func judged(answer verdict.Answer, r *record.Record, reasons ...verdict.Reason) answerInput {
	return answerInput{r, verdict.Verdict{Answer: answer, Image: r.Run.Image, Digest: r.Run.Digest, Reasons: reasons}}
}

type answerInput struct {
	record  *record.Record
	verdict verdict.Verdict
}

func reason(code verdict.Code, count int, text string, promises ...string) verdict.Reason {
	return verdict.Reason{Weight: code.Weight(), Code: code, Text: text, Promises: promises, Count: count}
}

// held returns a run of which some services failed, and its verdict.
func held() answerInput {
	r := run("faithful")
	var services []string
	for i, result := range r.Results {
		if result.Promise == "restart.sigterm" && len(services) < 12 {
			r.Results[i].Outcome = record.Failed
			r.Results[i].Failure = result.Service + " was not restarted within 5s of SIGTERM (restart.sigterm)\n  before   pid 41, healthy"
			services = append(services, result.Service)
		}
		if result.Promise == "health.truth-mute" {
			r.Results[i].Outcome = record.Failed
			r.Results[i].Failure = "1 of 28 registered probes pass a service that never answers (health.truth-mute)\n  unsound  user.hero_00_server.health exits 0"
			r.Results[i].Remedy = `user.hero_00_server.health: echo '{"jsonrpc":"2.0","method":"server.health","id":1}' | timeout 60 socat -t60 - UNIX-CONNECT:/root/hero/var/sockets/hero_00_server.sock | grep -q '"id":1.*"status":"ok".*}$'`
		}
	}
	failed := reason(verdict.Failed, 12, "failed: "+promises()[1].Sentence, "restart.sigterm")
	failed.Services = services
	return judged(verdict.Hold, r, failed, reason(verdict.Failed, 1, "failed: "+promises()[4].Sentence, "health.truth-mute"),
		reason(verdict.Stalled, 2, "the host stalled, so that the budget cannot be judged", "hang.shipped"),
		reason(verdict.Advisory, 1, "failed: The record of a run says by which signal it ended.", "restart.recorded"))
}

func inconclusive() answerInput {
	r := run("quick")
	r.Results = r.Results[:60]
	return judged(verdict.Inconclusive, r,
		reason(verdict.Quick, 1, `the run had the profile "quick": run with --profile faithful, which keeps the target's own delays`),
		reason(verdict.NotRun, 1, "not checked: the record has no result", "health.truth-mute"),
		reason(verdict.FewSamples, 1, "2 of 28 services were measured; the policy requires 28", "restart.zinit-kill"),
		reason(verdict.FewSamples, 1, "15 of 28 services were measured; the policy requires 28", "hang.shipped"),
		reason(verdict.Untested, 26, "no fault that took effect made the service restart"),
		reason(verdict.FewSamples, 1, "15 of 28 services were measured; the policy requires 28", "boot.running"),
		reason(verdict.FewSamples, 1, "15 of 28 services were measured; the policy requires 28", "restart.sigterm"))
}

func interrupted() answerInput {
	r := run("faithful")
	for _, result := range r.Results {
		r.Planned = append(r.Planned, result.Key())
	}
	r.Results, r.Recoveries, r.End = r.Results[:9], r.Recoveries[:4], nil
	return judged(verdict.Inconclusive, r, reason(verdict.Incomplete, 1, "the run did not finish: what its record lacks was not checked"),
		reason(verdict.NotRun, 104, "the result was due, and is missing", "boot.running", "hang.shipped", "restart.sigterm", "restart.zinit-kill"))
}

// broken returns the verdict on an image that fails all that a screen can hold, and more.
func broken() answerInput {
	r := run("quick")
	var reasons []verdict.Reason
	for n := range 14 {
		p := fmt.Sprintf("restart.odd-%02d", n)
		r.Run.Promises = append(r.Run.Promises, record.Promise{ID: p, Advice: promises()[1].Advice})
		r.Results = append(r.Results, record.Result{Promise: p, Theme: "restart", Service: "user.hero_00_server", Outcome: record.Failed, Failure: strings.Repeat("it did not come back ", 9)})
		reasons = append(reasons, reason(verdict.Failed, 1, "failed: "+strings.Repeat("a service comes back ", 8), p))
	}
	for n := range 12 {
		r.Results = append(r.Results, record.Result{Promise: fmt.Sprintf("theme%d.x\x1b[2J", n), Theme: "theme", Outcome: record.Held, Duration: 5})
	}
	return judged(verdict.Hold, r, reasons...)
}

func stalled() answerInput {
	r := run("faithful")
	return judged(verdict.Inconclusive, r, reason(verdict.Stalled, 3, "the host stalled, so that the budget cannot be judged", "hang.shipped"),
		reason(verdict.Unconfirmed, 1, "failed, but rests on the assumption job-shape, which the target does not confirm", "health.recorded"))
}

func TestAnAnswerFitsOnAScreen(t *testing.T) {
	changed := run("quick")
	changed.Run.Mutant = "no-restart"
	for name, in := range map[string]answerInput{
		"promote": judged(verdict.Promote, run("faithful")), "hold": held(), "inconclusive": inconclusive(), "interrupted": interrupted(), "broken": broken(),
		"stalled": stalled(), "mutant": judged(verdict.Inconclusive, changed, reason(verdict.Mutant, 1, "the image was broken on purpose, by the mutant no-restart")),
	} {
		t.Run(name, func(t *testing.T) {
			text := answer.Of(answer.Input{Record: in.record, Verdict: in.verdict, Folder: "reports/out"}).Text()
			lines := strings.Split(text, "\n")
			if len(lines) > 72 {
				t.Errorf("%d lines are no screen", len(lines))
			}
			for _, line := range lines {
				typed := strings.Contains(line, "make ") || strings.Contains(line, "tried ") || strings.Contains(line, "hero_chaos ")
				if utf8.RuneCountInString(line) > 120 && !typed || strings.TrimRight(line, " ") != line || strings.ContainsRune(line, '\x1b') {
					t.Errorf("%q", line)
				}
			}
			golden.Check(t, name+".txt", text)
		})
	}
}
