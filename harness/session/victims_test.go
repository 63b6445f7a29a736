package session

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestASampleSharesNothing: neither its name, nor a file, nor what was set of the first one afterwards.
func TestASampleSharesNothing(t *testing.T) {
	first := NewVictim("restart-exit1", zinit.RetryPolicy{MaxAttempts: 20})
	first.Options.ExitCode = 1
	second, third := first.Sample(2), first.Sample(3)
	if second.Name != "hero_chaos.restart-exit1-2" || third.Name != "hero_chaos.restart-exit1-3" || first.Name != "hero_chaos.restart-exit1" {
		t.Errorf("names: %s, %s, %s", first.Name, second.Name, third.Name)
	}
	if second.Options.ExitCode != 1 || second.Policy.MaxAttempts != 20 {
		t.Errorf("the second is not like the first: %+v", second)
	}
	for what, paths := range map[string][2]string{
		"socket":  {first.Options.Socket, second.Options.Socket},
		"control": {first.Options.Control, second.Options.Control},
		"journal": {first.Options.Journal, second.Options.Journal},
	} {
		if paths[0] == paths[1] {
			t.Errorf("both have the %s %s", what, paths[0])
		}
	}
}
