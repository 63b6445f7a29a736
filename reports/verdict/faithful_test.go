package verdict_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The parts of the faithful record that small keeps: every kind of evidence that a promise can need.
var (
	smallPromises = []string{
		"boot.running", "restart.sigterm", "restart.zinit-kill", "restart.graceful", "restart.stop-pending", "restart.stop-timeout", "retry.shipped",
		"hang.shipped", "hang.control", "hang.stop-ignored", "hang.two-at-once", "load.flood", "persistence.serving", "host.disk-during", "host.disk-after",
	}
	smallServices = []string{"user.hero_db_server", "user.hero_proxy"}
)

// small returns a part of a faithful run's record, and what it is judged against: 2 of the services, and some of the promises.
func small(t testing.TB) (*record.Record, verdict.Against) {
	t.Helper()
	r := loadCompressed(t, "faithful.json.gz")
	r.Run.Promises = slices.DeleteFunc(r.Run.Promises, func(p record.Promise) bool { return !slices.Contains(smallPromises, p.ID) })
	r.Run.Services = slices.DeleteFunc(r.Run.Services, func(s record.Service) bool { return !slices.Contains(smallServices, s.Name) })
	isKept := func(promise, service string) bool {
		return slices.Contains(smallPromises, promise) && (!strings.HasPrefix(service, "user.") || slices.Contains(smallServices, service))
	}
	r.Results = slices.DeleteFunc(r.Results, func(result record.Result) bool { return !isKept(result.Promise, result.Service) })
	r.Planned = slices.DeleteFunc(r.Planned, func(key record.Key) bool { return !isKept(key.Promise, key.Service) })
	r.Recoveries = slices.DeleteFunc(r.Recoveries, func(recovery record.Recovery) bool { return !isKept(recovery.Promise, recovery.Service) })
	isUsed := func(c record.Container) bool {
		return slices.ContainsFunc(r.Results, func(result record.Result) bool { return slices.Contains(result.Sandboxes, c.Sandbox) })
	}
	r.Containers = slices.DeleteFunc(r.Containers, func(c record.Container) bool { return !isUsed(c) })
	r.Evidence = slices.DeleteFunc(r.Evidence, func(file record.Evidence) bool {
		return !slices.ContainsFunc(r.Containers, func(c record.Container) bool { return path.Base(path.Dir(file.Path)) == c.Instance() })
	})
	r.MeasuredAgain = 0
	for _, result := range r.Results {
		if slices.ContainsFunc(result.Sandboxes, record.IsLater) {
			r.MeasuredAgain++
		}
	}
	totals := r.Count()
	r.End.Totals = &totals
	r.Seal()
	than := faithfulAgainst(r)
	than.Policy.MinimumSamples = map[string]int{"boot.running": 2, "restart.sigterm": 2, "hang.shipped": 2}
	return r, than
}

// faithfulAgainst returns what the program that wrote a record would judge it against, a minute later.
func faithfulAgainst(r *record.Record) verdict.Against {
	target := verdict.Target{
		Name: r.Run.Target, SHA256: r.Run.TargetSHA256, Confirmed: slices.Clone(r.Run.Confirmed), Limits: r.Run.Limits,
		ToleranceLimit: time.Duration(r.Run.Tolerance),
	}
	for _, service := range r.Run.Services { // the record may be edited afterwards
		if service.Retry != nil {
			service.Retry = new(*service.Retry)
		}
		if service.Check != nil {
			target.Check = new(*service.Check)
		}
		target.Services = append(target.Services, service)
	}
	return verdict.Against{
		Policy: verdict.Policy{AgeLimit: 24 * time.Hour, SHA256: r.Run.PolicySHA256, Limits: limits()},
		Now:    r.End.Finished.Add(time.Minute), Digest: r.Run.Digest, Promises: slices.Clone(r.Run.Promises),
		Targets: []verdict.Target{target},
	}
}

// TestAFaithfulRunIsPromoted: the whole record, by the repository's own policy, with what was measured again because the host had stalled.
func TestAFaithfulRunIsPromoted(t *testing.T) {
	r := loadCompressed(t, "faithful.json.gz")
	if answer, codes := judge(t, r); answer != verdict.Promote || len(codes) > 1 || r.MeasuredAgain == 0 {
		t.Errorf("%s by %v, %d measured again", answer, codes, r.MeasuredAgain)
	}
	than := faithfulAgainst(r)
	if found := verdict.Judge([]*record.Record{r}, than); found.Answer != verdict.Promote {
		t.Error(text(t, found))
	}
}

// TestAProcessBehindAShellMayBeReapedLate: the supervisor took the end of the shell for that of the run, started the next one, and
// somebody else reaped the process on a busy host.
func TestAProcessBehindAShellMayBeReapedLate(t *testing.T) {
	r, than := small(t)
	onRecovery(func(r *record.Recovery) {
		r.Noticed = &record.Interval{Lo: r.Serving.Lo, Hi: r.Serving.Hi}
		r.Ends = []record.Interval{*r.Exited}
	})(r)
	r.Seal()
	if found := verdict.Judge([]*record.Record{r}, than); found.Answer != verdict.Promote {
		t.Error(text(t, found))
	}
	onRecovery(func(r *record.Recovery) { r.Ends = nil })(r)
	r.Seal()
	if found := verdict.Judge([]*record.Record{r}, than); found.Answer != verdict.Inconclusive {
		t.Error("without a shell, the supervisor started the next process before it had reaped the last")
	}
}
