// Package inspect is the first contact with an image. It breaks nothing: it reads what is registered and watches a few throw-away
// services of its own. It reports for every assumption whether the image confirms it, differs from it, or did not show it.
package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	session "forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// Prefix begins the name of every throw-away service.
const Prefix = "hero_chaos.inspect-"

// Subject is a running image. A nil member cannot be asked, so the assumptions that it would settle stay unseen.
type Subject struct {
	Target        *target.Target
	Image, Digest string // the reference of the image and its digest

	Supervisor zinit.Supervisor
	// Client returns the raw answers of a zinit 0.4.
	Client *zinit.Client
	// Socket is the path of zinit's RPC.
	Socket string
	// Boot returns the services that did not serve after the start, and how long the start took.
	Boot func() (missing map[string]string, took time.Duration)
	// Smoke asks a path through the published port. Age returns how long ago the container was started.
	Smoke func(ctx context.Context, path string) (status int, err error)
	Age   func() time.Duration
	// Health returns the result member of a service's own reply to server.health.
	Health func(ctx context.Context, socket string) (result string, err error)
	// Zombies returns the names of the container's zombies.
	Zombies func(ctx context.Context) ([]string, error)
	// Command runs zinit's command line.
	Command zinit.Program
	// Victim returns the command of a process that behaves as the options say. Probe returns the command of a health check that
	// gives up after a limit.
	Victim func(options victim.Options) string
	Probe  func(socket string, limit time.Duration) string
	// RepeatCommand returns the command that runs the suites on the same image, for some promises.
	RepeatCommand func(focus string) string
	// Understood is the supervisor's spelling as it was learned; nil if it speaks as the contract has it.
	Understood *learn.Understanding
}

// Result is the relation of an image to an assumption.
type Result string

// The results.
const (
	Confirmed Result = "confirmed"
	Differs   Result = "differs"
	Unseen    Result = "unseen"
)

// Finding is the result of one assumption.
type Finding struct {
	Assumption zinit.Assumption
	Result     Result
	// Evidence is one line: what was seen, or why nothing was seen.
	Evidence string
}

// Report is the result of an inspection.
type Report struct {
	Target, Image, Digest string
	Dialect               zinit.Dialect
	Version, Socket       string
	Services, Actions     int // registered by the image
	// Understood is the supervisor's spelling as it was learned; nil if it speaks as the contract has it.
	Understood *learn.Understanding
	// Because says in a line why the supervisor is not spoken to as the contract has it; empty if it is.
	Because string
	// Conversation is printed at the end if it is wanted.
	Conversation []string
	// Findings has one entry for each of zinit.Assumptions, in that order.
	Findings []Finding
	Remarks  []Remark
	// Unread is why the definitions could not be read back, so that there are no remarks.
	Unread string
}

// checkTimeout bounds each check.
const checkTimeout = 40 * time.Second

// examiner collects the findings of the checks.
type examiner struct {
	Subject
	services []zinit.Service
	actions  []zinit.Action
	unread   error

	mu    sync.Mutex
	found map[string]Finding
}

// Run inspects a subject. It takes seconds. It returns an error if the supervisor does not answer.
func Run(ctx context.Context, subject Subject) (Report, error) {
	e := &examiner{Subject: subject, found: map[string]Finding{}}
	version, err := subject.Supervisor.Ping(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("inspect %s: %w", subject.Target.Name, err)
	}
	e.services, e.actions, e.unread = readDefinitions(ctx, subject.Supervisor)
	stop := e.timeAnswers(ctx)
	e.runAll(ctx, append(readings(), experiments()...))
	e.runAll(ctx, []check{{(*examiner).refusals, refusalIDs()}}) // late: it could do harm
	e.runAll(ctx, []check{{(*examiner).zombies, []string{"no-zombie"}}})
	stop()
	report := Report{
		Target: subject.Target.Name, Image: subject.Image, Digest: subject.Digest,
		Dialect: subject.Supervisor.Dialect(), Version: version, Socket: subject.Socket,
		Services: len(e.services), Actions: len(e.actions), Understood: subject.Understood,
	}
	for _, assumption := range zinit.Assumptions() {
		report.Findings = append(report.Findings, e.finding(assumption))
	}
	if e.unread != nil {
		report.Unread = oneLine(e.unread)
		return report, nil
	}
	report.Remarks = Lint(subject.Target, e.services, e.actions)
	return report, nil
}

// readDefinitions returns the definitions of the image's services.
func readDefinitions(ctx context.Context, supervisor zinit.Supervisor) ([]zinit.Service, []zinit.Action, error) {
	actions, err := supervisor.Actions(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	statuses, err := supervisor.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	var services []zinit.Service
	for _, status := range statuses {
		if strings.HasPrefix(status.Name, session.VictimPrefix) {
			continue
		}
		service, err := supervisor.Get(ctx, status.Name)
		if err != nil && !errors.Is(err, zinit.ErrNotFound) {
			return nil, nil, err
		}
		if err == nil {
			services = append(services, service)
		}
	}
	slices.SortFunc(services, func(a, b zinit.Service) int { return cmp.Compare(a.Name, b.Name) })
	return services, slices.DeleteFunc(actions, func(a zinit.Action) bool { return strings.HasPrefix(a.Name, session.VictimPrefix) }), nil
}

func (e *examiner) confirm(id, format string, args ...any) {
	e.note(Confirmed, fmt.Sprintf(format, args...), id)
}

func (e *examiner) differs(id, format string, args ...any) {
	e.note(Differs, fmt.Sprintf(format, args...), id)
}

// settle confirms an assumption if nothing was wrong.
func (e *examiner) settle(id string, wrong error, format string, args ...any) {
	if wrong != nil {
		e.differs(id, "%v", wrong)
		return
	}
	e.confirm(id, format, args...)
}

// note stores a finding. Differs replaces everything else, and everything replaces Unseen.
func (e *examiner) note(result Result, evidence string, ids ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		before, ok := e.found[id]
		if ok && (before.Result == Differs || result == Unseen) {
			continue
		}
		if ok && before.Result == Confirmed && result == Confirmed {
			continue
		}
		e.found[id] = Finding{Result: result, Evidence: evidence}
	}
}

// finding returns the finding of an assumption. For one that no check settled it names promises that rest on it.
func (e *examiner) finding(assumption zinit.Assumption) Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	found, ok := e.found[assumption.ID]
	found.Assumption = assumption
	if ok {
		return found
	}
	found.Result, found.Evidence = Unseen, "it takes more than an inspection"
	var ids []string
	for _, p := range promise.All() {
		if slices.Contains(p.Assumptions, assumption.ID) {
			ids = append(ids, p.ID)
		}
	}
	const shown = 3
	if len(ids) > 0 {
		found.Evidence += ": " + e.RepeatCommand(strings.Join(ids[:min(shown, len(ids))], ","))
	}
	return found
}

// answerLimit is the longest accepted answer: suites/contract/zinit-0.4.md#rpc-answers.
const answerLimit = 2 * time.Second

// timeAnswers measures how long answers take, until stop is called.
func (e *examiner) timeAnswers(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var slowest time.Duration
		count := 0
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		for {
			began := time.Now()
			_, err := e.Supervisor.Ping(ctx)
			took := time.Since(began)
			if ctx.Err() != nil {
				break
			}
			count++
			slowest = max(slowest, took)
			if err != nil {
				e.differs("rpc-within-2s", "an answer failed after %s: %v", took.Round(time.Millisecond), err)
			}
			select {
			case <-tick.C:
				continue
			case <-ctx.Done():
			}
			break
		}
		switch {
		case slowest > answerLimit:
			e.differs("rpc-within-2s", "the slowest of %d answers took %s", count, slowest.Round(time.Millisecond))
		case count > 0:
			e.confirm("rpc-within-2s", "every answer during this inspection")
		}
	}()
	return func() { cancel(); <-done }
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
