// Package folder writes the reports of a run beside its record.
package folder

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
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

// Write judges a run and writes its verdict and its reports into a folder. It returns the verdict and its text.
func Write(run Run, output string) (judged verdict.Verdict, text string, err error) {
	comparison, err := baseline.CompareRun(run.Older, []*record.Record{run.Record}, run.Policy)
	if err != nil {
		return judged, "", err
	}
	judged = verdict.Judge([]*record.Record{run.Record}, verdict.Against{
		Policy: run.Policy, Now: time.Now(), Promises: run.Promises, Targets: run.Targets, Slowdowns: comparison.Slowdowns(),
	})
	document, err := judged.JSON()
	if err != nil {
		return judged, "", err
	}
	if err := os.WriteFile(filepath.Join(output, VerdictName), document, 0o600); err != nil {
		return judged, "", fmt.Errorf("write the verdict: %w", err)
	}
	if document, err = junit.Render(run.Record); err != nil {
		return judged, "", err
	}
	if err := os.WriteFile(filepath.Join(output, JUnitName), document, 0o600); err != nil {
		return judged, "", fmt.Errorf("write the JUnit report: %w", err)
	}
	if err := writePage(run.Record, &judged, comparison, output); err != nil {
		return judged, "", fmt.Errorf("write the HTML report: %w", err)
	}
	return judged, summary.Render(run.Record) + "\n" + comparison.Text() + summary.Verdict(judged), nil
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
