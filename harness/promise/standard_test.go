package promise_test

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// TestTheStandardHasEveryPromiseThatBlocks checks that nobody has to guess what a PROMOTE stands for.
func TestTheStandardHasEveryPromiseThatBlocks(t *testing.T) {
	g := gomega.NewWithT(t)
	text := promise.Standard()
	g.Expect(promise.StandardName()).To(gomega.MatchRegexp(`^hero_chaos standard 1: \d+ promises, sha256:[0-9a-f]{16}$`))
	for _, p := range promise.All() {
		g.Expect(strings.Contains(text, "\n"+p.ID+" ")).To(gomega.Equal(!p.Advisory), p.ID)
	}
	g.Expect(text).To(gomega.ContainSubstring("evidence: on every service; 1 × SIGTERM that took effect; in time: respawned, serving"))
}
