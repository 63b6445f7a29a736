package expect_test

import (
	"testing"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// TestStayingDown holds only of a process that ended, whose place nobody took for long enough.
func TestStayingDown(t *testing.T) {
	alive := func(r *record.Recovery) { r.Exited, r.Respawned, r.Accepting, r.Serving = nil, nil, nil, nil }
	unlanded := func(r *record.Recovery) { r.Landing = nil }
	for name, tc := range map[string]struct {
		recovery record.Recovery
		outcome  record.Outcome
	}{
		"down-stayed":        {recovered(stayedDown), record.Held},
		"down-started-again": {recovered(), record.Failed},
		"down-still-there":   {recovered(alive), record.Failed},
		"down-not-watched":   {recovered(stayedDown, observed(3*s)), record.Inconclusive},
		"down-no-landing":    {recovered(stayedDown, unlanded), record.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			expected := expect.StayDown(expect.Within(5 * s))
			matched, err := expected.Match(tc.recovery)
			g.Expect(matched).To(gomega.Equal(tc.outcome == record.Held))
			g.Expect(err != nil).To(gomega.Equal(tc.outcome == record.Inconclusive))
			if tc.outcome == record.Failed {
				golden.Check(t, name+".txt", expected.FailureMessage(tc.recovery)+"\n")
			}
		})
	}
}
