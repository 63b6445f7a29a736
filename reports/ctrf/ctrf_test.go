package ctrf_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/ctrf"
)

func example() *record.Record {
	began := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	result := func(promise, service string, outcome record.Outcome) record.Result {
		return record.Result{
			Promise: promise, Theme: "restart", Service: service, Fault: "SIGTERM", Name: "comes back", Outcome: outcome, Started: began,
			Duration: int64(6 * time.Second),
		}
	}
	failed := result("restart.sigterm", "user.b", record.Failed)
	failed.Failure = "user.b was not restarted (restart.sigterm)\n  before   pid 41"
	stalled := result("restart.sigterm", "user.c", record.Inconclusive)
	stalled.Cause = &record.Cause{Kind: record.CauseHostStalled}
	return &record.Record{
		Run: record.Run{
			ID: "r1", Started: began, Target: "hero_zero", Image: "hero_zero:hero", Digest: "sha256:4f", Profile: "quick", Seed: 7, Version: "v1",
			Promises: []record.Promise{{ID: "restart.sigterm", Advice: record.Advice{Why: "Why.", Cause: "Cause.", Change: "Change {service}."}}},
		},
		Results: []record.Result{
			stalled, failed, result("restart.sigterm", "user.a", record.Held),
			{Promise: "smoke.paths", Theme: "smoke", Outcome: record.NotRun},
		},
		End: &record.End{Finished: began.Add(time.Minute)},
	}
}

func TestRender(t *testing.T) {
	document, err := ctrf.Render(example(), "HOLD")
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	golden.Check(t, "ctrf.json", string(document))
}

// TestTheSchema validates reports of every kind. With HERO_CHAOS_CTRF_SCHEMA it takes the format's own schema from that file.
func TestTheSchema(t *testing.T) {
	path := "testdata/ctrf.schema.json"
	if other := os.Getenv("HERO_CHAOS_CTRF_SCHEMA"); other != "" {
		path = other
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := example()
	cut.End = nil
	for name, r := range map[string]*record.Record{"full": example(), "empty": {}, "cut": cut} {
		document, err := ctrf.Render(r, "")
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShardsShareTheIDOfTheirRun checks that a dashboard can tell which reports belong together.
func TestShardsShareTheIDOfTheirRun(t *testing.T) {
	ids := func(shard, id, plan string) (run, report string) {
		r := example()
		r.Run.Shard, r.Run.ID, r.Run.Plan = shard, id, plan
		document, err := ctrf.Render(r, "")
		if err != nil {
			t.Fatal(err)
		}
		var read struct {
			ReportID string `json:"reportId"`
			RunID    string `json:"runId"`
		}
		if err := json.Unmarshal(document, &read); err != nil {
			t.Fatal(err)
		}
		return read.RunID, read.ReportID
	}
	g := gomega.NewWithT(t)
	one, oneReport := ids("1/2", "a", "p")
	two, twoReport := ids("2/2", "b", "p")
	merged, _ := ids("", "c", "p")
	other, _ := ids("1/2", "a", "q")
	g.Expect(one).To(gomega.Equal(two))
	g.Expect(one).To(gomega.Equal(merged))
	g.Expect(one).NotTo(gomega.Equal(other))
	g.Expect(oneReport).NotTo(gomega.Equal(twoReport))
}
