package matrix_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/matrix"
)

// promises are the columns of the tests.
var promises = []string{"restart.sigkill", "restart.sigterm", "restart.exit0", "hang.detected", "hang.control", "smoke.paths", "isolation.bystanders"}

func trial(id string, claims []string, findings map[string]mutation.Finding) mutation.Trial {
	return mutation.Trial{
		Mutant: mutation.Mutant{
			ID: id, Group: "restart", Behaviour: "a service that ends is never started again",
			Evidence: "a supervisor, its issue 12", Claims: claims,
		},
		Findings: findings, Reached: true, Took: int64(14200 * time.Millisecond),
	}
}

var (
	held   = mutation.Finding{Outcome: record.Held}
	failed = mutation.Finding{Outcome: record.Failed, Why: "user.hero_osis_server was not restarted within 5s of SIGKILL (restart.sigkill)"}
	open   = mutation.Finding{Outcome: record.Inconclusive, Why: "the host stalled"}
)

// good returns mutants that are killed by their own promise, alone or not, and a healthy variant.
func good() []mutation.Trial {
	variant := trial("pretty-printed", nil, map[string]mutation.Finding{"restart.sigkill": held, "smoke.paths": open})
	variant.Mutant.Group, variant.Mutant.Behaviour = "healthy", "replies are pretty-printed"
	return []mutation.Trial{
		trial("no-restart", []string{"restart.sigkill", "restart.sigterm"}, map[string]mutation.Finding{
			"restart.sigkill": failed, "restart.sigterm": failed, "restart.exit0": failed, "smoke.paths": held,
		}),
		trial("no-restart-on-sigterm", []string{"restart.sigterm"}, map[string]mutation.Finding{
			"restart.sigterm": failed, "restart.sigkill": held, "smoke.paths": held, "isolation.bystanders": open,
		}),
		variant,
	}
}

// wrong adds everything that can go wrong.
func wrong() []mutation.Trial {
	trials := append(good(),
		trial("survivor", []string{"restart.exit0"}, map[string]mutation.Finding{"restart.exit0": held}),
		trial("unproved", []string{"restart.exit0"}, map[string]mutation.Finding{"restart.exit0": open}),
		trial("unasked", []string{"hang.control"}, map[string]mutation.Finding{"restart.exit0": held}),
		trial("by-another", []string{"hang.detected", "hang.control"}, map[string]mutation.Finding{"hang.detected": held, "smoke.paths": failed}),
		trial("asleep", []string{"restart.sigkill"}, map[string]mutation.Finding{"restart.sigkill": failed}),
		trial("boots-not", []string{"restart.sigkill"}, nil),
		trial("slow-disk", nil, map[string]mutation.Finding{"restart.sigkill": failed, "smoke.paths": held}),
	)
	trials[7].Reached = false
	trials[8].Trouble = "container hero_chaos-1-main was not ready within 1m0s: still waiting for zinit's socket <b>\x1b[1m</b>" + strings.Repeat(" and so on", 20)
	return trials
}

func newMatrix(trials []mutation.Trial) *matrix.Matrix {
	head := matrix.Head{Made: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Image: "hero_chaos/herozero:0123456789ab"}
	return matrix.New(head, trials, promises, map[string]string{
		"smoke.paths": "it asks what boot.running asks", "restart.sigterm": "nobody needs this", "gone.promise": "it is gone",
	})
}

func cases() map[string]*matrix.Matrix {
	chosen := newMatrix(good())
	chosen.Chosen = true
	return map[string]*matrix.Matrix{"good": newMatrix(good()), "wrong": newMatrix(wrong()), "chosen": chosen, "empty": newMatrix(nil)}
}

func TestText(t *testing.T) {
	for name, m := range cases() {
		t.Run(name, func(t *testing.T) {
			text := m.Text()
			for _, line := range strings.Split(text, "\n") {
				if columns := utf8.RuneCountInString(line); columns > 120 || strings.ContainsRune(line, '\x1b') {
					t.Errorf("%d columns: %q", columns, line)
				}
			}
			golden.Check(t, name+".txt", text)
		})
	}
}

func TestJSON(t *testing.T) {
	text, err := newMatrix(wrong()).JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "wrong.json", string(text))
	var read matrix.Matrix
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	again, err := read.JSON()
	if err != nil || string(again) != string(text) || read.Schema != matrix.Schema {
		t.Errorf("read back it is another: %v", err)
	}
}

func TestHTML(t *testing.T) {
	for name, m := range cases() {
		t.Run(name, func(t *testing.T) {
			text, err := m.HTML()
			if err != nil {
				t.Fatal(err)
			}
			for _, never := range []string{"<script", "http://", "https://", "src=", "<b>\x1b", "ZgotmplZ"} {
				if strings.Contains(string(text), never) {
					t.Errorf("the page contains %q", never)
				}
			}
			golden.Check(t, name+".html", string(text))
		})
	}
}

func TestIsGood(t *testing.T) {
	for name, want := range map[string]bool{"good": true, "chosen": true, "wrong": false, "empty": false} {
		if got := cases()[name].IsGood(); got != want {
			t.Errorf("%s: good is %v", name, got)
		}
	}
	for i, trial := range wrong()[len(good()):] {
		if m := newMatrix(append(good(), trial)); m.IsGood() || len(m.Wrong()) != 1 {
			t.Errorf("%d: with %s, %s, it is good", i, trial.Mutant.ID, trial.Verdict())
		}
	}
}

// TestAPromiseEarnsItsPlace checks that every promise kills a mutant alone or has a reason, and finds reasons without need.
func TestAPromiseEarnsItsPlace(t *testing.T) {
	open, explained := newMatrix(good()).Unproved()
	var ids []string
	for _, promise := range open {
		ids = append(ids, promise.ID+": "+promise.Standing())
	}
	want := []string{
		"restart.sigkill: asked of 2 mutants; killed no-restart, never alone",
		"restart.exit0: asked of 1 mutant; killed no-restart, never alone",
		"hang.detected: asked of no mutant", "hang.control: asked of no mutant",
		"isolation.bystanders: asked of 1 mutant, killed none",
	}
	if strings.Join(ids, "\n") != strings.Join(want, "\n") {
		t.Errorf("open:\n%s", strings.Join(ids, "\n"))
	}
	if len(explained) != 1 || explained[0].ID != "smoke.paths" {
		t.Errorf("explained: %+v", explained)
	}
	if stale := newMatrix(good()).Stale; strings.Join(stale, " ") != "gone.promise restart.sigterm" {
		t.Errorf("stale: %q", stale)
	}
	if open, explained := cases()["chosen"].Unproved(); len(open)+len(explained) > 0 {
		t.Errorf("chosen mutants must say nothing of promises: %v, %v", open, explained)
	}
}
