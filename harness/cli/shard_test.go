package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// player are tools that play a run: the suites list two specs, and Ginkgo leaves a record in which the specs of a chunk
// held. It writes down which image it was asked about.
func player(t *testing.T, spoil string) (tools runner.Tools, asked func() string) {
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
	return runner.Tools{Ginkgo: ginkgo, Suites: suites, Agent: "/agent"}, func() string {
		text, err := os.ReadFile(images) //nolint:gosec // the test's own
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text)), " ")
	}
}

func TestAShardIsTheSameForEverybody(t *testing.T) {
	tools, _ := player(t, "")
	plans := map[string]bool{}
	var lists []string
	for _, which := range []string{"1/2", "2/2", "2/2"} {
		command := runCommand{Target: "embedded", Profile: "quick", Shard: which}
		configuration, err := command.configuration()
		if err != nil {
			t.Fatal(err)
		}
		part, err := command.part(t.Context(), tools, configuration)
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

func TestWhatIsNoShard(t *testing.T) {
	tools, _ := player(t, "")
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for want, command := range map[string]runCommand{
		`run the shard "3/2": write 2/4 for the second of four`:                     {Shard: "3/2"},
		`run the shard "0/2": write 2/4`:                                            {Shard: "0/2"},
		`run the shard "2": write 2/4`:                                              {Shard: "2"},
		"divide the run into 3 shards: it has 2 groups":                             {Shard: "1/3"},
		"divide by the durations of an earlier run: read the record: open nowhere.": {Shard: "1/2", dividing: dividing{Durations: "nowhere.json"}},
	} {
		command.Target, command.Profile = "embedded", "quick"
		configuration, err := command.configuration()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := command.part(t.Context(), tools, configuration); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	for want, arguments := range map[string][]string{
		"run `make build`":                        {"shard", "4"},
		`no promise or theme "hangs"`:             {"shard", "4", "--focus=hangs"},
		`expected "<n>"`:                          {"shard"},
		`there is no target "embeddde"`:           {"shard", "4", "--target=embeddde"},
		"target embedded ships none of that name": {"shard", "4", "--service=x"},
	} {
		if code, _, stderr := commandLine(arguments...); code != exitError || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %q", arguments, code, stderr)
		}
	}
}
