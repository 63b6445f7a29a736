package zinit_test

import (
	"encoding/json"
	"errors"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

func TestDocuments(t *testing.T) {
	g := NewWithT(t)
	definition := zinit.Define("hero_chaos.one",
		zinit.RunAction("hero_chaos.one", "sleep 1", zinit.RetryPolicy{Delay: zinit.Milliseconds(1730e6), Backoff: zinit.BackoffExponential}))

	documents, err := zinit.Documents(zinit.Dialect04, definition)
	g.Expect(err).NotTo(HaveOccurred())
	text, err := json.Marshal(documents)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(text).To(MatchJSON(`[
		{"Method": "action.set", "Params": {"action": {"name": "hero_chaos.one.run", "service": "hero_chaos.one", "kind": "run", "exec": "sleep 1",
			"retry": {"max_attempts": 0, "delay_ms": 1730, "backoff": "exponential", "max_delay_ms": 0, "stability_period_ms": 0}}}},
		{"Method": "service.set", "Params": {"config": {"name": "hero_chaos.one", "actions": ["hero_chaos.one.run"]}}}
	]`))

	documents, err = zinit.Documents(zinit.Dialect03, definition)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(documents).To(HaveLen(1))
	g.Expect(documents[0].Method).To(Equal("service.set"))
	g.Expect(documents[0].Params["config"]).To(HaveKeyWithValue("lifecycle", HaveKeyWithValue("restart_delay_ms", BeEquivalentTo(1730))))

	definition.Actions[0].Retry.Backoff = zinit.BackoffLinear
	_, err = zinit.Documents(zinit.Dialect03, definition)
	g.Expect(errors.Is(err, zinit.ErrNotExpressible)).To(BeTrue())
}
