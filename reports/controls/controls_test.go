package controls_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/controls"
)

// of is a finished record with results: "PROMISE OUTCOME [REASON]", each of a service of its own.
func of(target string, results ...string) *record.Record {
	r := &record.Record{Schema: record.Schema, Run: record.Run{Target: target}, End: &record.End{Finished: time.Unix(1, 0)}}
	for i, text := range results {
		words := strings.SplitN(text, " ", 3)
		result := record.Result{Promise: words[0], Service: string(rune('a' + i)), Outcome: record.Outcome(words[1]), Attempts: 1}
		if len(words) > 2 {
			result.Reason = words[2]
		}
		r.Results = append(r.Results, result)
	}
	return r
}

// recovers adds a recovery to a result: when the process exited and when it served again, in milliseconds from the fault.
func recovers(r *record.Record, i int, fault string, exited, serving int64) {
	id := r.Results[i].Promise + "/" + r.Results[i].Service
	at := func(ms int64) *record.Interval { return &record.Interval{Lo: ms*1e6 - 1, Hi: ms * 1e6} }
	seen := record.Recovery{ID: id, Promise: r.Results[i].Promise, Fault: fault, Injected: *at(0), Exited: at(exited)}
	if serving > 0 {
		seen.Serving = at(serving)
	}
	r.Recoveries = append(r.Recoveries, seen)
	r.Results[i].Recoveries = append(r.Results[i].Recoveries, id)
}

func TestTable(t *testing.T) {
	monit := of("monit", "hang.detected held", "hang.detected held", "hang.detected inconclusive the host stalled", "restart.sigkill held",
		"retry.linear inconclusive action.set: monit has no delay that grows (code -32099)", "retry.none inconclusive the host stalled",
		"processtree.stop-session failed")
	recovers(monit, 0, "SIGSTOP", 2800, 3600)
	recovers(monit, 1, "SIGSTOP", 2900, 3700)
	recovers(monit, 3, "SIGKILL", 100, 1100)
	recovers(monit, 6, "SIGKILL", 100, 9100)
	runit := of("runit", "hang.detected inconclusive service.set: runit has no health check (code -32099)", "restart.sigkill held",
		"restart.recorded inconclusive job.list: method not found (code -32601)", "processtree.stop-session inconclusive differs from our assumption descendants-replaced, which the target does not confirm",
		"restart.sigterm failed", "restart.sigterm held")
	recovers(runit, 1, "SIGKILL", 0, 1040)
	table, err := controls.Table(runit, monit) // in the order of their names, not in this one
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	golden.Check(t, "table.md", table)
}

func TestAnUnfinishedRecordIsRefused(t *testing.T) {
	killed := of("runit", "restart.sigkill held")
	killed.End = nil
	_, err := controls.Table(killed)
	NewWithT(t).Expect(err).To(MatchError("the record of runit has no end: run it again"))
}

func TestInsert(t *testing.T) {
	g := NewWithT(t)
	document, err := controls.Insert("before\n"+controls.Begin+"old\n"+controls.End+"\nafter\n", "new\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(document).To(Equal("before\n" + controls.Begin + "new\n" + controls.End + "\nafter\n"))
	again, err := controls.Insert(document, "new\n")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(document))
	_, err = controls.Insert("no place", "new\n")
	g.Expect(err).To(MatchError(ContainSubstring("has no place for the table")))
	_, err = controls.Insert(controls.End+controls.Begin, "new\n")
	g.Expect(err).To(MatchError(ContainSubstring("has no place for the table")))
}

// TestTrimKeepsTheTable makes the table from what is kept of a record.
func TestTrimKeepsTheTable(t *testing.T) {
	g := NewWithT(t)
	whole := of("runit", "restart.sigterm failed", "restart.sigkill held")
	recovers(whole, 1, "SIGKILL", 0, 1040)
	whole.Run.Daemon = record.Daemon{ID: "a machine's"}
	whole.Results[0].Windows = []record.Window{{Phase: "exited"}}
	whole.Evidence = []record.Evidence{{Path: "evidence/main"}}
	want, err := controls.Table(whole)
	g.Expect(err).NotTo(HaveOccurred())

	text, err := json.Marshal(controls.Trim(whole))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).NotTo(ContainSubstring("a machine's"))
	g.Expect(string(text)).NotTo(ContainSubstring("windows"))
	kept := new(record.Record)
	g.Expect(json.Unmarshal(text, kept)).To(Succeed())
	g.Expect(controls.Table(kept)).To(Equal(want))
	g.Expect(whole.Results[0].Windows).To(HaveLen(1), "the record itself is as it was")
}
