package promise_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// TestNeedsCountEveryPromise checks that more understanding never makes fewer promises judgeable, and that full understanding makes all.
func TestNeedsCountEveryPromise(t *testing.T) {
	before := 0
	for _, need := range promise.Needs() {
		count := promise.Judgeable(need)
		if count < before {
			t.Errorf("%s: %d promises, and %d with less", need, count, before)
		}
		before = count
	}
	if before != len(promise.All()) {
		t.Errorf("%d of %d promises are judgeable if all is understood", before, len(promise.All()))
	}
	for id, want := range map[string]promise.Need{
		promise.SmokePaths: promise.NeedsNothing, promise.RestartZinitKill: promise.NeedsCommands, promise.BootActions: promise.NeedsDefinitions,
		promise.RetryExponential: promise.NeedsRegistration,
	} {
		if p, _ := promise.Find(id); p.Needs() != want {
			t.Errorf("%s needs %s, not %s", id, p.Needs(), want)
		}
	}
}
