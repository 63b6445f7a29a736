package campaign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// TestMeasureAsksTheMutant plays Ginkgo, which leaves the same record in which one result is spoiled, and counts its runs.
func TestMeasureAsksTheMutant(t *testing.T) {
	prepared := t.TempDir()
	spoiled := &record.Record{Schema: record.Schema, Run: record.Run{Digest: "sha256:1"}, End: &record.End{}, Results: []record.Result{{
		Promise: "restart.sigkill", Outcome: record.Inconclusive, Attempts: 1, Stalled: true,
	}}}
	if err := spoiled.Save(filepath.Join(prepared, "record.json")); err != nil {
		t.Fatal(err)
	}
	ginkgo := filepath.Join(prepared, "ginkgo")
	script := "#!/bin/sh\ncd " + prepared + "; echo \"$HERO_CHAOS_RUN\" >> runs\n" +
		`cp record.json "$(echo "$HERO_CHAOS_RUN" | sed 's/.*"output":"\([^"]*\)".*/\1/')"`
	if err := os.WriteFile(ginkgo, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	tools := runner.Tools{Ginkgo: ginkgo, Suites: "/suites.test", Agent: "/agent"}
	measure := Measure(tools, config.Config{Target: "/targets/embedded.yaml", Profile: config.Quick}, 12)
	for name, c := range map[string]struct {
		alone bool
		claim string
		runs  int
	}{
		"beside others": {false, "restart.sigkill", 1}, "alone": {true, "restart.sigkill", 3}, "not its claim": {true, "hang.group", 1},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(prepared, "runs")); err != nil {
				t.Fatal(err)
			}
			m := mutation.Mutant{ID: "odd", Claims: []string{c.claim}, Target: "odd-target"}
			run := Run{Mutant: m, Scope: mutation.Scope{Focus: "a,b,c,d", Faithful: true}, Folder: filepath.Join(t.TempDir(), "odd"), Alone: c.alone}
			if found, err := measure(t.Context(), run); err != nil || len(found.Results) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			text, err := os.ReadFile(filepath.Join(prepared, "runs")) //nolint:gosec // the test's own
			if err != nil || strings.Count(string(text), "\n") != c.runs {
				t.Fatalf("not %d runs: %v\n%s", c.runs, err, text)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			for _, want := range []string{`"target":"/targets/odd-target.yaml"`, `"mutant":"odd"`, `"focus":"a,b,c,d"`, `"profile":"faithful"`, `"procs":4`} {
				if !strings.Contains(first, want) {
					t.Errorf("%s lacks %s", first, want)
				}
			}
		})
	}
}
