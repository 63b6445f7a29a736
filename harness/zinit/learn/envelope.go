package learn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// noMember is a member of a request that no supervisor knows: what is answered to it is answered to any nonsense.
const noMember = "hero_chaos_no_such_member"

// envelopes returns the forms of requests that are tried where JSON-RPC's gets no answer, the likeliest first.
func envelopes() []dialect.Envelope {
	found := []dialect.Envelope{{Batch: true}, {TextID: true}}
	for _, noID := range []bool{false, true} {
		for _, name := range []string{"command", "cmd", "op", "operation", "action", "request", "call"} {
			found = append(found, dialect.Envelope{Method: name, NoID: noID})
		}
	}
	return append(found, dialect.Envelope{NoID: true})
}

// findEnvelope finds a form of requests that gets an answer where JSON-RPC's gets none. All are tried at once. An answer that nonsense gets as well
// speaks for none.
func (l *learner) findEnvelope(ctx context.Context) bool {
	for _, transport := range l.enveloped() {
		nonsense := map[bool]string{} // by whether replies have no id
		for _, noID := range []bool{false, true} {
			control := transport
			control.Envelope = dialect.Envelope{Method: noMember, NoID: noID}
			if said, ok := l.answerOf(ctx, control); ok {
				nonsense[noID] = said
			}
		}
		tried := envelopes()
		answered := make([]bool, len(tried))
		var asking sync.WaitGroup
		for i, envelope := range tried {
			asking.Go(func() {
				other := transport
				other.Envelope = envelope
				said, ok := l.answerOf(ctx, other)
				answered[i] = ok && said != nonsense[envelope.NoID]
			})
		}
		asking.Wait()
		if i := slices.Index(answered, true); i >= 0 {
			l.spoken.Transport = transport
			l.spoken.Transport.Envelope = tried[i]
			return true
		}
	}
	return false
}

// enveloped returns the transports on which other forms of requests are tried.
func (l *learner) enveloped() []dialect.Transport {
	if len(l.options.Transports) > 0 {
		return l.options.Transports
	}
	return []dialect.Transport{{Framing: dialect.Line}, {Framing: dialect.Bare}, {Framing: dialect.ContentLength}}
}

// answerOf returns what is answered to a question for the description; false if there is no answer.
func (l *learner) answerOf(ctx context.Context, how dialect.Transport) (said string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, envelopeTimeout)
	defer cancel()
	_, err := l.ask(ctx, how, descriptions[0], nil)
	answer := new(zinit.Error)
	if errors.As(err, &answer) {
		return answer.Message, true
	}
	const described = "a description"
	return described, err == nil
}

// greet finds the method that has to be called first on each connection, if what does not exist is refused for that.
func (l *learner) greet(ctx context.Context) {
	refused, known := l.unknown[nonsense[0]]
	if l.isRouted() || l.spoken.Transport.Framing == dialect.HTTP || !known || !asksForGreeting(refused.Message) {
		return
	}
	var names []string
	for _, match := range quotedWord.FindAllStringSubmatch(refused.Message, -1) {
		names = append(names, match[1])
	}
	for _, name := range append(names, "initialize", "hello", "handshake", "connect", "login", "init", "open") {
		how := l.spoken.Transport
		how.Envelope.Hello = name
		_, err := l.ask(ctx, how, nonsense[0], nil)
		if answer := new(zinit.Error); errors.As(err, &answer) && answer.Message != refused.Message {
			l.spoken.Transport = how
			l.unknown = map[string]zinit.Error{}
			l.learnUnknown(ctx)
			return
		}
	}
}

// asksForGreeting reports whether an error says that something has to be called first.
func asksForGreeting(text string) bool {
	words := tokens(text)
	return slices.ContainsFunc([]string{"first", "initialized", "initialised", "initialize", "handshake", "hello", "greeted"}, func(word string) bool { return slices.Contains(words, word) }) ||
		strings.Contains(strings.ToLower(text), "not ready")
}
