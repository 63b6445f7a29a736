package owner

import (
	"context"
	"fmt"
	"testing"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// TestWhatTheHarnessEndsIsExplained checks that the end of a process counts as a disturbance, unless all of its sandbox was held then:
// while its container was restarted, and if nobody can ask for it any more since its container was ended on purpose.
func TestWhatTheHarnessEndsIsExplained(t *testing.T) {
	now := &fakeClock{100}
	var answer error
	live := &liveSandbox{name: "own", watched: map[string]watchedService{}, agent: agent.Client{
		Call: func(_ context.Context, _ string, _, result any) error {
			*result.(*[]agent.Death) = []agent.Death{{Service: "bystander", At: record.Interval{Lo: 200, Hi: 201}}}
			return answer
		},
	}}
	o := &Owner{target: &target.Target{}, leases: newTestLeases(now), sandboxes: withOpen("own", live)}
	find := func() (int, error) {
		found, err := o.findDisturbances(t.Context(), protocol.DisturbedParams{Sandbox: "own", To: 1 << 62})
		return len(found), err
	}
	if found, err := find(); err != nil || found != 1 {
		t.Fatalf("an end that nothing explains: %d, %v", found, err)
	}
	answer = fmt.Errorf("ask for the deaths: %w", wire.ErrLinkEnded)
	if _, err := find(); err == nil {
		t.Error("the container ended, and nobody had ended it")
	}
	held := &heldLeases{owner: o, ids: map[string]struct{}{}}
	if err := held.alone(t.Context(), "own", func() error { now.now = 300; return nil }); err != nil {
		t.Fatal(err)
	}
	if found, err := find(); err != nil || found != 0 {
		t.Errorf("after its container was ended on purpose: %d, %v", found, err)
	}
	answer = nil
	if found, err := find(); err != nil || found != 0 {
		t.Errorf("while all of the sandbox was held: %d, %v", found, err)
	}
}
