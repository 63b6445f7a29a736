// Package trial runs registered probes while an impostor is in the place of the service that they ask.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/command"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

const (
	// replyLimit bounds a good reply, in bytes.
	replyLimit = 1 << 20
	// trialTurns is how many commands may start at once: trials must not take the processors from recoveries that are timed.
	trialTurns = 4
	// trialReplyTimeout is the time for which our own question waits before it calls the impostor silent.
	trialReplyTimeout = 300 * time.Millisecond
	// recallTimeout is the time in which a service that has just begun to serve has to answer once.
	recallTimeout = 4 * ask.ReplyTimeout
	// trialSettlePeriod is the time for which a place stays as it is after the command has connected: the command may ask twice.
	trialSettlePeriod = 700 * time.Millisecond
)

// Trials runs registered probes while an impostor is in the place of the service that they ask. Every trial is one call. Its context ends
// with the caller or the link, and it puts the service's own socket back before it returns.
type Trials struct {
	mu     sync.Mutex
	places map[string]*place
	turns  chan struct{}
	// recalling is held while the services are asked for their good replies, once, before any is stopped.
	recalling sync.Mutex
	recalled  *protocol.RecallResult
	replies   map[string]goodReply
}

// goodReply holds what a service answers when it is well, or why that is not known.
type goodReply struct {
	body []byte
	err  error
}

// nameEndpoint returns the name of an endpoint: its socket or its port.
func nameEndpoint(e protocol.Endpoint) string {
	if e.Socket != "" {
		return e.Socket
	}
	return fmt.Sprintf("port %d", e.Port)
}

// Recall remembers the good reply of every service. Later calls return what the first one found.
func (t *Trials) Recall(ctx context.Context, params protocol.RecallParams) (protocol.RecallResult, error) {
	t.recalling.Lock()
	defer t.recalling.Unlock()
	if t.recalled != nil {
		return *t.recalled, nil
	}
	found := protocol.RecallResult{Failed: map[string]string{}}
	replies := map[string]goodReply{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, endpoint := range params.Endpoints {
		asking.Go(func() {
			reply := awaitGoodReply(ctx, endpoint)
			mu.Lock()
			defer mu.Unlock()
			if reply.err != nil {
				found.Failed[nameEndpoint(endpoint)] = reply.err.Error()
			}
			replies[nameEndpoint(endpoint)] = reply
		})
	}
	asking.Wait()
	if ctx.Err() != nil {
		return protocol.RecallResult{}, ctx.Err()
	}
	t.mu.Lock()
	t.replies = replies
	t.mu.Unlock()
	t.recalled = &found
	return found, nil
}

// awaitGoodReply asks a service until it gives a good reply: in a container that has just started, one question may meet nobody.
func awaitGoodReply(ctx context.Context, endpoint protocol.Endpoint) (reply goodReply) {
	ctx, cancel := context.WithTimeout(ctx, recallTimeout)
	defer cancel()
	for ctx.Err() == nil {
		if reply.body, reply.err = fetchGoodReply(ctx, endpoint); reply.err == nil {
			return reply
		}
		pauseUntil(ctx.Done(), ask.RetryInterval)
	}
	return reply
}

// fetchGoodReply asks a service once and returns the result of its reply, or its page.
func fetchGoodReply(ctx context.Context, endpoint protocol.Endpoint) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*ask.ReplyTimeout) // for each of two questions
	defer cancel()
	if asked := ask.Ask(ctx, endpoint, ask.ReplyTimeout); asked.Outcome != ask.Good {
		return nil, asked.Err
	}
	conn, err := ask.Dial(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer probe.CloseWriteLater(conn)()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if endpoint.Path != "" {
		return readPage(conn, endpoint.Path)
	}
	return readResult(conn)
}

func readResult(conn net.Conn) ([]byte, error) {
	if _, err := io.WriteString(conn, `{"jsonrpc":"2.0","method":"server.health","id":1}`+"\n"); err != nil {
		return nil, err
	}
	var reply struct {
		Result json.RawMessage `json:"result"`
	}
	err := json.NewDecoder(io.LimitReader(conn, replyLimit)).Decode(&reply)
	return reply.Result, err
}

func readPage(conn net.Conn, path string) ([]byte, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return conn, nil
	}}
	response, err := (&http.Client{Transport: transport}).Get("http://service" + path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(io.LimitReader(response.Body, replyLimit))
}

// Run makes one trial. It first runs the same command once before a service that behaves well: a command that fails against every
// service proves nothing by failing.
func (t *Trials) Run(ctx context.Context, params protocol.TrialParams) (protocol.TrialResult, error) {
	place, reply, err := t.findPlace(params.Endpoint)
	if err != nil {
		return protocol.TrialResult{}, err
	}
	control, err := place.controlResult(ctx, params.Exec, func() (protocol.CommandResult, error) {
		before := params
		before.Behaviour = victim.Good
		tried, err := t.try(ctx, place, reply, before)
		return tried.Ran, err
	})
	if err != nil {
		return protocol.TrialResult{}, fmt.Errorf("try %s before %s that is well: %w", params.Exec, nameEndpoint(params.Endpoint), err)
	}
	tried, err := t.try(ctx, place, reply, params)
	if err != nil {
		return protocol.TrialResult{}, fmt.Errorf("try %s before %s that is %s: %w", params.Exec, nameEndpoint(params.Endpoint), params.Behaviour, err)
	}
	tried.Control = control
	return tried, nil
}

func (t *Trials) findPlace(endpoint protocol.Endpoint) (*place, []byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.places == nil {
		t.places, t.turns = map[string]*place{}, make(chan struct{}, trialTurns)
	}
	reply, known := t.replies[nameEndpoint(endpoint)]
	if !known {
		reply.err = errors.New("it was not asked")
	}
	if reply.err != nil {
		return nil, nil, fmt.Errorf("try a command before %s: what it answers when it is well is not known: %w", nameEndpoint(endpoint), reply.err)
	}
	if t.places[nameEndpoint(endpoint)] == nil {
		t.places[nameEndpoint(endpoint)] = &place{path: endpoint.Socket, changed: make(chan struct{}), controls: map[string]protocol.CommandResult{}}
	}
	return t.places[nameEndpoint(endpoint)], reply.body, nil
}

// try puts an impostor into the place, checks that it answers there, and runs the command.
func (t *Trials) try(ctx context.Context, where *place, reply []byte, params protocol.TrialParams) (protocol.TrialResult, error) {
	shared := slices.Contains([]victim.Behaviour{protocol.Stopped, victim.Mute, victim.Half, victim.Drip}, params.Behaviour)
	isGood := params.Behaviour == victim.Good || params.Behaviour == protocol.Slow
	if err := where.enter(ctx, isGood); err != nil {
		return protocol.TrialResult{}, err
	}
	var once sync.Once
	leave := func() { once.Do(where.leave) }
	defer where.end()
	defer leave()
	impostor, err := impersonate(ctx, params, reply)
	if err != nil {
		return protocol.TrialResult{}, err
	}
	defer impostor.close()
	landing, err := impostor.proveLanding(ctx, params)
	if err != nil {
		return protocol.TrialResult{}, err
	}
	select {
	case t.turns <- struct{}{}:
	case <-ctx.Done():
		return protocol.TrialResult{}, ctx.Err()
	}
	ended := make(chan struct{})
	var ran protocol.CommandResult
	go func() {
		defer close(ended)
		ran, err = command.Run(ctx, buildCommand(params))
	}()
	impostor.awaitQuestion(ctx, ended)
	<-t.turns
	if shared {
		pauseUntil(ended, trialSettlePeriod)
		impostor.stopListening() // connected clients go on waiting for a reply
		leave()
	}
	<-ended
	return protocol.TrialResult{Landing: landing, Ran: ran}, errors.Join(err, ctx.Err())
}

// buildCommand returns a trial's command as a supervisor runs it: by the shell, with its own environment and the action's.
func buildCommand(params protocol.TrialParams) protocol.RunParams {
	run := protocol.RunParams{
		Argv: []string{"/bin/sh", "-c", params.Exec}, Limit: params.Limit, Dir: params.Dir, EnvironmentOf: params.SupervisorPID,
	}
	for name, value := range params.Env {
		run.Env = append(run.Env, name+"="+value)
	}
	return run
}

// pauseUntil waits for a period, or until the channel is closed.
func pauseUntil(ended <-chan struct{}, period time.Duration) {
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
}
