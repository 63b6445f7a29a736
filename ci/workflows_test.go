package ci_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// workflow is the checked part of a workflow.
type workflow struct {
	Concurrency map[string]any `yaml:"concurrency"`
	Jobs        map[string]struct {
		Needs    string `yaml:"needs"`
		If       string `yaml:"if"`
		Strategy struct {
			Matrix map[string]any `yaml:"matrix"`
		} `yaml:"strategy"`
		Steps []struct {
			Uses string `yaml:"uses"`
			Run  string `yaml:"run"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

func readWorkflows(t *testing.T) map[string]workflow {
	t.Helper()
	paths, err := filepath.Glob("../.forgejo/workflows/*.yaml")
	if err != nil || len(paths) != 3 {
		t.Fatalf("%q, %v", paths, err)
	}
	read := map[string]workflow{}
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // our own
		if err != nil {
			t.Fatal(err)
		}
		var one workflow
		if err := yaml.Unmarshal(text, &one); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		read[strings.TrimSuffix(filepath.Base(path), ".yaml")] = one
	}
	return read
}

// TestWorkflowsArePlain: no action has to be fetched, and nothing that somebody has given becomes a part of a script.
func TestWorkflowsArePlain(t *testing.T) {
	for name, one := range readWorkflows(t) {
		for job, about := range one.Jobs {
			if len(about.Steps) == 0 {
				t.Errorf("%s: %s has no steps", name, job)
			}
			for _, step := range about.Steps {
				if step.Uses != "" || step.Run == "" {
					t.Errorf("%s: %s uses %q", name, job, step.Uses)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: %s puts an expression into a script, where it would be obeyed: %s", name, job, step.Run)
				}
			}
		}
	}
}

// TestTheGateHasTheLastWord: it runs whatever became of the shards, no other gate cancels it, where somebody does the
// status is a refusal already, and the matrix has as many shards as ci/shard.sh takes.
func TestTheGateHasTheLastWord(t *testing.T) {
	e2e := readWorkflows(t)["e2e"]
	if gate := e2e.Jobs["gate"]; gate.If != "always()" || gate.Needs != "shard" {
		t.Errorf("the gate runs if %q, after %q", gate.If, gate.Needs)
	}
	if group := fmt.Sprint(e2e.Concurrency["group"]); e2e.Concurrency["cancel-in-progress"] != false || !strings.Contains(group, "github.run_id") {
		t.Errorf("a gate may be cancelled: %v", e2e.Concurrency)
	}
	if steps := e2e.Jobs["shard"].Steps; len(steps) < 2 || !strings.HasPrefix(steps[1].Run, "go run . publish --if-token --trouble 'INCONCLUSIVE: ") {
		t.Errorf("a gate that is cancelled would leave no refusal: %v", steps)
	}
	shards, _ := e2e.Jobs["shard"].Strategy.Matrix["shard"].([]any)
	text, err := os.ReadFile("shard.sh")
	if err != nil || len(shards) == 0 || !slices.Contains(strings.Split(string(text), "\n"), fmt.Sprintf("readonly most=%d # as many as the workflow's matrix has", len(shards))) {
		t.Errorf("the matrix has the shards %v, and ci/shard.sh takes others: %v", shards, err)
	}
}
