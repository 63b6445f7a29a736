// Package inspect is the first contact with an image. It breaks nothing: it reads what is registered, asks, and
// watches a few throw-away services of its own, and says of every assumption of the contract whether the image
// confirms it, differs from it, or whether it could not be seen.
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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Prefix begins the name of every throw-away service.
const Prefix = "hero_chaos.inspect-"

// ours begins the name of every service that is the harness's.
const ours = "hero_chaos."

// Subject is an image that runs. What is nil cannot be asked, and what it would settle stays unseen.
type Subject struct {
	Target *target.Target
	// Image is the reference and Digest what it was.
	Image, Digest string

	Supervisor zinit.Supervisor
	// Client looks at the shape of the answers of a zinit 0.4.
	Client *zinit.Client
	// Socket is where zinit's RPC answers.
	Socket string
	// Boot says what did not serve when the target had started, and how long that took.
	Boot func() (missing map[string]string, took time.Duration)
	// Smoke asks a path through the published port; Age is how long ago the container was started.
	Smoke func(ctx context.Context, path string) (status int, err error)
	Age   func() time.Duration
	// Health returns the result member of a service's own reply to server.health.
	Health func(ctx context.Context, socket string) (result string, err error)
	// Zombies names the processes of the container that are dead and not reaped.
	Zombies func(ctx context.Context) ([]string, error)
	// Command runs zinit's command line.
	Command zinit.Program
	// Victim is what to execute for a process that behaves as the options say, and Probe for a health check of a
	// socket that gives up after a limit.
	Victim func(options victim.Options) string
	Probe  func(socket string, limit time.Duration) string
}

// Verdict is what an image has shown of an assumption.
type Verdict string

// The verdicts.
const (
	Confirmed Verdict = "confirmed"
	Differs   Verdict = "differs"
	Unseen    Verdict = "unseen"
)

// Finding is what was seen of an assumption.
type Finding struct {
	Assumption zinit.Assumption
	Verdict    Verdict
	// Evidence is one line: what was seen, or why nothing was.
	Evidence string
}

// Report is what an inspection has found.
type Report struct {
	Target, Image, Digest string
	Dialect               zinit.Dialect
	Version, Socket       string
	Services, Actions     int // what is registered, without ours
	// Findings has one entry for each of zinit.Assumptions, in that order.
	Findings []Finding
	Remarks  []Remark
	// Unread says why there are no remarks, where the definitions could not be read back.
	Unread string
}

// limit bounds each trial.
const limit = 40 * time.Second

// examiner collects what the trials see.
type examiner struct {
	Subject
	services []zinit.Service
	actions  []zinit.Action
	unread   error

	mu    sync.Mutex
	found map[string]Finding
}

// trial is something to look at, and the assumptions that it is able to settle.
type trial struct {
	run     func(*examiner, context.Context) error
	settles []string
}

// Run inspects a subject. It takes seconds; the error is the supervisor's, where it does not answer at all.
func Run(ctx context.Context, subject Subject) (Report, error) {
	e := &examiner{Subject: subject, found: map[string]Finding{}}
	version, err := subject.Supervisor.Ping(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("inspect %s: %w", subject.Target.Name, err)
	}
	e.services, e.actions, e.unread = definitions(ctx, subject.Supervisor)
	stop := e.timeAnswers(ctx)
	e.together(ctx, append(looks(), trials()...))
	e.together(ctx, []trial{{(*examiner).refusals, refusalsSettle()}}) // last: what is refused could hurt
	e.together(ctx, []trial{{(*examiner).zombies, []string{"no-zombie"}}})
	stop()
	report := Report{
		Target: subject.Target.Name, Image: subject.Image, Digest: subject.Digest,
		Dialect: subject.Supervisor.Dialect(), Version: version, Socket: subject.Socket,
		Services: len(e.services), Actions: len(e.actions),
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

// together runs trials at the same time: they wait more than they do.
func (e *examiner) together(ctx context.Context, trials []trial) {
	var running sync.WaitGroup
	for _, t := range trials {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			if err := t.run(e, ctx); err != nil {
				e.note(Unseen, oneLine(err), t.settles...)
			}
		})
	}
	running.Wait()
}

// definitions reads back what is registered, without ours.
func definitions(ctx context.Context, supervisor zinit.Supervisor) ([]zinit.Service, []zinit.Action, error) {
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
		if strings.HasPrefix(status.Name, ours) {
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
	return services, slices.DeleteFunc(actions, func(a zinit.Action) bool { return strings.HasPrefix(a.Name, ours) }), nil
}

func (e *examiner) confirm(id, format string, args ...any) {
	e.note(Confirmed, fmt.Sprintf(format, args...), id)
}

func (e *examiner) differs(id, format string, args ...any) {
	e.note(Differs, fmt.Sprintf(format, args...), id)
}

// settle confirms an assumption where nothing was wrong.
func (e *examiner) settle(id string, wrong error, format string, args ...any) {
	if wrong != nil {
		e.differs(id, "%v", wrong)
		return
	}
	e.confirm(id, format, args...)
}

// note writes a finding down. One difference outweighs everything else, and anything outweighs an Unseen.
func (e *examiner) note(verdict Verdict, evidence string, ids ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		before, ok := e.found[id]
		if ok && (before.Verdict == Differs || verdict == Unseen) {
			continue
		}
		if ok && before.Verdict == Confirmed && verdict == Confirmed {
			continue
		}
		e.found[id] = Finding{Verdict: verdict, Evidence: evidence}
	}
}

// finding is what is known of an assumption; of one that nobody has looked at, who would.
func (e *examiner) finding(assumption zinit.Assumption) Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	found, ok := e.found[assumption.ID]
	found.Assumption = assumption
	if ok {
		return found
	}
	found.Verdict, found.Evidence = Unseen, "it takes more than an inspection"
	var rest []string
	for _, p := range promise.All() {
		if slices.Contains(p.Assumptions, assumption.ID) {
			rest = append(rest, p.ID)
		}
	}
	const shown = 3
	if len(rest) > 0 {
		found.Evidence += ": make e2e FOCUS=" + strings.Join(rest[:min(shown, len(rest))], ",")
	}
	return found
}

// Longest accepted answer: suites/contract/zinit-0.4.md#rpc-answers.
const answerLimit = 2 * time.Second

// timeAnswers asks again and again how long an answer takes, until stop is called.
func (e *examiner) timeAnswers(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var slowest time.Duration
		count := 0
		tick := time.NewTicker(pollEvery)
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
