// Package learn finds out in which spelling a supervisor speaks the model of zinit's RPC (suites/contract/zinit-0.4.md#spelling). It asks for the
// supervisor's own description, reads the definitions that an image ships, whose numbers are known, and tries what it has understood on a
// service of ours. What it could not understand, it says.
package learn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// Conversation sends single requests to the supervisor (zinit.Conversation).
type Conversation interface {
	Call(ctx context.Context, how dialect.Transport, method string, params any) (json.RawMessage, error)
}

// Expected is a definition of the image, as its target file says it.
type Expected struct {
	Service string
	// Run and Health are members of its run and its health action by their names in the model.
	Run, Health dialect.Values
	// Requires are the services that it requires.
	Requires []string
}

// Options say what is known beforehand.
type Options struct {
	// Given is the part of the dialect that a person has written, nil if none. It wins over what is learned.
	Given *dialect.Dialect
	// Shipped are services that the image is expected to have. At least half of them must be listed; without any, nothing is read.
	Shipped []Expected
	// Transports are tried in order; empty means all framings on the socket, and HTTP at the usual paths.
	Transports []dialect.Transport
	// Ports are TCP ports at which a supervisor may listen, if nothing answers at its socket.
	Ports []int
	// Witness sees what the supervisor does. Without one, nothing is registered and nothing confirmed.
	Witness Witness
	// Record is told of every question and its answer, each one line; nil if nobody wants to know.
	Record func(question, answer string)
	// Trial is the name of the service that is registered for the trial.
	Trial string
}

// Level is a degree to which a supervisor is understood.
type Level string

// The levels, from the least to the most.
const (
	None   Level = "none"   // no word
	Orders Level = "orders" // its services are listed, and their status is read
	Read   Level = "read"   // their definitions are read as well
	Full   Level = "full"   // a service of ours was registered, read back, seen to run, and deleted
)

// How says on what the reading of a member or an operation rests.
type How string

// The ways of knowing, from the least to the most.
const (
	Missing   How = "missing"
	Guessed   How = "guessed"   // by its name alone
	Shipped   How = "shipped"   // a shipped definition holds the value there that it is known to have
	Stored    How = "stored"    // a value of ours was read back from there
	Given     How = "given"     // by the target file
	Confirmed How = "confirmed" // its effect was seen
)

// Reading is the place of one member or operation of the model in the supervisor's spelling.
type Reading struct {
	Ours   string `json:"ours"`             // "action.retry.delay", "kill"
	Theirs string `json:"theirs,omitempty"` // "restart.wait_secs (s)", "svc/signal"
	How    How    `json:"how"`
}

// Understanding is the result of learning, as data.
type Understanding struct {
	Level    Level          `json:"level"`
	Spelling zinit.Spelling `json:"spelling"`
	Readings []Reading      `json:"readings,omitempty"`
	// Missing says in sentences what was not understood.
	Missing []string `json:"missing,omitempty"`
}

// contactTimeout bounds everything that is asked of a supervisor, the trial included.
const contactTimeout = 20 * time.Second

// Learn finds out how a supervisor is spoken to. It always returns an understanding, at worst an empty one that says why. It changes nothing
// but its trial service, which it deletes.
func Learn(ctx context.Context, c Conversation, options Options) Understanding {
	ctx, cancel := context.WithTimeout(ctx, contactTimeout)
	defer cancel()
	l := &learner{
		conversation: c, options: options,
		spoken: dialect.Dialect{Name: "learned", Operations: map[dialect.Operation]dialect.Call{}, Documents: map[dialect.Document]dialect.Shape{}},
		how:    map[string]How{}, unknown: map[string]zinit.Error{}, absent: map[string]error{}, unproven: map[string]bool{}, most: mostQuestions,
	}
	if options.Given != nil {
		maps.Copy(l.spoken.Operations, options.Given.Operations)
		for operation := range options.Given.Operations {
			l.note(string(operation), Given)
		}
		if options.Given.Transport.Framing != "" {
			l.options.Transports = []dialect.Transport{options.Given.Transport}
		}
	}
	level := l.learn(ctx)
	return l.understanding(level)
}

// learner holds what is known so far.
type learner struct {
	conversation Conversation
	options      Options
	spoken       dialect.Dialect
	templates    dialect.Templates
	described    []method // by the supervisor itself; nil if it describes nothing
	how          map[string]How
	missing      []string
	unknown      map[string]zinit.Error // the errors for methods that do not exist, by the names that were asked for
	absent       map[string]error       // the errors for methods that do not exist, by their names
	listed       bool                   // whether the methods are known from an error reply alone
	asked        atomic.Int64
	most         int64              // how many questions may have been asked in all
	httpPorts    []int              // at which HTTP is answered that is no JSON-RPC, and routes have not been tried yet
	sending      dialect.Definition // of the trial
	tried        *tentative
	unproven     map[string]bool // durations whose unit only those of others speak for, as "action.stop_timeout"
	hints        []string        // methods that error replies have named one by one
	// learnedStates are the states whose words the trial has shown, and ambiguous what is said of several. sameLooks counts looks at such a state.
	learnedStates []string
	ambiguous     []any
	sameLooks     int
	lastState     any // what the trial's state was called when it was looked at last, if that is no known word
}

// learn goes from the transport to the trial, as far as it comes.
func (l *learner) learn(ctx context.Context) Level {
	if !l.findTransport(ctx) && !l.findEnvelope(ctx) {
		l.miss("no framing of JSON-RPC gets an answer at its socket: name the transport under zinit.dialect.transport of the target file")
		return None
	}
	for !l.findMethods(ctx) {
		if l.nextPort() {
			continue
		}
		if l.isRouted() {
			l.miss("HTTP is answered, and neither JSON-RPC at any of the usual paths nor a route that lists services: name the path of JSON-RPC under zinit.dialect.transport " +
				"of the target file, or the route under zinit.dialect.operations.list")
			return None
		}
		l.miss("no method lists services that the image is known to have: name them under zinit.dialect.operations.list of the target file")
		return None
	}
	l.findOrders()
	understood := l.findDefinitions(ctx)
	if l.takeGiven(); !understood && l.options.Given == nil {
		return Orders
	}
	if understood && !l.isSteady(ctx, l.options.Shipped[0]) {
		l.miss("the definition of " + l.options.Shipped[0].Service + " is read otherwise each time: nothing is registered")
		l.forgetDocuments()
		return Orders
	}
	if l.options.Witness == nil || !l.tryOut(ctx) {
		return Read
	}
	return Full
}

// findMethods finds what lists services, from a description or by usual names.
func (l *learner) findMethods(ctx context.Context) bool {
	l.learnUnknown(ctx)
	l.greet(ctx)
	l.describe(ctx)
	return l.findLists(ctx)
}

// forgetDocuments forgets what was learned of definitions.
func (l *learner) forgetDocuments() {
	for _, document := range []dialect.Document{dialect.Service, dialect.Action, dialect.HealthAction} {
		delete(l.spoken.Documents, document)
	}
	for _, operation := range []dialect.Operation{dialect.GetService, dialect.ListActions, dialect.GetAction} {
		delete(l.spoken.Operations, operation)
	}
}

// takeGiven lets what a person has written of documents win over what was learned of them.
func (l *learner) takeGiven() {
	if l.options.Given == nil {
		return
	}
	if l.options.Given.Embedding != nil {
		l.spoken.Embedding = l.options.Given.Embedding
	}
	if given := l.options.Given.Errors; !reflect.DeepEqual(given, dialect.Errors{}) {
		l.spoken.Errors = given
	}
	l.spoken.Constants = l.options.Given.Constants
	for document, shape := range l.options.Given.Documents {
		if l.spoken.Documents[document] == nil {
			l.spoken.Documents[document] = dialect.Shape{}
		}
		for name, member := range shape {
			l.spoken.Documents[document][name] = member
			l.note(string(document)+"."+name, Given)
		}
	}
}

func (l *learner) miss(sentence string) { l.missing = append(l.missing, sentence) }

// note raises how something is known.
func (l *learner) note(what string, how How) {
	l.how[what] = morePrecise(l.how[what], how)
}

// morePrecise returns the better of two ways of knowing.
func morePrecise(a, b How) How {
	order := map[How]int{Missing: 0, Guessed: 1, Shipped: 2, Stored: 3, Given: 4, Confirmed: 5}
	if order[b] > order[a] {
		return b
	}
	return a
}

// call asks for an operation and returns the decoded result.
func (l *learner) call(ctx context.Context, call dialect.Call, arguments map[dialect.Argument]any) (any, error) {
	params, err := call.Request(arguments)
	if err != nil {
		return nil, err
	}
	return l.ask(ctx, l.spoken.Transport, call.Method, params)
}

// The limits of how many questions a contact asks: a supervisor that answers anything to everything is not understood by more of them.
const (
	mostQuestions  = 6000 // until a service of ours is registered
	trialQuestions = 2000 // about that service
	spareQuestions = 700  // to find out what nothing else rests on
)

// grant lets further questions be asked.
func (l *learner) grant(questions int64) { l.most = l.asked.Load() + questions }

// sparingly searches for what nothing else rests on, with so few questions that enough are left for the rest.
func (l *learner) sparingly(search func()) {
	most := l.most
	l.most = min(most, l.asked.Load()+spareQuestions)
	search()
	l.most = most
}

// record tells of a question and its answer, both shortened.
func (l *learner) record(how dialect.Transport, name string, params any, raw json.RawMessage, err error) {
	if l.options.Record == nil {
		return
	}
	const most = 700
	shortened := func(text string) string {
		if len(text) > most {
			return strings.ToValidUTF8(text[:most], "") + "..."
		}
		return text
	}
	question := name
	if params != nil {
		text, _ := json.Marshal(params)
		question += " " + string(text)
	}
	if how != l.spoken.Transport {
		question += fmt.Sprintf(" (%s%s at port %d)", how.Framing, how.Path, how.Port)
	}
	answer := string(raw)
	if err != nil {
		answer = err.Error()
	}
	l.options.Record(shortened(question), shortened(strings.ReplaceAll(answer, "\n", " ")))
}

// deepestReply bounds how deep a reply nests; so many replies that are deeper end the contact.
const (
	deepestReply = 64
	fewestDeep   = 20
)

// isDeeper reports whether a value nests deeper than a limit.
func isDeeper(value any, limit int) bool {
	if limit < 0 {
		return true
	}
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			if isDeeper(inner, limit-1) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return isDeeper(inner, limit-1) })
	}
	return false
}

var errTooDeep = fmt.Errorf("the reply nests deeper than %d", deepestReply)

var errTooMany = errors.New("the supervisor was asked too many questions that led to nothing")

// questionTimeout bounds one question: a supervisor that does not understand it may be silent.
const questionTimeout = 3 * time.Second

func (l *learner) ask(ctx context.Context, how dialect.Transport, name string, params any) (any, error) {
	if l.asked.Add(1) > l.most {
		return nil, errTooMany
	}
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	raw, err := l.conversation.Call(ctx, how, name, params)
	l.record(how, name, params, raw, err)
	if err != nil {
		return nil, err
	}
	var result any
	if err = json.Unmarshal(raw, &result); err == nil && isDeeper(result, deepestReply) {
		l.asked.Add(mostQuestions / fewestDeep)
		return nil, errTooDeep
	}
	return result, err
}
