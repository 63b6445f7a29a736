package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// stayPeriod is the time for which clients stay that hold the supervisor up. It is above spec.AnswerLimit, so that a held-up answer is late.
	stayPeriod = 3300 * time.Millisecond
	// visitPeriod is the longest time for which clients stay that do something and leave.
	visitPeriod = 1100 * time.Millisecond
	// leavePeriod is the time that the supervisor may take to notice that clients have left.
	leavePeriod = 5 * time.Second
)

// fewClients is a number of clients for which every supervisor has room.
const fewClients = 20

// What a supervisor may keep of clients that have left.
const (
	spareDescriptors = 8        // connections of ours that are being closed
	spareThreads     = 64       // a pool of threads grows with what happens at the same time, and stays
	spareMemory      = 48 << 20 // an allocator holds back a part of what it was given, in bytes
)

// crowd is a number of clients that misbehave in one manner.
type crowd struct {
	manner protocol.Manner
	count  int
	period time.Duration
	text   string // what they do
}

// crowds returns every manner in which clients misbehave.
func crowds() []crowd {
	return []crowd{
		{protocol.ClientsSilent, fewClients, stayPeriod, "20 clients connected and said nothing"},
		{protocol.ClientsHalf, fewClients, stayPeriod, "20 clients sent half a request"},
		{protocol.ClientsSlow, 5, stayPeriod, "5 clients sent 2000 requests each and read no reply"},
		{protocol.ClientsGone, fewClients, visitPeriod, "20 clients sent a request or half of one and left before the reply"},
		{protocol.ClientsGarbage, 17, visitPeriod, "17 clients sent what is no request"},
		{protocol.ClientsHuge, 1, stayPeriod, "a client sent a request of 64 MB"},
		{protocol.ClientsMany, 200, stayPeriod, "200 clients connected, and asked after a while"},
		{protocol.ClientsAtOnce, 1000, visitPeriod, "1000 clients asked at once"},
	}
}

// crowdResult holds what was seen while clients misbehaved, and after they had left.
type crowdResult struct {
	clients       protocol.ClientsResult
	answers       spec.Answers
	neighbour     record.Recovery // of a victim that was killed meanwhile
	ended         string          // how the supervisor was seen to have ended, empty if it lives
	before, after protocol.Usage
	unanswered    error // why the supervisor did not answer after they had left
}

// clients registers the experiments in which clients of the RPC misbehave, and the specs that judge them.
func clients(chaos *session.Session) {
	for _, c := range crowds() {
		plan := planVictim("beside-" + string(c.manner))
		experiment := &spec.Shared[crowdResult]{Run: func(ctx context.Context) (crowdResult, error) { return runCrowd(ctx, chaos, c, plan) }}
		it := func(text, p string, judge func(seen crowdResult)) {
			It(text+" when "+c.text, spec.About(p), spec.On(string(c.manner)), func(ctx SpecContext) { judge(experiment.Get(ctx)) }, NodeTimeout(specTimeout))
		}
		it("the supervisor answers others", promise.LoadClientsAnswered, func(seen crowdResult) { judgeCrowdAnswers(chaos, c, seen) })
		it("nobody comes to harm", promise.LoadClientsHarmless, func(seen crowdResult) { judgeHarm(chaos, c, seen) })
		it("nothing is left of the clients", promise.LoadClientsLeft, func(seen crowdResult) {
			requireAlive(seen)
			judgeLeft(chaos, c, "open files", seen.before.Descriptors, seen.after.Descriptors, spareDescriptors)
			judgeLeft(chaos, c, "threads", seen.before.Threads, seen.after.Threads, spareThreads)
		})
		if c.manner == protocol.ClientsHuge {
			it("the supervisor does not keep what was sent", promise.LoadClientsMemory, func(seen crowdResult) {
				requireAlive(seen)
				judgeLeft(chaos, c, "kB of memory", int(seen.before.Resident>>10), int(seen.after.Resident>>10), spareMemory>>10)
			})
		}
	}
}

// judgeCrowdAnswers judges what the supervisor answered while clients misbehaved. One with a limit of clients may refuse at once whom it
// has no room for, or close a connection on which nothing was said yet, also one of ours. It owes an answer to those that it has let in, and to
// us when we ask again.
func judgeCrowdAnswers(chaos *session.Session, c crowd, seen crowdResult) {
	GinkgoHelper()
	if seen.clients.Unanswered > 0 {
		spec.FailWith(chaos, fmt.Sprintf("%d of %s got no answer: %s", seen.clients.Unanswered, spec.Count(seen.clients.Connected, "client"), c.text),
			spec.Note("answered", "%d", seen.clients.Answered), spec.Note("refused", "%d", seen.clients.Refused))
	}
	answers := seen.answers
	askedAgain := c.count > fewClients && answers.MostRefused == 1
	if errors.Is(answers.Refused.Err, zinit.ErrConnection) && (seen.clients.Refused > 0 || askedAgain) {
		AddReportEntry("limit of clients", fmt.Sprintf("%d refused of %d", seen.clients.Refused, c.count), ReportEntryVisibilityNever)
		answers.Refused = spec.Answer{}
	}
	judgeAnswers(chaos, "time in which "+c.text, answers)
}

// judgeHarm judges whether the supervisor lives and supervises as before.
func judgeHarm(chaos *session.Session, c crowd, seen crowdResult) {
	GinkgoHelper()
	if seen.ended != "" {
		spec.FailWith(chaos, "the supervisor ended when "+c.text, spec.Note("after", "%s", seen.ended))
	}
	if seen.unanswered != nil {
		spec.FailWith(chaos, "the supervisor no longer answered after "+c.text, spec.Note("error", "%v", seen.unanswered),
			spec.Note("waited", "%s", leavePeriod))
	}
	tolerance, latest := spec.Tolerance(chaos), delay+spec.AnswerLimit // busy with clients, it may take as long as for an answer
	spec.Expect(seen.neighbour,
		expect.Respawn(expect.NotBefore(delay), expect.Within(latest), expect.Tolerance(tolerance)),
		expect.Serve(expect.Within(latest+tolerance), expect.Tolerance(tolerance)),
		expect.LeaveOthersAlone(),
	)
}

// requireAlive ends the spec as INCONCLUSIVE if the supervisor has ended: another promise is about that.
func requireAlive(seen crowdResult) {
	GinkgoHelper()
	if seen.ended != "" {
		spec.Inconclusive("the supervisor has ended, so nobody can say what it would have kept")
	}
}

// judgeLeft fails the spec if the supervisor holds more than a spare number of things that it did not hold before.
func judgeLeft(chaos *session.Session, c crowd, things string, before, after, spare int) {
	GinkgoHelper()
	if after-before > spare {
		spec.FailWith(chaos, fmt.Sprintf("the supervisor has %d more %s after %s", after-before, things, c.text),
			spec.Note("before", "%d", before), spec.Note("after", "%d, %s after the last client had left", after, leavePeriod),
			spec.Note("granted", "%d more", spare))
	}
}

// runCrowd has clients misbehave, kills a victim meanwhile, and looks at what is left once they are gone.
func runCrowd(ctx context.Context, chaos *session.Session, c crowd, plan session.VictimPlan) (seen crowdResult, err error) {
	By("open the sandbox " + herdSandbox)
	sandbox, err := chaos.Sandbox(ctx, herdSandbox)
	if err != nil {
		return seen, err
	}
	if err := sandbox.FindSupervisor(ctx); err != nil { // earlier clients may have ended it
		return seen, err
	}
	supervisor, err := findSupervisor(ctx, sandbox)
	if err != nil {
		return seen, err
	}
	question, err := sandbox.Question(ctx)
	if err != nil {
		return seen, err
	}
	By("register " + plan.Name)
	defer func() { _ = sandbox.Delete(context.WithoutCancel(ctx), plan.Name) }()
	neighbour, err := sandbox.Register(ctx, plan)
	if err != nil {
		return seen, err
	}
	if seen.before, err = sandbox.Agent().Usage(ctx, supervisor.PID); err != nil {
		return seen, err
	}
	questioner := spec.KeepAsking(ctx, sandbox, spec.Ping(sandbox), spec.StatusOf(sandbox, neighbour.Name))
	By("let clients misbehave: " + c.text + "; and kill " + plan.Name)
	played := make(chan error, 1)
	go func() {
		var err error
		seen.clients, err = sandbox.Agent().PlayClients(ctx, protocol.ClientsParams{
			Endpoint: protocol.Endpoint{Socket: sandbox.ZinitSocket()}, Manner: c.manner, Count: c.count,
			Request: question, Period: c.period, Seed: chaos.Configuration.Seed,
		})
		played <- err
	}()
	seen.neighbour, err = sandbox.Inject(ctx, session.Injection{
		Promise: promise.LoadClientsHarmless, Service: neighbour, Fault: fault.SIGKILL,
		ObservationLimit: delay + spec.AnswerLimit + 4*spec.Tolerance(chaos), Policy: c.text,
		Terms: record.Terms{Startup: int64(spec.Tolerance(chaos)), Wait: int64(spec.AnswerLimit)},
	})
	err = errors.Join(err, <-played)
	seen.answers = questioner.Finish()
	By("look what is left of the clients")
	if seen.ended = describeEnd(ctx, sandbox, supervisor); seen.ended != "" || err != nil {
		if seen.ended != "" {
			err = ctx.Err()
		}
		return seen, err
	}
	spec.Until(ctx, leavePeriod, func(ctx context.Context) bool {
		_, seen.unanswered = sandbox.Supervisor.Ping(ctx)
		return seen.unanswered == nil
	})
	spec.Until(ctx, leavePeriod, func(ctx context.Context) bool {
		seen.after, err = sandbox.Agent().Usage(ctx, supervisor.PID)
		return err == nil && seen.after.Descriptors-seen.before.Descriptors <= spareDescriptors &&
			(c.manner != protocol.ClientsHuge || seen.after.Resident-seen.before.Resident <= spareMemory)
	})
	if ended := describeEnd(ctx, sandbox, supervisor); ended != "" {
		seen.ended, err = ended, nil
	}
	return seen, err
}

// findSupervisor returns the supervisor's process.
func findSupervisor(ctx context.Context, sandbox *session.Sandbox) (record.Incarnation, error) {
	table, err := sandbox.Agent().Processes(ctx)
	if err != nil {
		return record.Incarnation{}, err
	}
	at := slices.IndexFunc(table, func(p protocol.Process) bool { return p.PID == sandbox.SupervisorPID() })
	if at < 0 {
		return record.Incarnation{}, recovery.NotProved("the supervisor's process is not known, so that nobody can say what becomes of it")
	}
	return table[at].Incarnation, nil
}

// describeEnd says how the supervisor has ended, empty if it lives.
func describeEnd(ctx context.Context, sandbox *session.Sandbox, supervisor record.Incarnation) string {
	switch living, err := spec.FindLiving(ctx, sandbox, supervisor); {
	case ctx.Err() != nil:
		return ""
	case err != nil:
		return "nothing answers from inside the container any more: " + err.Error()
	case len(living) == 0:
		return fmt.Sprintf("pid %d is gone", supervisor.PID)
	}
	return ""
}
