package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestHistoryFindsRecordsInFoldersAndByPatterns(t *testing.T) {
	folder := t.TempDir()
	for i, outcome := range []record.Outcome{record.Held, record.Failed} {
		started := time.Date(2026, 5, 1+i, 0, 0, 0, 0, time.UTC)
		r := &record.Record{
			Schema: record.Schema,
			Run: record.Run{
				ID: string(outcome), Started: started, Target: "hero_zero", Digest: "sha256:" + string(outcome), Image: "hero_zero:" + string(outcome),
				Promises: []record.Promise{{ID: "boot.running"}},
			},
			Results: []record.Result{{Promise: "boot.running", Outcome: outcome}}, End: &record.End{Finished: started.Add(time.Minute)},
		}
		path := filepath.Join(folder, string(outcome), "record.json")
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	broken := filepath.Join(folder, "broken", "record.json")
	if err := os.MkdirAll(filepath.Dir(broken), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(folder, "history.html")
	for _, place := range []string{folder, filepath.Join(folder, "*", "record.json")} {
		code, stdout, stderr := commandLine("history", place, "--output", page)
		if code != exitHeld || !strings.Contains(stdout, "bad     boot.running since 2026-05-02") || !strings.Contains(stdout, "broken/record.json is left out") {
			t.Errorf("%s: exit code %d, %s%s", place, code, stdout, stderr)
		}
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "boot.running") { //nolint:gosec // the test's own
		t.Errorf("%v, %s", err, text)
	}
	if code, _, stderr := commandLine("history", filepath.Join(folder, "nowhere")); code != exitError || !strings.Contains(stderr, "there is no such folder or file") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
