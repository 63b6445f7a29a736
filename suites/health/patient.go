package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// patient is a victim whose health is checked, seen by its own journal: who asks it when, on the agent's clock.
// Nobody but its health check asks it anything.
type patient struct {
	chaos     *session.Session
	sandbox   *session.Sandbox
	plan      session.VictimPlan
	promise   string
	tolerance time.Duration
	host      *spec.Host
}

// life is one process of a patient.
type life struct {
	pid         int
	started     int64
	probes      []int64
	terminating int64 // when it was told to end, 0 if never
}

// lateness is how much later than it was due the last question of a life came: the probe that asked had been waiting,
// and had so much less time for the answer.
func (l life) lateness(interval time.Duration) time.Duration {
	last := len(l.probes) - 1
	if last < 0 {
		return 0
	}
	return time.Duration(l.probes[last]-l.started) - startPeriod - time.Duration(last)*interval
}

// admit registers a victim for the length of the spec. It is not watched by the census: it is not ours to serve.
func admit(ctx context.Context, chaos *session.Session, p string, plan session.VictimPlan) *patient {
	GinkgoHelper()
	sandbox := spec.Sandbox(ctx, chaos, session.MainSandbox)
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, plan.Name) }, NodeTimeout(30*time.Second))
	_, err := sandbox.Supervisor.Register(ctx, plan.Definition())
	spec.Conclude(err)
	return &patient{chaos, sandbox, plan, p, chaos.Target.Budgets.Tolerance.Duration(), spec.WatchHost(ctx, sandbox)}
}

// lives reads the journal.
func (p *patient) lives(ctx context.Context) []life {
	text, err := p.sandbox.Agent().ReadFile(ctx, p.plan.Options.Journal, 0)
	if err != nil {
		return nil // no process has begun yet
	}
	var lives []life
	for line := range strings.Lines(string(text)) {
		var event victim.Event
		if json.Unmarshal([]byte(line), &event) != nil {
			continue // half a line is being written
		}
		if event.Event == victim.EventStarted {
			lives = append(lives, life{pid: event.PID, started: event.MonoNS})
		}
		for i := range lives {
			switch {
			case lives[i].pid != event.PID:
			case event.Event == victim.EventProbe:
				lives[i].probes = append(lives[i].probes, event.MonoNS)
			case event.Event == victim.EventTerminating:
				lives[i].terminating = event.MonoNS
			}
		}
	}
	return lives
}

// until waits for something to be so of the patient's lives, at most for limit, and returns them.
func (p *patient) until(ctx context.Context, limit time.Duration, so func([]life) bool) (lives []life, ok bool) {
	p.chaos.Progress().Due(limit)
	ok = spec.Until(ctx, limit, func(ctx context.Context) bool {
		lives = p.lives(ctx)
		return so(lives)
	})
	return lives, ok
}

// born waits for the first process.
func (p *patient) born(ctx context.Context) life {
	GinkgoHelper()
	lives, ok := p.until(ctx, 10*time.Second, func(lives []life) bool { return len(lives) > 0 })
	if !ok {
		spec.Inconclusive(fmt.Sprintf("%s was registered and does not run: zinit says %q", p.plan.Name, p.sandbox.Word(ctx, p.plan.Name)))
	}
	return lives[0]
}

// probed waits until the first process was asked n times, and tells whether it was.
func (p *patient) probed(ctx context.Context, n int) (life, bool) {
	GinkgoHelper()
	p.born(ctx)
	limit := startPeriod + time.Duration(n)*p.plan.Schedule.Interval.Duration() + late
	lives, ok := p.until(ctx, limit, func(lives []life) bool { return len(lives) > 1 || len(lives[0].probes) >= n })
	if len(lives) > 1 {
		p.broken(ctx, fmt.Sprintf("%s was well and was replaced", p.plan.Name), history(lives)...)
	}
	return lives[0], ok
}

// checked is probed for a spec that is about something else: without the checks it proves nothing.
func (p *patient) checked(ctx context.Context, n int) life {
	GinkgoHelper()
	seen, ok := p.probed(ctx, n)
	if !ok {
		spec.Inconclusive("no landing: the service was not checked often enough to prove anything")
	}
	return seen
}

// hands is how many have to be given a processor, one after the other, for a health check to have its effect: the probe,
// the service, the supervisor.
const hands = 3

// broken fails the spec, unless the host stalled by so much that all hands together may have waited for longer than the
// tolerance: then it proves nothing.
func (p *patient) broken(ctx context.Context, headline string, lines ...[2]string) {
	GinkgoHelper()
	if hands*p.host.Stall() > p.tolerance {
		spec.Inconclusive(record.HostStalled("the health checks cannot be timed"))
	}
	lines = append(lines,
		[2]string{"zinit", fmt.Sprintf("%q", p.sandbox.Word(ctx, p.plan.Name))},
		[2]string{"policy", p.policy()})
	spec.FailWith(p.chaos, headline, lines...)
}

func (p *patient) policy() string {
	schedule := p.plan.Schedule
	return fmt.Sprintf("checked every %s, first %s after the start, a check may take %s, restarted after %s in a row",
		span.Text(schedule.Interval.Duration()), span.Text(schedule.StartPeriod.Duration()), span.Text(p.plan.Timeout.Duration()),
		count(schedule.Retries, "failure"))
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// history says in lines what is in a journal, counted from the first process's start.
func history(lives []life) [][2]string {
	var lines [][2]string
	for _, life := range lives {
		since := func(at int64) string { return "+" + span.Text(time.Duration(at-lives[0].started)) }
		text := fmt.Sprintf("pid %d began at %s", life.pid, since(life.started))
		if len(life.probes) > 0 {
			var at []string
			for _, probe := range life.probes {
				at = append(at, since(probe))
			}
			text += ", was asked at " + strings.Join(at, ", ")
		}
		if life.terminating != 0 {
			text += ", was told to end at " + since(life.terminating)
		}
		lines = append(lines, [2]string{"journal", text})
	}
	return lines
}

// orders gives a patient orders, for the length of the spec.
func (p *patient) orders(ctx context.Context) *victim.Control {
	GinkgoHelper()
	var conn net.Conn
	var err error
	spec.Until(ctx, late, func(ctx context.Context) bool { // a process that has just begun does not listen yet
		conn, err = p.sandbox.Dial(ctx, protocol.Endpoint{Socket: p.plan.Options.Control})
		return err == nil
	})
	spec.Conclude(err)
	control := victim.NewControl(conn)
	DeferCleanup(func() { _ = control.Close() })
	return control
}

// asks asks a patient the harness's own question, and says how long the good reply took.
func (p *patient) asks(ctx context.Context) (time.Duration, error) {
	return p.asksFor(ctx, 10*time.Second)
}

// asksFor waits so long for the reply.
func (p *patient) asksFor(ctx context.Context, limit time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := p.sandbox.Dial(ctx, p.plan.Endpoint())
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	began := time.Now()
	err = p.plan.Endpoint().Question().Ask(ctx, conn)
	return time.Since(began), errors.Join(err, ctx.Err())
}

// within judges a time that is due d after something: by the tolerance earlier or later is right.
func (p *patient) within(d, due time.Duration) bool {
	return d >= due-p.tolerance && d <= due+p.tolerance
}
