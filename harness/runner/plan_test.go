package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// playImages returns tools that play a run: the suites list two specs, and Ginkgo leaves a record in which the specs of a chunk
// held. It writes down the images.
func playImages(t *testing.T, spoil string) (tools Tools, asked func() string) {
	t.Helper()
	folder := t.TempDir()
	images := filepath.Join(folder, "images")
	script := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\nof() { echo \"$HERO_CHAOS_RUN\" | sed \"s|.*\\\"$1\\\":\\\"*\\([^\\\",}]*\\).*|\\1|\"; }\n"+text), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
		return path
	}
	suites := script("suites", `echo '[{"key":{"promise":"hang.control","service":"a","name":"n"}},{"key":{"promise":"hang.control","service":"b","name":"n"}}]' > "$(of survey)"`)
	ginkgo := script("ginkgo", fmt.Sprintf(`
of image >> %[1]q; id=$(wc -l < %[1]q)
key=$(sed 's/^\[{//; s/}]$//' "$(of path)")
at=$(date -u +%%Y-%%m-%%dT%%H:%%M:%%SZ)
cat > "$(of output)/record.json" <<END
{
"schema": %[2]q,
"run": {"id": "$id", "started": "$at", "target": "embedded", "image": "$(of image)", "digest": "sha256:$(of image)", "profile": "quick", "seed": 1,
 "shard": "$(of shard)", "plan": "$(of plan)", "specs": 1},
"results": [{$key, "theme": "hang", "outcome": "held", "attempts": 1, "started": "$at", "duration_ns": 1}], "recoveries": [], "evidence": [],
"end": {"finished": "$at", "worst_gap": 0}}
END
%[3]s`, images, record.Schema, spoil))
	return Tools{Ginkgo: ginkgo, Suites: suites, Agent: "/agent"}, func() string {
		text, err := os.ReadFile(images) //nolint:gosec // the test's own
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text)), " ")
	}
}

func TestPartIsTheSameForEverybody(t *testing.T) {
	tools, _ := playImages(t, "")
	plans := map[string]bool{}
	var lists []string
	for _, which := range []string{"1/2", "2/2", "2/2"} {
		part, err := tools.Part(t.Context(), config.Config{}, "", which)
		if err != nil || part.Shard != which || part.Count != 1 {
			t.Fatalf("%+v, %v", part, err)
		}
		plans[part.Plan] = true
		list, err := os.ReadFile(part.Path)
		if err != nil || part.Remove() != nil {
			t.Fatal(err)
		}
		lists = append(lists, string(list))
	}
	if len(plans) != 1 || lists[0] == lists[1] || lists[1] != lists[2] {
		t.Errorf("%d plans, %q", len(plans), lists)
	}
}

func TestPartRefusesWhatIsNoShard(t *testing.T) {
	tools, _ := playImages(t, "")
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for want, c := range map[string]struct{ which, durations string }{
		`run the shard "3/2": write 2/4 for the second of four`:                     {which: "3/2"},
		`run the shard "0/2": write 2/4`:                                            {which: "0/2"},
		`run the shard "2": write 2/4`:                                              {which: "2"},
		"divide the run into 3 shards: it has 2 groups":                             {which: "1/3"},
		"divide by the durations of an earlier run: read the record: open nowhere.": {"1/2", "nowhere.json"},
	} {
		if _, err := tools.Part(t.Context(), config.Config{}, c.durations, c.which); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
