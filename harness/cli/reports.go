package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/junit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The files of a run beside its record and its verdict.
const (
	junitName = "junit.xml"
	pageName  = "report.html"
)

// report writes the reports of a run beside its record, and prints what it came to.
func report(stdout io.Writer, found *record.Record, by means, output string) (judged verdict.Verdict, err error) {
	comparison, err := compared(by.older, []*record.Record{found}, by.policy)
	if err != nil {
		return judged, err
	}
	if judged, err = concluded(found, by.policy, output, slowdowns(comparison)...); err != nil {
		return judged, err
	}
	document, err := junit.Render(found)
	if err != nil {
		return judged, err
	}
	if err := os.WriteFile(filepath.Join(output, junitName), document, 0o600); err != nil {
		return judged, fmt.Errorf("write the JUnit report: %w", err)
	}
	if err := writePage(found, &judged, comparison, output); err != nil {
		return judged, fmt.Errorf("write the HTML report: %w", err)
	}
	_, err = io.WriteString(stdout, summary.Render(found)+"\n"+comparisonText(comparison)+summary.Verdict(judged))
	return judged, err
}

// writePage writes the report that people read in a browser. What it shows of the evidence is read from the output's
// folder, and from nowhere else.
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
	return folder.WriteFile(pageName, page, 0o600)
}
