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
		"hang.shipped", "hang.control", "hang.stop-ignored", "hang.two-at-once", "load.flood", "persistence.serving", "isolation.bystanders",
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
	addHost(r)
	totals := r.Count()
	r.End.Totals = &totals
	r.Seal()
	than := faithfulAgainst(r)
	than.Policy.MinimumSamples = map[string]int{"boot.running": 2, "restart.sigterm": 2, "hang.shipped": 2}
	return r, than
}

// addHost adds a fault of the host, on which two results rest: the run of the record knew none. It was held while a recovery was observed.
func addHost(r *record.Record) {
	const held = 2600 * time.Millisecond
	i := slices.IndexFunc(r.Results, func(result record.Result) bool { return result.Promise == "restart.sigterm" })
	like := r.Results[i]
	beside, _ := r.Recovery(like.Recoveries[0])
	after := func(period time.Duration) *record.Interval {
		at := beside.Injected.Lo + int64(period)
		return &record.Interval{Lo: at, Hi: at + int64(time.Millisecond)}
	}
	lasting := func() *record.Lasting {
		return &record.Lasting{
			Fault: "disk-full", Sandbox: "host", Injected: *after(0), Landed: after(20 * time.Millisecond), LandingProof: "no block is free",
			Reverted: after(held), Released: after(held + 5*time.Millisecond), ReleaseProof: "as many blocks are free as before",
		}
	}
	for _, id := range []string{"host.disk-during", "host.disk-after"} {
		r.Run.Promises = append(r.Run.Promises, record.Promise{ID: id, Sentence: "A full disk is survived.", Source: "ours", Proof: &record.Proof{Lasting: true}})
		result := record.Result{
			Promise: id, Theme: "host", Service: "disk-full", Name: id, Outcome: record.Held, Attempts: 1, Started: like.Started, Duration: like.Duration,
			Sandboxes: []string{"host"}, Lasting: lasting(),
		}
		r.Results, r.Planned = append(r.Results, result), append(r.Planned, result.Key())
	}
	r.Containers = append(r.Containers, record.Container{
		Sandbox: "host", Generation: 1, ID: strings.Repeat("f", 64), Digest: r.Run.Digest, From: beside.Injected.Lo - int64(time.Second), Until: beside.Observed.Hi + int64(time.Second),
	})
	r.Evidence = append(r.Evidence, record.Evidence{What: "log of sandbox host", Path: "evidence/host/log.txt", Bytes: 1, SHA256: strings.Repeat("a", 64)})
}

// faithfulAgainst returns what the program that wrote a record would judge it against, a minute later.
func faithfulAgainst(r *record.Record) verdict.Against {
	var services []string
	for _, service := range r.Run.Services {
		services = append(services, service.Name)
	}
	return verdict.Against{
		Policy: verdict.Policy{AgeLimit: 24 * time.Hour, SHA256: r.Run.PolicySHA256, Limits: limits()},
		Now:    r.End.Finished.Add(time.Minute), Digest: r.Run.Digest, Promises: slices.Clone(r.Run.Promises),
		Targets: []verdict.Target{{Name: r.Run.Target, SHA256: r.Run.TargetSHA256, Services: services, Limits: r.Run.Limits, ToleranceLimit: time.Duration(r.Run.Tolerance)}},
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
