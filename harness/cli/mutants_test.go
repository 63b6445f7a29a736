package cli

import (
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/choice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/unkilled"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

func TestTheMutantsAreListed(t *testing.T) {
	code, stdout, stderr := commandLine("mutants", "--list", "--only", "no-restart,slow-restart")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitHeld || stderr != "" || len(lines) != 2 {
		t.Fatalf("exit code %d, %q, %q", code, stdout, stderr)
	}
	for i, want := range [][]string{
		{"no-restart", "restart", "restart.sigkill", "a service that ends is never started again"}, {"slow-restart"},
	} {
		for _, part := range want {
			if !strings.Contains(lines[i], part) {
				t.Errorf("%q lacks %q", lines[i], part)
			}
		}
	}
	_, all, _ := commandLine("mutants", "--list")
	if strings.Count(all, "\n") != len(mutant.All())+len(choice.Rows()) || !strings.Contains(all, " healthy ") {
		t.Errorf("%d lines for %d mutants", strings.Count(all, "\n"), len(mutant.All()))
	}
}

func TestNoMutantIsRunThatNobodyKnows(t *testing.T) {
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"an unknown mutant": {[]string{"--only", "no-restarts"}, `no such`},
		"an unknown group":  {[]string{"--group", "restat"}, `did you mean "restart"?`},
		"none of the group": {[]string{"--group", "hang", "--only", "no-restart"}, "none was chosen"},
		"sample and full":   {[]string{"--sample", "--full"}, "--sample and --full can't be used together"},
		"no programs":       {[]string{"--only", "no-restart"}, "beside hero_chaos: run `make build`"},
	} {
		code, stdout, stderr := commandLine(append([]string{"mutants"}, c.arguments...)...)
		if code != exitError || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, %q, %q", name, code, stdout, stderr)
		}
	}
}

// TestAReasonIsOfAPromise: the registry knows no promises, so that a misspelled one would excuse nothing.
func TestAReasonIsOfAPromise(t *testing.T) {
	for id, why := range unkilled.Reasons() {
		if _, ok := promise.Find(id); !ok || why == "" {
			t.Errorf("it is said of %s that no mutant is killed by it alone: there is no such promise, or no reason (%q)", id, why)
		}
	}
}
