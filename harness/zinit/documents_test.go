package zinit_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

func defineOne() zinit.Definition {
	return zinit.Define("hero_chaos.one",
		zinit.RunAction("hero_chaos.one", "sleep 1", zinit.RetryPolicy{Delay: zinit.Milliseconds(1730e6), Backoff: zinit.BackoffExponential}))
}

// TestDocuments checks that a definition is sent alike by the client of the contract's own shapes and by its dialect, also after a change.
func TestDocuments(t *testing.T) {
	g := NewWithT(t)
	supervisor, err := zinit.Connect(t.Context(), answering(t, func(asked request) string {
		if asked.Method == "rpc.discover" {
			return `"result":{"methods":[{"name":"action.set"}]}`
		}
		return `"result":{"version":"1"}`
	}))
	g.Expect(err).NotTo(HaveOccurred())
	known, err := dialect.Builtin(dialect.Zinit04)
	g.Expect(err).NotTo(HaveOccurred())
	nobody := func(context.Context, int) (net.Conn, error) { return nil, errors.New("nobody is asked") }
	for name, one := range map[string]zinit.Supervisor{"client": supervisor, "dialect": zinit.ConnectAs(nobody, zinit.Spelling{Dialect: known})} {
		speaker, ok := one.(zinit.Speaker)
		g.Expect(ok).To(BeTrue(), name)
		documents, err := speaker.Documents(defineOne(), func(document dialect.Document, written any) any {
			if document == dialect.Action {
				written, err = speaker.Spelling().Shape(document)["retry.delay"].At.Set(written, -5)
				g.Expect(err).NotTo(HaveOccurred())
			}
			return written
		})
		g.Expect(err).NotTo(HaveOccurred())
		text, err := json.Marshal(documents)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(text).To(MatchJSON(`[
			{"Of": "action", "Method": "action.set", "Params": {"action": {"name": "hero_chaos.one.run", "service": "hero_chaos.one", "kind": "run", "exec": "sleep 1",
				"retry": {"max_attempts": 0, "delay_ms": -5, "backoff": "exponential", "max_delay_ms": 0, "stability_period_ms": 0}}}},
			{"Of": "service", "Method": "service.set", "Params": {"config": {"name": "hero_chaos.one", "actions": ["hero_chaos.one.run"]}}}
		]`), name)
		documents, err = speaker.Documents(defineOne(), func(dialect.Document, any) any { return nil })
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(documents[0].Params).To(Or(BeNil(), BeEmpty()), name)
	}
}

func TestLegacyDocument(t *testing.T) {
	g := NewWithT(t)
	definition := defineOne()
	document, err := zinit.LegacyDocument(definition)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(document.Method).To(Equal("service.set"))
	g.Expect(document.Params).To(HaveKeyWithValue("config", HaveKeyWithValue("lifecycle", HaveKeyWithValue("restart_delay_ms", BeEquivalentTo(1730)))))

	definition.Actions[0].Retry.Backoff = zinit.BackoffLinear
	_, err = zinit.LegacyDocument(definition)
	g.Expect(errors.Is(err, zinit.ErrNotExpressible)).To(BeTrue())
}
