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
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/junit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The files of a run beside its record.
const (
	VerdictName     = "verdict.json"
	JUnitName       = "junit.xml"
	PageName        = "report.html"
	SummaryName     = "summary.txt"
	CoverageName    = "coverage.json"
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
	Verdict verdict.Verdict
	Answer  answer.Answer
	Summary string // the content of SummaryName
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
	run.Record = advice.Refresh(run.Record, run.Promises)
	written = Written{
		Verdict: judged,
		Answer:  answer.Of(answer.Input{Record: run.Record, Verdict: judged, Comparison: conclusion(comparison), MinimumSamples: run.Policy.MinimumSamples, Folder: shorten(output)}),
		Summary: summary.Render(run.Record) + "\n" + comparison.Text() + summary.Verdict(judged),
	}
	if err := os.WriteFile(filepath.Join(output, SummaryName), []byte(written.Summary), 0o600); err != nil {
		return written, fmt.Errorf("write the summary: %w", err)
	}
	document, err := judged.JSON()
	if err != nil {
		return written, err
	}
	if err := os.WriteFile(filepath.Join(output, VerdictName), document, 0o600); err != nil {
		return written, fmt.Errorf("write the verdict: %w", err)
	}
	if document, err = coverage.Of(run.Record).JSON(); err != nil {
		return written, err
	}
	if err := os.WriteFile(filepath.Join(output, CoverageName), document, 0o600); err != nil {
		return written, fmt.Errorf("write the coverage: %w", err)
	}
	if document, err = junit.Render(run.Record); err != nil {
		return written, err
	}
	if err := os.WriteFile(filepath.Join(output, JUnitName), document, 0o600); err != nil {
		return written, fmt.Errorf("write the JUnit report: %w", err)
	}
	if err := writePage(run.Record, &judged, comparison, output); err != nil {
		return written, fmt.Errorf("write the HTML report: %w", err)
	}
	return written, nil
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
func writePage(found *record.Record, judged *verdict.Verdict, comparison *baseline.Comparison, output string) error {
	folder, err := os.OpenRoot(output)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	page, err := html.Render(html.Input{Record: found, Verdict: judged, Baseline: comparison, Evidence: folder.FS()})
	if err != nil {
		return err
	}
	return folder.WriteFile(PageName, page, 0o600)
}
