package spec

import (
	"context"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

const (
	// pause is the pause between two questions.
	pause = 50 * time.Millisecond
	// handovers are how many processes have to be scheduled one after the other for an answer of the supervisor, where the
	// agent's own takes one: the agent, the supervisor, its store, and the agent again.
	handovers = 4
)

// Question is something to ask the supervisor, and the method by which that is asked.
type Question struct {
	Method string
	Ask    func(context.Context) error
}

// Ping asks the supervisor whether it is there.
func Ping(sandbox *session.Sandbox) Question {
	return Question{"system.ping", func(ctx context.Context) error { _, err := sandbox.Supervisor.Ping(ctx); return err }}
}

// StatusOf asks the supervisor how a service is.
func StatusOf(sandbox *session.Sandbox, service string) Question {
	return Question{"service.status", func(ctx context.Context) error { _, err := sandbox.Supervisor.Status(ctx, service); return err }}
}

// Answer is how a question was answered.
type Answer struct {
	Method  string
	During  string        // what was going on then
	Took    time.Duration // an answer that did not come takes as long as was waited for it
	Control time.Duration // what the agent took, asked at the same time over the same link: the host's own share
	Err     error
}

// own is what of the answer's time no host can have made.
func (a Answer) own() time.Duration { return a.Took - handovers*a.Control }

// Answers are what came of questions that were asked again and again.
type Answers struct {
	Asked   int
	Slowest Answer // that took longest
	Worst   Answer // that took longest beside what the host can have made of it
	Refused Answer // the first that was an error, if its Err is one
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
}

// Late tells whether an answer took longer than is granted, whatever the host did meanwhile: that one is Worst. Where none
// did, doubtful tells whether one took longer that the host may have made late.
func (s *Answers) Late(granted time.Duration) (late, doubtful bool) {
	late = s.Worst.own() > granted
	return late, !late && s.Slowest.Took > granted
}

// Questioner asks the supervisor one question after the other, from the first again.
type Questioner struct {
	sandbox   *session.Sandbox
	questions []Question
	phase     atomic.Value // a string
	cancel    context.CancelFunc
	done      chan Answers
}

// KeepAsking asks until Stop is called, or ctx ends.
func KeepAsking(ctx context.Context, sandbox *session.Sandbox, questions ...Question) *Questioner {
	ctx, cancel := context.WithCancel(ctx)
	q := &Questioner{sandbox: sandbox, questions: questions, cancel: cancel, done: make(chan Answers, 1)}
	q.During("")
	go func() { q.done <- q.ask(ctx) }()
	return q
}

// During says what is going on from now on.
func (q *Questioner) During(phase string) { q.phase.Store(phase) }

// Stop ends the questions, and returns what came of them. It is called once.
func (q *Questioner) Stop() Answers {
	q.cancel()
	return <-q.done
}

// ask asks until ctx ends. What is asked then does not count.
func (q *Questioner) ask(ctx context.Context) (seen Answers) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		answer := q.once(ctx, q.questions[seen.Asked%len(q.questions)])
		if ctx.Err() != nil {
			return seen
		}
		seen.add(answer)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return seen
		}
	}
}

// once asks a question, and the agent beside it.
func (q *Questioner) once(ctx context.Context, question Question) Answer {
	control := make(chan time.Duration, 1)
	go func() {
		began := time.Now()
		_, _ = q.sandbox.Agent().Hello(ctx)
		control <- time.Since(began)
	}()
	answer, began := Answer{Method: question.Method, During: q.phase.Load().(string)}, time.Now()
	answer.Err = question.Ask(ctx)
	answer.Took, answer.Control = time.Since(began), <-control
	return answer
}
