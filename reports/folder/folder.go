// Package folder writes the reports of a run beside its record.
package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/answer"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/badge"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/ctrf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/junit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/markdown"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/metrics"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The files of a run beside its record.
const (
	VerdictName     = "verdict.json"
	JUnitName       = "junit.xml"
	PageName        = "report.html"
	SummaryName     = "summary.txt"
	MarkdownName    = "summary.md"
	CoverageName    = "coverage.json"
	CTRFName        = "ctrf.json"
	MetricsName     = "metrics.prom" // the ending that a textfile collector asks for
	BadgeName       = "badge.svg"
	AttestationName = "attestation.intoto.jsonl"
)

// Run is a run that has just ended, with what it is judged by.
type Run struct {
	Record   *record.Record
	Older    *record.Record // of the image to compare with; may be nil
	Policy   verdict.Policy
	Promises []record.Promise // all that the program knows
	Targets  []verdict.Target // all that the program has the files of
}

// Written holds the verdict on a run and its texts.
type Written struct {
	Verdict  verdict.Verdict
	Answer   answer.Answer
	Summary  string // the content of SummaryName
	Markdown string // the content of MarkdownName
}

// Write judges a run and writes its verdict and its reports into a folder.
func Write(run Run, output string) (written Written, err error) {
	comparison, err := baseline.CompareRun(run.Older, []*record.Record{run.Record}, run.Policy)
	if err != nil {
		return written, err
	}
	judged := verdict.Judge([]*record.Record{run.Record}, verdict.Against{
		Policy: run.Policy, Now: time.Now(), Promises: run.Promises, Targets: run.Targets, Slowdowns: comparison.Slowdowns(),
	})
	advised, covered := advice.Refresh(run.Record, run.Promises), coverage.Of(run.Record)
	written = Written{
		Verdict: judged,
		Answer: answer.Of(answer.Input{
			Record: advised, Verdict: judged, Comparison: conclusion(comparison), MinimumSamples: run.Policy.MinimumSamples, Folder: shorten(output),
		}),
		Summary: summary.Render(advised) + "\n" + comparison.Text() + summary.Verdict(judged),
	}
	written.Markdown = markdown.Render(written.Answer, covered)
	documents := []struct {
		name, what string
		render     func() ([]byte, error)
	}{
		{SummaryName, "summary", text(written.Summary)},
		{MarkdownName, "Markdown summary", text(written.Markdown)},
		{VerdictName, "verdict", judged.JSON},
		{CoverageName, "coverage", covered.JSON},
		{JUnitName, "JUnit report", func() ([]byte, error) { return junit.Render(advised) }},
		{CTRFName, "CTRF report", func() ([]byte, error) { return ctrf.Render(advised, string(judged.Answer)) }},
		{MetricsName, "metrics", text(metrics.Render(advised, string(judged.Answer), answers()))},
		{BadgeName, "badge", text(badge.Render(string(judged.Answer)))},
	}
	for _, document := range documents {
		content, err := document.render()
		if err != nil {
			return written, err
		}
		if err := os.WriteFile(filepath.Join(output, document.name), content, 0o600); err != nil {
			return written, fmt.Errorf("write the %s: %w", document.what, err)
		}
	}
	if err := writePage(html.Input{Record: advised, Verdict: &judged, MinimumSamples: run.Policy.MinimumSamples, Baseline: comparison}, output); err != nil {
		return written, fmt.Errorf("write the HTML report: %w", err)
	}
	return written, nil
}

// text returns a document that is there already.
func text(content string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(content), nil }
}

// answers returns every answer of a verdict.
func answers() []string {
	return []string{string(verdict.Promote), string(verdict.Hold), string(verdict.Inconclusive)}
}

// conclusion returns a comparison in one line; empty if there is none.
func conclusion(comparison *baseline.Comparison) string {
	if comparison == nil {
		return ""
	}
	return comparison.Conclusion()
}

// shorten returns the path of a folder as a person would type it: relative, if it lies in the working directory.
func shorten(folder string) string {
	here, err := os.Getwd()
	if err != nil {
		return folder
	}
	if relative, err := filepath.Rel(here, folder); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return folder
}

// writePage writes the report for a browser. It reads evidence from the output folder only.
func writePage(in html.Input, output string) error {
	folder, err := os.OpenRoot(output)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	in.Evidence = folder.FS()
	page, err := html.Render(in)
	if err != nil {
		return err
	}
	return folder.WriteFile(PageName, page, 0o600)
}
