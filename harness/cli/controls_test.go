package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/controls"
)

// TestTheReadmeHasTheTableOfItsRecords: what it says of other supervisors was measured.
func TestTheReadmeHasTheTableOfItsRecords(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := controlsTable(filepath.Join("fixtures", "controls", "records"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := controls.Insert(string(readme), table)
	if err != nil {
		t.Fatal(err)
	}
	if want != string(readme) {
		t.Errorf("README.md is not current: run `hero_chaos controls`. Its table should be\n%s", table)
	}
}

// TestControls keeps a record and writes the table of all that are kept.
func TestControls(t *testing.T) {
	folder := t.TempDir()
	readme := filepath.Join(folder, "README.md")
	finished := `{"schema":"hero_chaos.record/1","run":{"target":"runit","id":"1"},"results":[{"promise":"restart.sigkill","outcome":"held","attempts":1}],"end":{}}`
	for path, text := range map[string]string{
		readme: "top\n" + controls.Begin + controls.End + "\n", filepath.Join(folder, "record"): finished,
		filepath.Join(folder, "killed"): strings.Replace(finished, `,"end":{}`, "", 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep := filepath.Join(folder, "records")
	if err := os.Mkdir(keep, 0o700); err != nil {
		t.Fatal(err)
	}
	command := controlsCommand{Keep: keep, Into: readme, Records: []string{filepath.Join(folder, "killed")}}
	if err := command.Run(); err == nil || !strings.Contains(err.Error(), "has no end: run runit again") {
		t.Errorf("an unfinished record is kept: %v", err)
	}
	command.Records = []string{filepath.Join(folder, "record")}
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(readme); !strings.Contains(string(text), "| `restart.sigkill` | held |") || !strings.HasPrefix(string(text), "top\n") { //nolint:gosec // our own
		t.Errorf("the document is %s", text)
	}
	kept, err := os.ReadFile(filepath.Join(keep, "runit.json")) //nolint:gosec // our own
	if err != nil || !json.Valid(kept) {
		t.Errorf("kept %s, %v", kept, err)
	}
}
