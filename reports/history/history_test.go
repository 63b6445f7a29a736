package history_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/history"
)

const ms = int64(time.Millisecond)

// run returns a record of run n: 28 recoveries that took so long, and the outcomes of promises.
func run(n int, digest string, respawn int64, outcomes map[string]record.Outcome) history.Named {
	started := time.Date(2026, 5, n+1, 3, 0, 0, 0, time.UTC)
	r := &record.Record{
		Run: record.Run{
			ID: fmt.Sprint("r", n), Started: started, Target: "hero_zero", Image: "hero_zero:" + digest, Digest: "sha256:" + digest, Profile: "quick",
			Promises: []record.Promise{{ID: "restart.sigterm", Sentence: "It comes back."}, {ID: "boot.running"}, {ID: "smoke.paths", Advisory: true}},
		},
		End: &record.End{Finished: started.Add(time.Minute)},
	}
	for _, promise := range []string{"restart.sigterm", "boot.running", "smoke.paths"} {
		outcome := outcomes[promise]
		if outcome == "" {
			continue
		}
		for i := range 28 {
			service := fmt.Sprintf("user.hero_%02d_server", i)
			result := record.Result{Promise: promise, Service: service, Outcome: outcome, Attempts: 1}
			if promise == "restart.sigterm" {
				id := fmt.Sprintf("%s/%s#1", promise, service)
				r.Recoveries = append(r.Recoveries, record.Recovery{
					ID: id, Promise: promise, Service: service, Fault: "SIGTERM", Injected: record.Interval{Lo: 1, Hi: 2}, Exited: &record.Interval{Lo: ms, Hi: ms + 1},
					Respawned: &record.Interval{Lo: respawn * ms, Hi: (respawn + int64(i)) * ms}, Serving: &record.Interval{Lo: respawn * ms, Hi: (respawn + 20 + int64(i)) * ms},
				})
				result.Recoveries = []string{id}
			}
			r.Results = append(r.Results, result)
		}
	}
	return history.Named{Path: fmt.Sprintf("runs/%d/record.json", n), Record: r}
}

func runs() []history.Named {
	const held, failed = record.Held, record.Failed
	other := run(9, "ee", 5000, nil)
	other.Record.Run.Target = "embedded"
	twice := run(1, "aa", 5000, map[string]record.Outcome{"restart.sigterm": record.Held, "boot.running": record.Held, "smoke.paths": record.Failed})
	twice.Path = "copy/record.json"
	return []history.Named{
		run(0, "aa", 5000, map[string]record.Outcome{"restart.sigterm": held, "boot.running": held, "smoke.paths": held}),
		run(1, "aa", 5000, map[string]record.Outcome{"restart.sigterm": held, "boot.running": held, "smoke.paths": failed}),
		run(2, "bb", 5005, map[string]record.Outcome{"restart.sigterm": held, "boot.running": failed, "smoke.paths": held}),
		run(3, "cc", 7500, map[string]record.Outcome{"restart.sigterm": held, "boot.running": failed}),
		other, twice,
	}
}

func TestAHistoryFindsWhatChanged(t *testing.T) {
	g := gomega.NewWithT(t)
	found, err := history.Of(runs())
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(found.Runs).To(gomega.HaveLen(4))
	g.Expect(found.Notes).To(gomega.HaveLen(2))
	bad := found.Bad()
	g.Expect(bad).To(gomega.HaveLen(1))
	g.Expect(found.Runs[bad[0].FirstBad].Digest).To(gomega.Equal("sha256:bb"))
	flaky := found.Flaky()
	g.Expect(flaky).To(gomega.HaveLen(1))
	g.Expect(flaky[0].ID).To(gomega.Equal("smoke.paths"))
	g.Expect(found.Slower).NotTo(gomega.BeEmpty())
	g.Expect(found.Slower[0].Phase).To(gomega.Equal("respawn after the exit"))
	golden.Check(t, "history.txt", found.Text())
	page, err := found.HTML()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	golden.Check(t, "history.html", string(page))
}

func TestTheOrderOfRecordsMakesNoDifference(t *testing.T) {
	one, err := history.Of(runs())
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	reversed := runs()
	slices.Reverse(reversed)
	other, err := history.Of(reversed)
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	gomega.NewWithT(t).Expect(other.Text()).To(gomega.Equal(one.Text()))
}

// TestATargetWritesNoPage checks that names of a target stay text.
func TestATargetWritesNoPage(t *testing.T) {
	hostile := run(0, `</td><script>x</script>`, 5000, map[string]record.Outcome{"restart.sigterm": record.Held})
	hostile.Record.Run.Target = "<script>x</script>\x1b[2J"
	found, err := history.Of([]history.Named{hostile})
	if err != nil {
		t.Fatal(err)
	}
	page, err := found.HTML()
	if err != nil || strings.Contains(string(page), "<script") || strings.ContainsRune(string(page)+found.Text(), '\x1b') {
		t.Errorf("%v: %s", err, page)
	}
	if _, err := history.Of(nil); err == nil {
		t.Error("a history of nothing")
	}
}
