package cli

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// shardOf writes the record of one of two shards, with a log beside it, into a folder.
func shardOf(t *testing.T, folder string, number int, change func(*record.Record)) (path string) {
	t.Helper()
	log := fmt.Sprint("the log of ", number)
	started := time.Now().Add(-time.Hour)
	r := &record.Record{
		Schema: record.Schema,
		Run: record.Run{
			ID: fmt.Sprint("run-", number), Target: "embedded", Image: "herozero:1", Digest: attestedDigest, Profile: "quick", Started: started,
			Shard: record.Shard(number, 2), Plan: "p1", Specs: 1, Services: []record.Service{{Name: "user.a"}},
		},
		Results: []record.Result{{
			Promise: "restart.sigterm", Theme: "restart", Service: fmt.Sprint("user.", number), Name: "comes back", Outcome: record.Held,
			Attempts: 1, Started: started, Duration: int64(time.Second),
		}},
		Recoveries: []record.Recovery{},
		Evidence:   []record.Evidence{{What: "log of sandbox main", Path: "evidence/main/log.txt", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(log)))}},
		End:        &record.End{Finished: started.Add(time.Minute)},
	}
	change(r)
	evidence := filepath.Join(folder, "evidence", "main")
	if err := os.MkdirAll(evidence, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(evidence, "log.txt"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(folder, "record.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func asItIs(*record.Record) {}

func TestMergeMakesOneRunOfShards(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.Record)
		code   int
		says   string
	}{
		"all held":         {asItIs, exitHeld, "2 passed, 0 failed, 0 skipped"},
		"one failed":       {func(r *record.Record) { r.Results[0].Outcome, r.Results[0].Failure = record.Failed, "it did not" }, exitFailed, "VERDICT  HOLD"},
		"one inconclusive": {func(r *record.Record) { r.Results[0].Outcome = record.Inconclusive }, exitInconclusive, "1 passed, 0 failed, 1 skipped"},
		"trouble":          {func(r *record.Record) { r.End.Trouble = "the reaper is gone" }, exitError, ""},
		"results are lost": {func(r *record.Record) { r.Notes = []string{"results may be missing"} }, exitError, ""},
		"measured again": {func(r *record.Record) {
			r.Notes = []string{"1 results were measured again, because the host had stalled"}
		}, exitHeld, "2 passed, 0 failed, 0 skipped"},
		"an older one left": {asItIs, exitHeld, ""},
	} {
		t.Run(name, func(t *testing.T) {
			shards, output := t.TempDir(), t.TempDir()
			old := filepath.Join(output, "shards", "7", "evidence")
			if err := os.MkdirAll(old, 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(output, ".hero_chaos"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			one, two := shardOf(t, filepath.Join(shards, "1"), 1, asItIs), shardOf(t, filepath.Join(output, "shards", "2"), 2, c.change)
			code, stdout, stderr := commandLine("merge", two, one, "--output", output)
			if code != c.code || !strings.Contains(stdout, c.says) {
				t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
			}
			merged, err := record.Load(filepath.Join(output, "record.json"))
			if err != nil || len(merged.Run.Parts) != 2 {
				t.Fatalf("%v: %+v", err, merged)
			}
			for i, evidence := range merged.Evidence {
				if text, err := os.ReadFile(filepath.Join(output, evidence.Path)); err != nil || string(text) != fmt.Sprint("the log of ", i+1) { //nolint:gosec // the test's own
					t.Errorf("%+v: %q, %v", evidence, text, err)
				}
			}
			for _, name := range []string{folder.JUnitName, folder.PageName, folder.VerdictName, folder.SummaryName, folder.MarkdownName, folder.CoverageName, folder.CTRFName, folder.MetricsName, folder.BadgeName} {
				if _, err := os.Stat(filepath.Join(output, name)); err != nil {
					t.Error(err)
				}
			}
			if _, err := os.Stat(old); err == nil {
				t.Error("what an earlier merge left is there still")
			}
		})
	}
}

// TestALoneShardPromotesNothing: and neither does a run that was put together from shards of two plans.
func TestALoneShardPromotesNothing(t *testing.T) {
	one := shardOf(t, t.TempDir(), 1, asItIs)
	code, stdout, _ := commandLine("promote", one)
	if code != exitInconclusive || !strings.Contains(stdout, "name each shard of one run once") || !strings.Contains(stdout, string(verdict.Inconclusive)) {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}

func TestWhatCannotBeMergedIsOneLineAndExit3(t *testing.T) {
	folder := t.TempDir()
	one, two := shardOf(t, filepath.Join(folder, "1"), 1, asItIs), shardOf(t, filepath.Join(folder, "2"), 2, asItIs)
	changed := func(change func(*record.Record)) string { return shardOf(t, t.TempDir(), 2, change) }
	output := t.TempDir()
	inside := shardOf(t, filepath.Join(output, "shards", "1"), 2, asItIs)
	top := shardOf(t, output, 2, asItIs)
	bare := changed(asItIs)
	if err := os.RemoveAll(filepath.Join(filepath.Dir(bare), "evidence")); err != nil {
		t.Fatal(err)
	}
	link := changed(asItIs)
	log := filepath.Join(filepath.Dir(link), "evidence", "main", "log.txt")
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", log); err != nil {
		t.Fatal(err)
	}
	for want, records := range map[string][]string{
		"merge shards: 2/2 is missing":     {one},
		"merge shards: 1/2 is there twice": {one, one, two},
		"not of one run: the digest is":    {one, changed(func(r *record.Record) { r.Run.Digest = "x" })},
		"2/2: it did not come to its end":  {one, changed(func(r *record.Record) { r.End = nil })},
		"read the record":                  {one, write(t, "record.json", "{")},
		"no such file":                     {one, "nowhere.json"},
		"choose another --output":          {one, inside},
		"choose another --output ":         {one, top},
		"2/2 together: evidence/main/log.txt is missing beside the record": {one, bare},
		"openat evidence/main/log.txt: path escapes from parent":           {one, link},
		"log.txt is not the file of the record":                            {one, changed(func(r *record.Record) { r.Evidence[0].SHA256 = strings.Repeat("0", 64) })},
		"main is not a regular file":                                       {one, changed(func(r *record.Record) { r.Evidence[0].Path = "evidence/main" })},
		"lies outside of its folder":                                       {one, changed(func(r *record.Record) { r.Evidence[0].Path = "../secret" })},
	} {
		code, stdout, stderr := commandLine(append([]string{"merge", "--output", output}, records...)...)
		if code != exitError || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, strings.TrimSpace(want)) {
			t.Errorf("exit code %d, %q, %q, not %q", code, stdout, stderr, want)
		}
	}
	if _, err := os.Stat(inside); err != nil {
		t.Error("what was refused is gone:", err)
	}
}
