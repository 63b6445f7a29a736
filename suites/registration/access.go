package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	. "forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect" //nolint:revive // matchers read as part of the language

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// ownSandbox is for definitions that could harm the supervisor.
	ownSandbox = "registration"
	// cleanupTimeout bounds what a spec does to clean up.
	cleanupTimeout = 30 * time.Second
)

// access is a sandbox, with the means to send its supervisor any request.
type access struct {
	*session.Sandbox
	chaos *session.Session
	// speaker is the supervisor of 0.4 in any spelling, nil for 0.3.
	speaker zinit.Speaker
	// client sends requests in the contract's own spelling, nil for any other.
	client  *zinit.Client
	dialect zinit.Dialect
}

// openMain opens the main sandbox, for what can do no harm.
func openMain(ctx context.Context, chaos *session.Session) access {
	GinkgoHelper()
	return newAccess(chaos, spec.Sandbox(ctx, chaos, session.MainSandbox))
}

// openOwn opens a sandbox of the theme's own. Some definitions lock zinit 0.3 up or abort it, so with it each experiment has
// a sandbox of its own.
func openOwn(ctx context.Context, chaos *session.Session, experiment string) access {
	GinkgoHelper()
	name := ownSandbox
	if openMain(ctx, chaos).dialect == zinit.Dialect03 {
		name += "-" + experiment
	}
	return newAccess(chaos, spec.Sandbox(ctx, chaos, name))
}

// openOwnWithActions opens a sandbox of the theme's own. If services do not consist of actions, the spec ends as
// INCONCLUSIVE, since the supervisor lacks what is named.
func openOwnWithActions(ctx context.Context, chaos *session.Session, what string) access {
	GinkgoHelper()
	openMain(ctx, chaos).requireOwnActions(what)
	return openOwn(ctx, chaos, "actions")
}

func newAccess(chaos *session.Session, sandbox *session.Sandbox) access {
	GinkgoHelper()
	a := access{Sandbox: sandbox, chaos: chaos, dialect: sandbox.Supervisor.Dialect()}
	if !a.dialect.Registers() {
		spec.Inconclusive(fmt.Sprintf("definitions need zinit's RPC, and only its dialect %s is understood here", a.dialect))
	}
	a.speaker, _ = sandbox.Supervisor.(zinit.Speaker)
	if a.dialect != zinit.DialectLearned {
		a.client = zinit.NewClient(sandbox.ZinitDialer())
	}
	return a
}

// requireActions ends the spec as INCONCLUSIVE if services do not consist of actions.
func (a access) requireActions(what string) {
	GinkgoHelper()
	if a.speaker == nil {
		spec.Inconclusive(fmt.Sprintf("zinit %s has no %s", a.dialect, what))
	}
}

// requireOwnActions ends the spec as INCONCLUSIVE if actions are no documents of their own.
func (a access) requireOwnActions(what string) {
	GinkgoHelper()
	a.requireActions(what)
	if a.speaker.Spelling().Embedding != nil {
		spec.Inconclusive("the actions of this supervisor are parts of their services, and none can be registered or read on its own")
	}
}

// requireActionNames ends the spec as INCONCLUSIVE if the supervisor says no names of actions.
func (a access) requireActionNames(what string) {
	GinkgoHelper()
	a.requireActions(what)
	spelling := a.speaker.Spelling()
	_, named := spelling.Shape(dialect.Action)["name"]
	if embedding := spelling.Embedding; !named && (embedding == nil || embedding.Keyed != dialect.KeyedByName) {
		spec.Inconclusive("it is not known where this supervisor says the name of an action (action.name)")
	}
}

// mendAfterwards starts the container again at the end of the spec if its supervisor no longer answers, so that no other
// spec waits for it. It waits first, since the image may start its supervisor again by itself. Cleanups run the last first:
// called after the victims were registered, it spares their removal the wait.
func (a access) mendAfterwards() {
	DeferCleanup(func(ctx SpecContext) {
		if !spec.Until(ctx, zinit.CallTimeout, func(ctx context.Context) bool {
			ctx, cancel := context.WithTimeout(ctx, spec.AnswerLimit)
			defer cancel()
			return a.answers(ctx)
		}) {
			_, _ = a.Interrupt(ctx, session.Restart, time.Second)
		}
	}, NodeTimeout(2*specTimeout)) // others that use the sandbox end first
}

// answers reports whether the supervisor answers one question. A learned one may be asked for each service's status before all are listed.
func (a access) answers(ctx context.Context) bool {
	if a.dialect == zinit.DialectLearned {
		_, err := a.Supervisor.Ping(ctx)
		return err == nil
	}
	_, err := a.Supervisor.List(ctx)
	return err == nil
}

// deleteAfterwards deletes a service at the end of the spec, whether it was registered or not. With zinit 0.3 it stays, as
// in session.Sandbox.Discard.
func (a access) deleteAfterwards(name string) {
	if a.dialect != zinit.Dialect03 {
		DeferCleanup(func(ctx SpecContext) { _ = a.Supervisor.Delete(ctx, name) }, NodeTimeout(cleanupTimeout))
	}
}

// set sends a definition as it is, also if the service is there already.
func (a access) set(ctx context.Context, definition zinit.Definition) error {
	By("set " + abbreviate(definition.Service.Name))
	if a.speaker == nil {
		document, err := zinit.LegacyDocument(definition)
		if err != nil {
			return err
		}
		return a.send(ctx, document)
	}
	documents, err := a.speaker.Documents(definition, zinit.Unchanged)
	if err != nil {
		return err
	}
	for _, document := range documents {
		if err := a.send(ctx, document); err != nil {
			return err
		}
	}
	return nil
}

// setAction sends one action of a definition without its service, and returns the answer.
func (a access) setAction(ctx context.Context, action zinit.Action) (json.RawMessage, error) {
	documents, err := a.speaker.Documents(zinit.Definition{Service: zinit.Service{Name: action.Service}, Actions: []zinit.Action{action}}, zinit.Unchanged)
	if err != nil {
		return nil, err
	}
	return a.call(ctx, documents[0])
}

// setService sends a service without its actions.
func (a access) setService(ctx context.Context, service zinit.Service) error {
	documents, err := a.speaker.Documents(zinit.Definition{Service: service}, zinit.Unchanged)
	if err != nil {
		return err
	}
	return a.send(ctx, documents[len(documents)-1])
}

// send sends a request whose answer does not matter.
func (a access) send(ctx context.Context, document zinit.Document) error {
	_, err := a.call(ctx, document)
	return err
}

// call sends a request and returns its result.
func (a access) call(ctx context.Context, document zinit.Document) (json.RawMessage, error) {
	if a.speaker == nil {
		return a.client.Call(ctx, document.Method, document.Params)
	}
	return a.speaker.Call(ctx, document.Method, document.Params)
}

// names returns the names of all services.
func (a access) names(ctx context.Context) ([]string, error) {
	if a.client != nil {
		return a.client.Names(ctx)
	}
	listed, err := a.Supervisor.List(ctx)
	var names []string
	for _, status := range listed {
		names = append(names, status.Name)
	}
	return names, err
}

// isRefused reports whether the supervisor itself refused. What cannot be said to it ends the spec as INCONCLUSIVE.
func isRefused(err error) bool {
	GinkgoHelper()
	if errors.Is(err, zinit.ErrNotExpressible) {
		spec.Conclude(err)
	}
	return zinit.IsRefusal(err)
}

// noteAnswer makes a line of what the supervisor answered.
func noteAnswer(err error) spec.Line { return spec.Note("answer", "%s", describeAnswer(err)) }

func describeAnswer(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

// noteStatus makes a line of a service's status.
func (a access) noteStatus(ctx context.Context, service string) spec.Line {
	return spec.Note("zinit", "%s", a.StatusText(ctx, service))
}

// noteProcesses makes a line of how many processes a victim has.
func (a access) noteProcesses(ctx context.Context, plan session.VictimPlan) spec.Line {
	GinkgoHelper()
	return spec.Note("runs", "%s", a.countProcesses(ctx, plan))
}

// countProcesses returns how many processes a victim has, in words.
func (a access) countProcesses(ctx context.Context, plan session.VictimPlan) string {
	GinkgoHelper()
	if count := len(a.findProcesses(ctx, plan)); count != 1 {
		return fmt.Sprintf("%d processes", count)
	}
	return "1 process"
}

// findProcesses returns the processes of a victim: those that have its socket in their arguments.
func (a access) findProcesses(ctx context.Context, plan session.VictimPlan) []protocol.Process {
	GinkgoHelper()
	table, err := a.Agent().Processes(ctx)
	spec.Conclude(err)
	return slices.DeleteFunc(table, func(process protocol.Process) bool {
		return process.State == "Z" || !slices.ContainsFunc(process.Argv, func(word string) bool {
			return strings.HasSuffix(word, plan.Options.Socket)
		}) || slices.Contains(process.Argv, "probe")
	})
}

// awaitRunning waits until victims serve and run by their status, and returns one that does not, or nothing.
func (a access) awaitRunning(ctx context.Context, limit time.Duration, plans ...session.VictimPlan) (missing string) {
	GinkgoHelper()
	var names []string
	for _, plan := range plans {
		names = append(names, plan.Name)
	}
	spec.Watch(ctx, limit, "wait until "+strings.Join(names, ", ")+" run and serve", func(ctx context.Context) bool {
		missing = ""
		for _, plan := range plans {
			status, err := a.Supervisor.Status(ctx, plan.Name)
			if err == nil && status.State == zinit.StateRunning {
				_, err = spec.FindProcess(ctx, a.Sandbox, plan.Endpoint())
			}
			if err != nil || status.State != zinit.StateRunning {
				missing = plan.Name
				return false
			}
		}
		return true
	})
	return missing
}

// kill kills a service, and watches what follows.
func (a access) kill(ctx context.Context, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	due := budget.AfterExit(service.Policy, 1, 0, a.Jitter())
	return spec.Inject(ctx, a.Sandbox, session.Injection{
		Promise: p, Service: service, Fault: fault.SIGKILL,
		ObservationLimit: service.Policy.DelayOfRetry(1) + startLimit + time.Second, Policy: budget.DescribeDue(service.Policy, due.Respawn),
		Terms: record.Terms{Startup: int64(startLimit)},
	})
}

// expectRestart kills a service, and expects it back by the policy that is in force.
func (a access) expectRestart(ctx context.Context, p string, service session.Service) record.Recovery {
	GinkgoHelper()
	tolerance, due := Tolerance(spec.Tolerance(a.chaos)), service.Policy.DelayOfRetry(1)
	seen := a.kill(ctx, p, service)
	spec.Expect(seen, Respawn(NotBefore(due), Within(due), tolerance), Serve(Within(due+startLimit), tolerance))
	return seen
}

// readDefinition reads a service's definition back.
func (a access) readDefinition(ctx context.Context, name string) zinit.Definition {
	GinkgoHelper()
	By("read the definition of " + name)
	service, err := a.Supervisor.Get(ctx, name)
	spec.Conclude(err)
	actions, err := a.Supervisor.Actions(ctx, name)
	spec.Conclude(err)
	return zinit.Definition{Service: service, Actions: actions}
}

// listShipped returns the names of the services that the image brings, or ends the spec as INCONCLUSIVE if it brings none.
func (a access) listShipped(ctx context.Context) []string {
	GinkgoHelper()
	By("list the image's services")
	list, err := a.Supervisor.List(ctx)
	spec.Conclude(err)
	var names []string
	for _, status := range list {
		if !spec.IsOurs(status.Name) {
			names = append(names, status.Name)
		}
	}
	if len(names) == 0 {
		spec.Inconclusive("the image ships no service")
	}
	return names
}
