// Package ctrf writes a record in the Common Test Report Format (ctrf.io), which dashboards and CI plugins of many kinds read.
package ctrf

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
)

// specVersion is the version of the format that is written.
const specVersion = "0.0.0"

type report struct {
	ReportFormat string `json:"reportFormat"`
	SpecVersion  string `json:"specVersion"`
	ReportID     string `json:"reportId"`
	// RunID is the same in the reports of all shards of a run, and in that of the merged record.
	RunID       string  `json:"runId"`
	Timestamp   string  `json:"timestamp"`
	GeneratedBy string  `json:"generatedBy"`
	Results     results `json:"results"`
	Extra       extra   `json:"extra"`
}

type results struct {
	Tool        tool        `json:"tool"`
	Summary     summary     `json:"summary"`
	Tests       []test      `json:"tests"`
	Environment environment `json:"environment"`
}

type tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type summary struct {
	Tests    int   `json:"tests"`
	Passed   int   `json:"passed"`
	Failed   int   `json:"failed"`
	Skipped  int   `json:"skipped"`
	Pending  int   `json:"pending"`
	Other    int   `json:"other"`
	Suites   int   `json:"suites"`
	Start    int64 `json:"start"`
	Stop     int64 `json:"stop"`
	Duration int64 `json:"duration"`
}

type test struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Status    string            `json:"status"`
	RawStatus string            `json:"rawStatus"`
	Duration  int64             `json:"duration"`
	Start     int64             `json:"start,omitempty"`
	Stop      int64             `json:"stop,omitempty"`
	Suite     []string          `json:"suite"`
	Message   string            `json:"message,omitempty"`
	Trace     string            `json:"trace,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

type environment struct {
	ReportName string `json:"reportName"`
	AppName    string `json:"appName"`
	AppVersion string `json:"appVersion,omitempty"`
	Healthy    bool   `json:"healthy"`
}

// extra holds what the format has no member for.
type extra struct {
	Shard   string `json:"shard,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	Profile string `json:"profile"`
	Seed    int64  `json:"seed"`
}

// Render returns the record in the format. The answer of its verdict may be empty. The same record gives the same bytes.
func Render(r *record.Record, answer string) ([]byte, error) {
	run := r.Run
	made := report{
		ReportFormat: "CTRF", SpecVersion: specVersion, GeneratedBy: "hero_chaos",
		ReportID: uuid("report", run.ID, run.Shard), Timestamp: finished(r).UTC().Format(time.RFC3339),
		Results: results{
			Tool:        tool{Name: "hero_chaos", Version: run.Version},
			Environment: environment{ReportName: "hero_chaos " + run.Target, AppName: run.Image, AppVersion: run.Digest, Healthy: r.Complete() && r.End.Trouble == ""},
			Tests:       []test{},
		},
		RunID: runID(run), Extra: extra{Shard: run.Shard, Verdict: answer, Profile: run.Profile, Seed: run.Seed},
	}
	suites := map[string]bool{}
	count := &made.Results.Summary
	for _, result := range slices.SortedStableFunc(slices.Values(r.Results), compare) {
		added := newTest(r, result)
		made.Results.Tests = append(made.Results.Tests, added)
		suites[result.Theme] = true
		switch added.Status {
		case "passed":
			count.Passed++
		case "failed":
			count.Failed++
		case "skipped":
			count.Skipped++
		default:
			count.Other++
		}
	}
	count.Tests, count.Suites = len(made.Results.Tests), len(suites)
	count.Start, count.Stop = run.Started.UnixMilli(), finished(r).UnixMilli()
	count.Duration = max(0, count.Stop-count.Start)
	document, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the record as CTRF: %w", err)
	}
	return append(document, '\n'), nil
}

// finished returns when a run ended; one that did not is as long as its last result.
func finished(r *record.Record) time.Time {
	if r.Complete() {
		return r.End.Finished
	}
	last := r.Run.Started
	for _, result := range r.Results {
		if end := result.Started.Add(time.Duration(result.Duration)); end.After(last) {
			last = end
		}
	}
	return last
}

func compare(one, other record.Result) int {
	return cmp.Or(cmp.Compare(one.Promise, other.Promise), cmp.Compare(one.Service, other.Service), cmp.Compare(one.Fault, other.Fault), cmp.Compare(one.Name, other.Name))
}

func newTest(r *record.Record, result record.Result) test {
	status := "other"
	switch result.Outcome {
	case record.Held:
		status = "passed"
	case record.Failed:
		status = "failed"
	case record.NotRun:
		status = "skipped"
	case record.Inconclusive: // it ran, and proved nothing: neither passed nor skipped
	}
	made := test{
		ID:   uuid("test", result.Promise, result.Service, result.Fault, result.Name),
		Name: strings.TrimSpace(fmt.Sprintf("%s %s", cmp.Or(result.Service, result.Name, result.Promise), result.Fault)), Status: status, RawStatus: string(result.Outcome),
		Duration: max(0, time.Duration(result.Duration).Milliseconds()), Suite: []string{cmp.Or(result.Theme, "?"), result.Promise},
		Message: firstLine(cmp.Or(result.Failure, result.Why())), Labels: map[string]string{"promise": result.Promise},
	}
	if !result.Started.IsZero() {
		made.Start = result.Started.UnixMilli()
		made.Stop = made.Start + made.Duration
	}
	for name, value := range map[string]string{"service": result.Service, "fault": result.Fault, "shard": result.Shard} {
		if value != "" {
			made.Labels[name] = value
		}
	}
	if result.Outcome == record.Failed {
		made.Trace = result.Failure
		for _, line := range advice.Lines(r, result) {
			made.Trace += fmt.Sprintf("\n  %-8s %s", line[0], line[1])
		}
	}
	return made
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// runID returns the id of a run, which its shards and their merged record share: they have one plan, image, profile and seed.
func runID(run record.Run) string {
	if run.Plan != "" {
		return uuid("run", run.Plan, run.Digest, run.Profile, fmt.Sprint(run.Seed))
	}
	return uuid("run", run.ID)
}

// uuid returns a UUID that follows from the parts (RFC 9562, version 8).
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
