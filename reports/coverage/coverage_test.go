package coverage_test

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
)

func example() *record.Record {
	every := &record.Proof{Services: true, Recoveries: 1, Faults: []string{"SIGTERM"}}
	return &record.Record{
		Run: record.Run{
			ID:       "r1",
			Services: []record.Service{{Name: "user.a"}, {Name: "user.b"}, {Name: "user.c"}},
			Promises: []record.Promise{
				{ID: "restart.sigterm", Proof: every},
				{ID: "restart.sighup", Proof: &record.Proof{Recoveries: 1, Faults: []string{"SIGHUP"}}},
				{ID: "hang.shipped", Proof: &record.Proof{Services: true, Recoveries: 1, Faults: []string{"SIGSTOP"}}},
				{ID: "boot.running"},
			},
		},
		Results: []record.Result{
			{Promise: "restart.sigterm", Service: "user.a", Fault: "SIGTERM", Outcome: record.Held},
			{Promise: "restart.sigterm", Service: "user.b", Fault: "SIGTERM", Outcome: record.Failed},
			{Promise: "restart.sigterm", Service: "user.c", Fault: "SIGTERM", Outcome: record.Inconclusive},
			{Promise: "restart.sighup", Service: "victim", Fault: "SIGHUP", Outcome: record.Held},
			{Promise: "boot.running", Outcome: record.Inconclusive},
		},
	}
}

func TestCoverageNamesWhatWasNotTested(t *testing.T) {
	document, err := coverage.Of(example()).JSON()
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	golden.Check(t, "coverage.json", string(document))
}

// TestNoFigureHidesAFailure checks that a failure counts as tested and is counted beside.
func TestNoFigureHidesAFailure(t *testing.T) {
	g := gomega.NewWithT(t)
	found := coverage.Of(example())
	g.Expect(found.Failed).To(gomega.Equal(1))
	g.Expect(found.Promises).To(gomega.Equal(coverage.Figure{Tested: 2, All: 4}))
	g.Expect(found.Due).To(gomega.Equal(coverage.Figure{Tested: 2, All: 6}))
	g.Expect(found.Pairs).To(gomega.Equal(coverage.Figure{Tested: 2, All: 9}), "three faults on three services")
	g.Expect(strings.Count(found.Sentence(), " of ")).To(gomega.BeNumerically(">=", 3))
}

func TestAnEmptyRecordIsNotCovered(t *testing.T) {
	found := coverage.Of(&record.Record{})
	gomega.NewWithT(t).Expect(found.Promises.Tested + found.Pairs.Tested + found.Due.Tested).To(gomega.BeZero())
}
