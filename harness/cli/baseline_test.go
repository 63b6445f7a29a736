package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// timed writes the record of a run whose 28 services are restarted after that long.
func timed(t *testing.T, id string, after time.Duration) (path string) {
	t.Helper()
	r := &record.Record{
		Schema: record.Schema, Evidence: []record.Evidence{},
		Run: record.Run{ID: id, Target: "embedded", Image: "herozero:" + id, Digest: attestedDigest, Profile: "faithful", Started: time.Now().Add(-time.Hour)},
		End: &record.End{Finished: time.Now().Add(-time.Minute)},
	}
	for i := range 28 {
		recovery := record.Recovery{ID: fmt.Sprint(i), Promise: "restart.sigterm", Service: fmt.Sprint("user.", i), Exited: &record.Interval{}}
		at := int64(after) + int64(i)*int64(time.Millisecond)
		recovery.Respawned = &record.Interval{Lo: at, Hi: at}
		r.Recoveries = append(r.Recoveries, recovery)
		r.Results = append(r.Results, record.Result{Promise: "restart.sigterm", Service: recovery.Service, Outcome: record.Held, Attempts: 1, Recoveries: []string{recovery.ID}})
	}
	path = filepath.Join(t.TempDir(), "record.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASlowdownHolds(t *testing.T) {
	before, same, slower := timed(t, "1", 5*time.Second), timed(t, "2", 5100*time.Millisecond), timed(t, "3", 6*time.Second)
	const held = "restart.sigterm: the respawn after the exit takes 6.01 s, the baseline took 5.01 s"
	code, stdout, stderr := commandLine("promote", slower, "--baseline", before)
	if code != exitFailed || !strings.Contains(stdout, held) || !strings.Contains(stdout, "1 significantly slower than allowed") {
		t.Errorf("1 s more: exit code %d, %s, %s", code, stdout, stderr)
	}
	code, stdout, stderr = commandLine("promote", same, "--baseline", before)
	if code != exitInconclusive || strings.Contains(stdout, "for the baseline") || !strings.Contains(stdout, "none significantly slower than allowed") {
		t.Errorf("2 %% more, of 10 %% allowed: exit code %d, %s, %s", code, stdout, stderr)
	}
	for want, arguments := range map[string][]string{
		"it is of the same run":          {before, "--baseline", before},
		"it takes one record":            {before, same, "--baseline", slower},
		"compare with the baseline: rea": {before, "--baseline", filepath.Join(t.TempDir(), "none")},
	} {
		code, stdout, stderr = commandLine(append([]string{"promote"}, arguments...)...)
		if code != exitError || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q", want, code, stdout, stderr)
		}
	}
}
