package spec

import (
	"context"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

const (
	questionInterval = 50 * time.Millisecond
	// handovers counts the processes that have to be scheduled one after the other for an answer of the supervisor: the
	// agent, the supervisor, its store, and the agent again. The agent's own answer takes one.
	handovers = 4
)

// Question is something to ask the supervisor, and the method that asks it.
type Question struct {
	Method string
	Ask    func(context.Context) error
}

// Ping returns the question whether the supervisor is there.
func Ping(sandbox *session.Sandbox) Question {
	return Question{"system.ping", func(ctx context.Context) error { _, err := sandbox.Supervisor.Ping(ctx); return err }}
}

// StatusOf returns the question for a service's status.
func StatusOf(sandbox *session.Sandbox, service string) Question {
	return Question{"service.status", func(ctx context.Context) error { _, err := sandbox.Supervisor.Status(ctx, service); return err }}
}

// Answer is the result of one question.
type Answer struct {
	Method string
	During string        // what was going on then
	Took   time.Duration // for an answer that did not come, the time that was waited for it
	// AgentDelay is the time that the agent took for an answer, asked at the same time over the same link. It shows the
	// host's own share.
	AgentDelay time.Duration
	// HostPeriod is for how long of Took the host can have kept the supervisor waiting. It is 0 for an answer that came soon.
	HostPeriod time.Duration
	Err        error
}

// own returns the part of the answer's time that the host cannot have caused.
func (a Answer) own() time.Duration { return a.Took - max(handovers*a.AgentDelay, a.HostPeriod) }

// Answers sums up what came of questions that were asked again and again.
type Answers struct {
	Asked   int
	Slowest Answer // took longest
	Worst   Answer // took longest without what the host can have caused
	Refused Answer // the first error, if its Err is one
	// MostRefused counts the questions that were answered by an error in a row, at most; refused counts those of the last row.
	MostRefused, refused int
}

func (s *Answers) add(a Answer) {
	s.Asked++
	if s.Asked == 1 || a.Took > s.Slowest.Took {
		s.Slowest = a
	}
	if s.Asked == 1 || a.own() > s.Worst.own() {
		s.Worst = a
	}
	if a.Err != nil && s.Refused.Err == nil {
		s.Refused = a
	}
	s.refused++
	if a.Err == nil {
		s.refused = 0
	}
	s.MostRefused = max(s.MostRefused, s.refused)
}

// Judge reports whether an answer was late, whatever the host did: that one is Worst. If none was, doubtful reports
// whether one took longer than the limit and the host may have caused it.
func (s *Answers) Judge(limit time.Duration) (late, doubtful bool) {
	late = s.Worst.own() > limit
	return late, !late && s.Slowest.Took > limit
}

// Questioner asks the supervisor its questions in turn, again and again.
type Questioner struct {
	sandbox   *session.Sandbox
	questions []Question
	host      *Host
	during    atomic.Value // a string
	cancel    context.CancelFunc
	enough    chan struct{} // closed when no further question is to be asked
	done      chan Answers
}

// KeepAsking asks until Stop is called, or ctx ends.
func KeepAsking(ctx context.Context, sandbox *session.Sandbox, questions ...Question) *Questioner {
	ctx, cancel := context.WithCancel(ctx)
	q := &Questioner{sandbox: sandbox, questions: questions, host: WatchHost(ctx, sandbox), cancel: cancel, enough: make(chan struct{}), done: make(chan Answers, 1)}
	q.SetDuring("")
	go func() { q.done <- q.ask(ctx) }()
	return q
}

// SetDuring sets what is going on from now on.
func (q *Questioner) SetDuring(during string) { q.during.Store(during) }

// Stop ends the questions and returns what came of them. Call it once.
func (q *Questioner) Stop() Answers {
	q.cancel()
	return <-q.done
}

// Finish waits for the answer to the question that is open, and returns what came of all. Call it in place of Stop where that question may
// have been held up.
func (q *Questioner) Finish() Answers {
	defer q.cancel()
	close(q.enough)
	return <-q.done
}

// ask asks until ctx ends. The question that is open then does not count.
func (q *Questioner) ask(ctx context.Context) (seen Answers) {
	ticker := time.NewTicker(questionInterval)
	defer ticker.Stop()
	for {
		answer := q.askOnce(ctx, q.questions[seen.Asked%len(q.questions)])
		if ctx.Err() != nil {
			return seen
		}
		seen.add(answer)
		select {
		case <-ticker.C:
		case <-q.enough:
			return seen
		case <-ctx.Done():
			return seen
		}
		select {
		case <-q.enough:
			return seen
		default:
		}
	}
}

// askOnce asks one question, and the agent beside it.
func (q *Questioner) askOnce(ctx context.Context, question Question) Answer {
	agent := make(chan time.Duration, 1)
	var asked int64 // on the agent's clock
	go func() {
		began := time.Now()
		if hello, err := q.sandbox.Agent().Hello(ctx); err == nil {
			asked = hello.MonotonicNs - int64(time.Since(began))
		}
		agent <- time.Since(began)
	}()
	answer, began := Answer{Method: question.Method, During: q.during.Load().(string)}, time.Now()
	answer.Err = question.Ask(ctx)
	answer.Took, answer.AgentDelay = time.Since(began), <-agent
	if answer.Took > AnswerLimit && asked > 0 {
		answer.HostPeriod = q.host.waitSupervisorDelay(ctx, asked, asked+int64(answer.Took))
	}
	return answer
}
