package spec_test

import (
	"context"
	"slices"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// lister is a supervisor with one service, which lists its actions in an order of its own.
type lister struct {
	zinit.Supervisor
	actions []zinit.Action
}

func (lister) List(context.Context) ([]zinit.Status, error) {
	return []zinit.Status{{Name: "books"}}, nil
}

func (lister) Get(context.Context, string) (zinit.Service, error) {
	return zinit.Service{Name: "books"}, nil
}

func (l lister) Actions(context.Context, string) ([]zinit.Action, error) {
	return slices.Clone(l.actions), nil
}

func TestTheOrderInWhichActionsAreListedIsNoDefinition(t *testing.T) {
	g := NewWithT(t)
	run, health := zinit.Action{Name: "books.run", Exec: "books"}, zinit.Action{Name: "books.health", Exec: "probe"}
	before, err := spec.ReadDefinitions(t.Context(), lister{actions: []zinit.Action{run, health}})
	g.Expect(err).NotTo(HaveOccurred())
	after, err := spec.ReadDefinitions(t.Context(), lister{actions: []zinit.Action{health, run}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(after).To(Equal(before))
	health.Exec = "true"
	changed, err := spec.ReadDefinitions(t.Context(), lister{actions: []zinit.Action{health, run}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).NotTo(Equal(before))
}
