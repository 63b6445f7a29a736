package learn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// Sight is one look at a trial service's process.
type Sight struct {
	PID   int    // 0: none is seen
	Dir   string // its folder
	Value string // of the variable that was set
}

// Witness sees and does what needs no word with the supervisor.
type Witness interface {
	// Command returns a command for the trial service. Its process lives until it is signalled, and Look finds it.
	Command(service, variable string) string
	// Dir returns a folder that exists in the container and is no process's by itself.
	Dir() string
	// Look returns the service's process, with the variable's value.
	Look(ctx context.Context, service, variable string) (Sight, error)
	// Kill sends SIGKILL to a process.
	Kill(ctx context.Context, pid int) error
}

// What the trial sets. Each duration is another one, so that swapped members show up.
const (
	trialVariable = "HERO_CHAOS_TRIAL"
	trialDelay    = 730 * time.Millisecond
	lookInterval  = 20 * time.Millisecond
	lookTimeout   = 4 * time.Second
	// delayTolerancePeriod is the largest difference between a measured delay and the one that was set: the looks are coarse.
	delayTolerancePeriod = 250 * time.Millisecond
)

// tryOut registers a service of ours and sees what becomes of it.
func (l *learner) tryOut(ctx context.Context) bool {
	l.guessOrders(ctx)
	l.learnNotFound(ctx)
	defer l.cleanUp(ctx)
	set, refused := l.register(ctx)
	if !set {
		l.miss(fmt.Sprintf("no method takes a definition of ours: name it under zinit.dialect.operations.set-service of the target file (%v)", refused))
		return false
	}
	l.grant(trialQuestions) // what is registered has to be deleted as well
	seen, ok := l.await(ctx, func(s Sight) bool { return s.PID != 0 })
	if !ok {
		l.miss("a service of ours was taken, and does not run: what starts it is not known")
		return false
	}
	l.note("action.exec", Confirmed)
	l.takeTentative(ctx, seen)
	seen = l.tryPairs(ctx, seen)
	l.confirm("action.env", seen.Value == l.options.Trial)
	l.confirm("action.dir", seen.Dir == l.options.Witness.Dir())
	l.readBack(ctx)
	l.confirmStatus(ctx, seen)
	for refuted := map[string]bool{}; !l.confirmDelay(ctx, seen); {
		if seen, ok = l.tryOtherDelay(ctx, refuted); !ok {
			l.miss("a service of ours was killed, and its delay was not the one that was set: the member or the unit of the retry delay is another one")
			return false
		}
	}
	l.sparingly(func() { l.findJobs(ctx, seen) })
	l.sparingly(func() { l.findLogs(ctx) })
	l.withdraw(ctx)
	if err := l.registerAgain(ctx); err != nil {
		l.miss(fmt.Sprintf("a definition of ours with few members, and with a health check, is not taken: %v", err))
		return false
	}
	l.confirmOrders(ctx)
	if l.how[string(dialect.Delete)] != Confirmed {
		l.miss("no method deletes a service of ours: name it under zinit.dialect.operations.delete-service of the target file")
		return false
	}
	l.confirmService(ctx)
	return true
}

// learnNotFound learns how the supervisor says that a service does not exist: it is asked for the trial's, which is not registered yet.
func (l *learner) learnNotFound(ctx context.Context) {
	for _, operation := range []dialect.Operation{dialect.StatusOf, dialect.GetService} {
		call, known := l.spoken.Operations[operation]
		if !known {
			continue
		}
		result, err := l.call(ctx, call, map[dialect.Argument]any{dialect.TheName: l.options.Trial})
		answer := new(zinit.Error)
		switch {
		case err == nil && result == nil:
			l.spoken.Errors.NotFound.Null = true
		case errors.As(err, &answer) && !isGeneral(answer.Code):
			l.spoken.Errors.NotFound.Codes = []int{answer.Code}
		case errors.As(err, &answer):
			l.spoken.Errors.NotFound.Messages = []string{wordsBeside(answer.Message, l.options.Trial)}
		default:
			continue
		}
		return
	}
}

// isGeneral reports whether a code is one of JSON-RPC's own, which say nothing of services.
func isGeneral(code int) bool { return code >= -32700 && code <= -32600 || code == -32000 }

// wordsBeside returns the longest part of a message that is not the name in it, in lower case.
func wordsBeside(message, name string) string {
	best := ""
	for part := range strings.SplitSeq(strings.ToLower(message), strings.ToLower(name)) {
		if part = strings.Trim(part, " \"'`:"); len(part) > len(best) {
			best = part
		}
	}
	return best
}

// confirm notes that a member's effect was seen, or drops a member that had none.
func (l *learner) confirm(name string, seen bool) {
	if seen {
		l.note(name, Confirmed)
	}
}

// guessOrders finds orders that are not known yet: they are named in the style of what is known. A name is taken if the supervisor knows it; it is
// asked about the trial's service, which does not exist yet.
func (l *learner) guessOrders(ctx context.Context) {
	if l.described != nil && !l.listed {
		return
	}
	for _, operation := range []dialect.Operation{dialect.Start, dialect.Stop, dialect.Restart, dialect.Kill, dialect.Delete} {
		if _, known := l.spoken.Operations[operation]; known {
			continue
		}
		for candidate := range l.each(operation) {
			call := l.alike(candidate)
			arguments := map[dialect.Argument]any{dialect.TheName: l.options.Trial}
			if operation == dialect.Kill {
				l.addSignal(&call, candidate)
				arguments[dialect.TheSignal] = "SIGTERM"
			}
			if _, err := l.call(ctx, call, arguments); err != nil && (l.isUnknown(candidate.name, err) || l.isOver(ctx, err)) {
				continue
			}
			l.spoken.Operations[operation] = call
			l.note(string(operation), Guessed)
			break
		}
	}
}

// dangers are words of methods that may harm more than a service of ours.
var dangers = []string{"shutdown", "poweroff", "reboot", "halt", "reset", "clear", "purge", "wipe", "exit", "quit", "terminate", "reload", "all", "flush", "prune"}

// unnamedSetters returns methods that may take a document of the right kind, and whose verb says nothing else.
func (l *learner) unnamedSetters(operation dialect.Operation) []method {
	var found []method
	methods := slices.Clone(l.described)
	for _, name := range l.hints {
		methods = append(methods, method{name: name})
	}
	for _, one := range methods {
		noun := nounOf(tokens(one.name), meanings[operation].noun)
		other := slices.ContainsFunc(dialect.Operations(), func(o dialect.Operation) bool { return o != dialect.Discover && methodScore(o, one.name) > 0 })
		isDanger := slices.ContainsFunc(tokens(one.name), func(word string) bool { return slices.Contains(dangers, word) })
		isMeant := noun == meanings[operation].noun || (noun == "" && operation == dialect.SetService)
		if isMeant && !other && !isDanger && (!one.known || slices.ContainsFunc(one.params, parameter.isObject)) {
			found = append(found, one)
		}
	}
	return found
}

// eachSetter returns the methods that may take a document, the likeliest first.
func (l *learner) eachSetter(operation dialect.Operation) iter.Seq[method] {
	return func(yield func(method) bool) {
		for candidate := range l.each(operation) {
			if !yield(candidate) {
				return
			}
		}
		for _, candidate := range l.unnamedSetters(operation) {
			if !yield(candidate) {
				return
			}
		}
	}
}

// definition returns what is registered for the trial, with the members that have a place.
func (l *learner) definition() dialect.Definition {
	name := l.options.Trial
	run := dialect.Values{
		"name": name + ".run", "service": name, "kind": "run", "exec": l.options.Witness.Command(name, trialVariable),
		"env": map[string]string{trialVariable: name}, "dir": l.options.Witness.Dir(), "retry.max_attempts": int64(11), "retry.delay": trialDelay,
		"retry.max_delay": 41 * time.Second, "retry.stability_period": 37 * time.Second, "retry.backoff": "none",
		"stop_timeout": 7 * time.Second, "stop_signal": "SIGINT", "timeout": 53 * time.Minute,
	}
	shape := l.spoken.Documents[dialect.Action]
	for _, member := range slices.Sorted(maps.Keys(run)) {
		_, placed := shape[member]
		if !placed && member != "name" && member != "service" && member != "kind" {
			delete(run, member)
		}
	}
	delete(run, "timeout") // only health checks and oneshots are known to have one
	if words := shape["retry.backoff"].Words; words != nil && words["none"] == nil {
		delete(run, "retry.backoff") // what the template says: one retry is the same under each growth
	}
	return dialect.Definition{
		Service: dialect.Values{"name": name, "actions": []string{name + ".run"}},
		Actions: []dialect.Values{run},
	}
}

// register sends the trial's definition by the first methods that take it. It remembers the calls. A member that a refusal blames is written otherwise.
func (l *learner) register(ctx context.Context) (bool, error) {
	left := map[string][]dialect.Member{} // spellings that were not tried yet
	for {
		set, refused := l.registerOnce(ctx)
		name, isBlamed := l.blamedMember(refused)
		if set || !isBlamed || l.isOver(ctx, refused) {
			return l.registerUnblamed(ctx, set, refused)
		}
		if _, known := left[name]; !known {
			left[name] = l.otherSpellings(name, refused)
		}
		if len(left[name]) == 0 {
			return false, refused
		}
		l.spoken.Documents[dialect.Action][name], left[name] = left[name][0], left[name][1:]
	}
}

// registerUnblamed sends the trial's definition with other words for the growth of delays, if it was refused and nothing says why.
func (l *learner) registerUnblamed(ctx context.Context, set bool, refused error) (bool, error) {
	for _, words := range l.otherGrowths(refused) {
		if set || l.isOver(ctx, refused) || errors.Is(refused, errNoSetter) {
			break
		}
		l.setGrowths(words)
		set, _ = l.registerOnce(ctx)
	}
	return set, refused
}

// tryPairs writes the variables in other forms if they had no effect and no shipped service has any, and returns the last sight. A supervisor may take
// a list of what it does not expect for an empty one.
func (l *learner) tryPairs(ctx context.Context, seen Sight) Sight {
	env, placed := l.spoken.Documents[dialect.Action]["env"]
	value, _ := env.At.Get(any(l.runTemplate()))
	if list, isList := value.([]any); !placed || seen.Value != "" || !isList || len(list) > 0 {
		return seen
	}
	for _, form := range []dialect.Form{dialect.Objects, dialect.Tuples, dialect.Equals, dialect.Plain} {
		other := env
		other.Form = form
		l.spoken.Documents[dialect.Action]["env"] = other
		if form == env.Form || l.sendDefinition(ctx) != nil || l.options.Witness.Kill(ctx, seen.PID) != nil {
			continue
		}
		next, ok := l.await(ctx, func(now Sight) bool { return now.PID != 0 && now.PID != seen.PID })
		if !ok {
			break
		}
		if seen = next; seen.Value == l.options.Trial {
			return seen
		}
	}
	l.spoken.Documents[dialect.Action]["env"] = env
	return seen
}

// setGrowths sets the words for the growth of delays.
func (l *learner) setGrowths(words map[string]any) {
	member := l.spoken.Documents[dialect.Action]["retry.backoff"]
	member.Words = words
	l.spoken.Documents[dialect.Action]["retry.backoff"] = member
}

// registerOnce sends the trial's definition, with the variables in each form if need be.
func (l *learner) registerOnce(ctx context.Context) (bool, error) {
	l.sending = l.definition()
	refused := l.sendTentatively(ctx)
	env, placed := l.spoken.Documents[dialect.Action]["env"]
	if _, isBlamed := l.blamedMember(refused); refused == nil || !placed || isBlamed || errors.Is(refused, errNoSetter) || l.isOver(ctx, refused) {
		return refused == nil, refused
	}
	for _, form := range dialect.FormsOf(dialect.Pairs) { // an empty list of variables does not show how one is written
		if other := env; form != env.Form {
			other.Form = form
			l.spoken.Documents[dialect.Action]["env"] = other
			if l.sendDefinition(ctx) == nil {
				return true, nil
			}
		}
	}
	l.spoken.Documents[dialect.Action]["env"] = env
	return false, refused
}

// otherGrowths returns other words for the growth of delays: those that a refusal lists, if all but one are the model's. If the known one is an
// object by its name, another variant may be a text, and at last only the known one is left.
func (l *learner) otherGrowths(refused error) []map[string]any {
	words := l.spoken.Documents[dialect.Action]["retry.backoff"].Words
	known, _ := l.options.Shipped[0].Run["retry.backoff"].(string)
	if listed := growthsIn(refused, words); listed != nil {
		return []map[string]any{listed}
	}
	object, isObject := words[known].(map[string]any)
	if !isObject || len(object) != 1 {
		return nil
	}
	asText := maps.Clone(words)
	for key := range object {
		if text, ok := sayLike(key, known, "none"); ok {
			asText["none"] = text
		}
	}
	return []map[string]any{asText, {known: object}}
}

// growthsIn returns the words for the growth of delays that a refusal lists ("unknown variant `None`, expected one of `Fixed`, `Linear`"); nil if it
// does not list exactly one that is no word of the model.
func growthsIn(refused error, known map[string]any) map[string]any {
	if refused == nil {
		return nil
	}
	_, expected, found := strings.Cut(refused.Error(), "expected")
	listed, others := map[string]any{}, []string{}
	for _, match := range quotedWord.FindAllStringSubmatch(expected, -1) {
		i := slices.IndexFunc([]string{"linear", "exponential"}, func(word string) bool { return strings.EqualFold(word, match[1]) })
		if i < 0 {
			others = append(others, match[1])
			continue
		}
		listed[strings.ToLower(match[1])] = match[1]
	}
	if !found || len(others) != 1 || len(listed) == 0 || known == nil {
		return nil
	}
	listed["none"] = others[0]
	return listed
}

// sendDefinition sends the documents of the trial's definition. A member that an error reply misses is written even if it is empty.
func (l *learner) sendDefinition(ctx context.Context) error {
	for {
		messages, err := l.spoken.Encode(l.sending, l.templates)
		if err != nil {
			return err
		}
		refused := l.sendAll(ctx, messages)
		if refused == nil || !l.require(refused) {
			return refused
		}
	}
}

// errShipped is why a definition is not sent.
var errShipped = errors.New("the place of its own name is not known, and that of a shipped service is there")

func (l *learner) sendAll(ctx context.Context, messages []dialect.Message) error {
	if slices.ContainsFunc(messages, l.namesShipped) {
		return errShipped
	}
	for i, message := range messages { // the actions, in their order, then the service
		name := l.options.Trial
		if message.Operation == dialect.SetAction {
			name, _ = l.sending.Actions[i]["name"].(string)
		}
		if err := l.send(ctx, message, name); err != nil {
			return err
		}
	}
	return nil
}

// namesShipped reports whether a document would be taken for the definition of the shipped service over whose it was written.
func (l *learner) namesShipped(message dialect.Message) bool {
	document, _ := message.Document.(map[string]any)
	return slices.ContainsFunc(leaves(document), func(one leaf) bool {
		text, _ := one.value.(string)
		subject := l.options.Shipped[0].Service
		return (text == subject || text == subject+".run" || text == subject+".health") && nameScore("name", one.at) > 0
	})
}

// require marks the members that an error misses as required. It reports whether it found one.
func (l *learner) require(refused error) bool {
	answer := new(zinit.Error)
	if !errors.As(refused, &answer) {
		return false
	}
	found := false
	for _, field := range fieldsNamed(answer.Message, dialect.Call{}, nil) {
		for _, document := range []dialect.Document{dialect.Action, dialect.HealthAction, dialect.Service} {
			shape := l.spoken.Documents[document]
			for _, name := range slices.Sorted(maps.Keys(shape)) {
				if member := shape[name]; !member.Required && slices.Contains(member.At, field) && l.isLeftOut(document, name) {
					member.Required = true
					shape[name] = member
					found = true
				}
			}
			if document == dialect.Service && !found {
				found = l.requireDependency(field)
			}
		}
	}
	return found
}

// requireDependency takes a field that an error misses, and that no document shows, for the kind of dependency that it is called like. It is beside
// the kinds that are known.
func (l *learner) requireDependency(field string) bool {
	const group = "dependencies."
	shape := l.spoken.Documents[dialect.Service]
	for _, known := range dialect.Members(dialect.Service) {
		if _, placed := shape[known.Name]; placed || !strings.HasPrefix(known.Name, group) || nameScore(known.Name, dialect.Path{field}) == 0 {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(shape)) {
			if beside := shape[name]; strings.HasPrefix(name, group) {
				shape[known.Name] = dialect.Member{At: beside.At[:len(beside.At)-1].Join(field), Form: beside.Form, Required: true, Lenient: true}
				l.note("service."+known.Name, Guessed)
				return true
			}
		}
	}
	return false
}

// isLeftOut reports whether the definition that is sent has a document of a kind without a value for a member.
func (l *learner) isLeftOut(document dialect.Document, name string) bool {
	if document == dialect.Service {
		return dialect.IsZero(l.sending.Service[name])
	}
	return slices.ContainsFunc(l.sending.Actions, func(action dialect.Values) bool {
		isHealth := action["kind"] == "health"
		return isHealth == (document == dialect.HealthAction) && dialect.IsZero(action[name])
	})
}

// withdraw deletes the trial's service, where that can be done, before it is registered otherwise. A contact harms nobody, and a supervisor may not
// survive a second definition of one name: zinit 0.3.9 answers nobody afterwards.
func (l *learner) withdraw(ctx context.Context) {
	if _, known := l.spoken.Operations[dialect.Delete]; !known {
		return
	}
	l.halt(ctx)
	if l.order(ctx, dialect.Delete) {
		l.await(ctx, func(s Sight) bool { return s.PID == 0 && !l.isListed(ctx) })
	}
}

// halt stops the trial's service, where that can be done, before it is deleted: zinit 0.3.9 takes 5 s to delete one that runs, and answers nobody
// meanwhile.
func (l *learner) halt(ctx context.Context) {
	if l.order(ctx, dialect.Stop) {
		l.await(ctx, func(s Sight) bool { return s.PID == 0 })
	}
}

// order gives an order for the trial's service, and reports whether it is known and was taken.
func (l *learner) order(ctx context.Context, operation dialect.Operation) bool {
	call, known := l.spoken.Operations[operation]
	if !known {
		return false
	}
	_, err := l.call(ctx, call, map[dialect.Argument]any{dialect.TheName: l.options.Trial})
	return err == nil
}

// registerAgain sends a definition with as few members as possible, and with a health check: what has to be there shows up. The check is never due.
func (l *learner) registerAgain(ctx context.Context) error {
	full := l.definition()
	few := dialect.Values{}
	for _, name := range []string{"name", "service", "kind", "exec", "retry.max_attempts", "retry.delay", "retry.max_delay", "retry.stability_period", "retry.backoff"} {
		if value, there := full.Actions[0][name]; there {
			few[name] = value
		}
	}
	l.sending = dialect.Definition{Service: full.Service, Actions: []dialect.Values{few}}
	if shape, known := l.spoken.Documents[dialect.HealthAction]; known {
		health := dialect.Values{
			"name": l.options.Trial + ".health", "service": l.options.Trial, "kind": "health", "exec": few["exec"],
			"schedule.interval": neverPeriod, "schedule.start_period": neverPeriod + time.Second, "schedule.retries": int64(3), "timeout": neverPeriod + time.Minute,
		}
		for member := range health {
			if _, placed := shape[member]; !placed && strings.Contains(member, ".") || (!placed && member == "timeout") {
				delete(health, member)
			}
		}
		l.sending.Actions = append(l.sending.Actions, health)
		l.sending.Service = dialect.Values{"name": l.options.Trial, "actions": []string{l.options.Trial + ".run", l.options.Trial + ".health"}}
	}
	return l.sendDefinition(ctx)
}

// neverPeriod is so long that nothing becomes due during a contact.
const neverPeriod = 59 * time.Minute

var errNoSetter = errors.New("there is no method for it")

// send finds a method that takes a document.
func (l *learner) send(ctx context.Context, message dialect.Message, name string) error {
	refused, isRefused := errNoSetter, false
	arguments := map[dialect.Argument]any{dialect.TheDocument: message.Document, dialect.TheName: name}
	accept := func(call dialect.Call, _ any) bool {
		if l.isLost(ctx, message.Operation) {
			return false
		}
		l.spoken.Operations[message.Operation] = call
		l.note(string(message.Operation), Stored)
		return true
	}
	if known, ok := l.spoken.Operations[message.Operation]; ok {
		return l.tryUnless(ctx, []dialect.Call{known}, arguments, accept, l.misses)
	}
	for candidate := range l.eachSetter(message.Operation) {
		err := l.tryUnless(ctx, l.callsWithDocument(candidate), arguments, accept, l.misses)
		if err == nil || l.isOver(ctx, err) || l.misses(err) {
			return err
		}
		if !l.isUnknown(candidate.name, err) && !isRefused {
			isRefused = true
			refused = fmt.Errorf("%s: %w", candidate.name, err)
		}
	}
	return refused
}

// isLost reports whether the document that was sent is there without its members: a supervisor may take parameters for the document itself.
func (l *learner) isLost(ctx context.Context, operation dialect.Operation) bool {
	if operation == dialect.SetAction {
		run, ok := l.readRun(ctx, l.options.Trial)
		return ok && run["exec"] != l.sending.Actions[0]["exec"]
	}
	_, placed := l.spoken.Documents[dialect.Service]["actions"]
	call, known := l.spoken.Operations[dialect.GetService]
	if !placed || !known {
		return false
	}
	document, ok := l.getDocument(ctx, call, l.options.Trial)
	if !ok {
		return false
	}
	definition, err := l.spoken.DecodeService(document)
	actions, _ := definition.Service["actions"].([]string)
	return err == nil && !slices.Contains(actions, l.options.Trial+".run")
}

// misses reports whether an error is about a member of a document, so that no other call would do better.
func (l *learner) misses(err error) bool {
	answer := new(zinit.Error)
	if !errors.As(err, &answer) {
		return false
	}
	if l.tried != nil && l.tried.isNamedIn(answer.Message) {
		return true
	}
	if growthsIn(err, l.spoken.Documents[dialect.Action]["retry.backoff"].Words) != nil {
		return true
	}
	if _, isBlamed := l.blamedMember(err); isBlamed {
		return true
	}
	for _, field := range fieldsNamed(answer.Message, dialect.Call{}, nil) {
		for _, document := range []dialect.Document{dialect.Action, dialect.HealthAction, dialect.Service} {
			for name, member := range l.spoken.Documents[document] {
				if !member.Required && len(member.At) > 0 && slices.Contains(member.At, field) && l.isLeftOut(document, name) {
					return true
				}
			}
		}
	}
	return false
}

// documentNames are the usual names of the parameter that holds a document.
var documentNames = []string{"config", "service", "action", "definition", "spec", "document", "body", "payload", "data", "properties", "def"}

// callsWithDocument returns the ways in which a method may be given a document.
func (l *learner) callsWithDocument(m method) []dialect.Call {
	inPath := placeholderOf(m.name)
	at := func(path dialect.Path) dialect.Call {
		call := dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheDocument: path}}
		if inPath != "" {
			call.At[dialect.TheName] = dialect.Path{inPath}
		}
		return call
	}
	if inPath != "" {
		calls := []dialect.Call{at(nil)}
		for _, name := range documentNames {
			calls = append(calls, at(dialect.Path{name}))
		}
		return calls
	}
	calls := describedSetters(m)                                                                        // which may be wrong
	if known, ok := l.spoken.Operations[dialect.GetService]; ok && len(known.At[dialect.TheName]) > 1 { // parameters are inside of a wrapper
		at := known.At[dialect.TheName]
		wrapper := at[:len(at)-1]
		for _, name := range documentNames {
			calls = append(calls, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheDocument: wrapper.Join(name)}})
		}
	}
	for _, name := range inCaseOf(m.name, documentNames) {
		calls = append(calls, at(dialect.Path{name}))
	}
	for _, name := range argumentNames[:3] {
		for _, document := range documentNames[:5] {
			if name != document {
				call := at(dialect.Path{document})
				call.At[dialect.TheName] = dialect.Path{name}
				calls = append(calls, call)
			}
		}
	}
	return append(calls, at(nil), dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheDocument}},
		dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheName, dialect.TheDocument}})
}

// describedSetters returns the ways in which a described method is given a document.
func describedSetters(m method) []dialect.Call {
	var calls []dialect.Call
	var rest []any
	for _, p := range m.params {
		if !p.isObject() {
			if value, ok := p.neutral(); ok && p.required {
				rest = append(rest, value)
			}
			continue
		}
		calls = append(calls, besideDocument(m, dialect.Path{p.name}, m.params))
		for _, inner := range p.properties() { // the document inside of a wrapper
			if inner.isObject() {
				calls = append(calls, besideDocument(m, dialect.Path{p.name, inner.name}, p.properties()))
			}
		}
	}
	return append(calls, besideDocument(m, nil, m.params), dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheDocument}, Rest: rest},
		dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheName, dialect.TheDocument}, Rest: rest})
}

// besideDocument returns a call with a document at a place, and the required parameters beside it.
func besideDocument(m method, at dialect.Path, beside []parameter) dialect.Call {
	call := dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheDocument: at}}
	fixed := any(nil)
	for _, p := range beside {
		if !p.required || p.isObject() || (len(at) > 0 && p.name == at[len(at)-1]) {
			continue
		}
		place := dialect.Path{p.name}
		if len(at) > 1 {
			place = at[:len(at)-1].Join(p.name)
		}
		if value, ok := p.neutral(); ok {
			fixed, _ = place.Set(fixed, value)
		} else if len(at) > 0 && p.isText() {
			call.At[dialect.TheName] = place
		}
	}
	call.Fixed, _ = fixed.(map[string]any)
	return call
}

// await looks until something is so.
func (l *learner) await(ctx context.Context, so func(Sight) bool) (Sight, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		seen, err := l.options.Witness.Look(ctx, l.options.Trial, trialVariable)
		if err == nil && so(seen) {
			return seen, true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return seen, false
		}
	}
}

// readBack compares what was registered with what the supervisor gives back. A member that has changed as ours did is stored.
func (l *learner) readBack(ctx context.Context) {
	definition := l.definition()
	action, ok := l.readRun(ctx, l.options.Trial)
	if !ok {
		return
	}
	for name, value := range definition.Actions[0] {
		if _, placed := l.spoken.Documents[dialect.Action][name]; !placed || l.unproven["action."+name] {
			continue
		}
		read, there := action[name]
		if equalJSON(read, value) {
			l.note("action."+name, Stored)
		} else if there && l.how["action."+name] == Shipped { // another member that holds the same in a shipped definition
			l.how["action."+name] = Guessed
		}
	}
	if said := definition.Actions[0]["retry.backoff"]; said != nil && !equalJSON(action["retry.backoff"], said) { // only the shipped word is known
		known, _ := l.options.Shipped[0].Run["retry.backoff"].(string)
		l.setGrowths(map[string]any{known: l.spoken.Documents[dialect.Action]["retry.backoff"].Words[known]})
	}
}

// readRun reads a service's run action.
func (l *learner) readRun(ctx context.Context, service string) (dialect.Values, bool) {
	answer, ok := l.readRaw(ctx, service)
	if !ok {
		return nil, false
	}
	if l.spoken.Embedding == nil {
		values, err := l.spoken.DecodeAction(answer)
		return values, err == nil
	}
	definition, err := l.spoken.DecodeService(answer)
	if err != nil {
		return nil, false
	}
	for _, action := range definition.Actions {
		if action["kind"] != "health" {
			return action, true
		}
	}
	return nil, false
}

// readRaw reads the document that holds a service's run action: the action's own, or the service's.
func (l *learner) readRaw(ctx context.Context, service string) (any, bool) {
	operation, subject := dialect.GetService, service
	if l.spoken.Embedding == nil {
		operation = dialect.ListActions
		if _, known := l.spoken.Operations[operation]; !known {
			operation, subject = dialect.GetAction, service+".run"
		}
	}
	call := l.spoken.Operations[operation]
	arguments := map[dialect.Argument]any{}
	if call.Takes(dialect.TheName) {
		arguments[dialect.TheName] = subject
	}
	result, err := l.call(ctx, call, arguments)
	if err != nil {
		return nil, false
	}
	if operation != dialect.ListActions {
		answer, err := call.Answer(result)
		return answer, err == nil
	}
	documents, err := call.Listed(result, l.spoken.Documents[dialect.Action])
	if err != nil {
		return nil, false
	}
	for _, document := range documents {
		if values, err := l.spoken.DecodeAction(document); err == nil && values["name"] == service+".run" {
			return document, true
		}
	}
	return nil, false
}

// confirmStatus sees whether the status names the process that was seen.
func (l *learner) confirmStatus(ctx context.Context, seen Sight) {
	values, ok := l.statusOfTrial(ctx)
	if !ok {
		return
	}
	l.confirm("status.state", values["state"] == "running")
	l.confirm("status.pid", values["pid"] == int64(seen.PID))
}

func (l *learner) statusOfTrial(ctx context.Context) (dialect.Values, bool) {
	document, ok := l.statusDocument(ctx)
	if !ok {
		return nil, false
	}
	values, err := l.spoken.Documents[dialect.Status].Decode(dialect.Status, document)
	return values, err == nil
}

// statusDocument returns the trial's status as the supervisor writes it.
func (l *learner) statusDocument(ctx context.Context) (any, bool) {
	operation := dialect.StatusOf
	if _, known := l.spoken.Operations[operation]; !known {
		operation = dialect.ListFull
	}
	call := l.spoken.Operations[operation]
	shape := l.spoken.Documents[dialect.Status]
	arguments := map[dialect.Argument]any{}
	if operation == dialect.StatusOf {
		arguments[dialect.TheName] = l.options.Trial
	}
	result, err := l.call(ctx, call, arguments)
	if err != nil {
		return nil, false
	}
	var documents []any
	if operation == dialect.ListFull {
		documents, err = call.Listed(result, shape)
	} else {
		var answer any
		answer, err = call.Answer(result)
		documents = []any{answer}
	}
	if err != nil {
		return nil, false
	}
	for _, document := range documents {
		if name, _ := shape["name"].At.Get(document); operation == dialect.StatusOf || name == l.options.Trial {
			return document, true
		}
	}
	return nil, false
}

// confirmDelay kills the process and measures the delay until the next one. A busy host makes it longer, and a broken supervisor may wait otherwise
// once, so that it is measured again.
func (l *learner) confirmDelay(ctx context.Context, seen Sight) bool {
	const times = 3
	for range times {
		began := time.Now()
		if err := l.options.Witness.Kill(ctx, seen.PID); err != nil {
			return false
		}
		next, ok := l.await(ctx, func(s Sight) bool {
			if s.PID == 0 {
				l.takeStateWord(ctx, "exited")
			}
			return s.PID != 0 && s.PID != seen.PID
		})
		measured := time.Since(began)
		if ok && between(measured, trialDelay, delayTolerancePeriod) {
			l.note("action.retry.delay", Confirmed)
			return true
		}
		if !ok {
			return false
		}
		seen = next
	}
	return false
}

// tryOtherDelay takes another member of a run action for its delay, one that holds the same in a shipped definition, and registers the trial again. It
// forgets the member if there is no other.
func (l *learner) tryOtherDelay(ctx context.Context, refuted map[string]bool) (Sight, bool) {
	const name = "retry.delay"
	shape, template := l.spoken.Documents[dialect.Action], l.runTemplate()
	used := map[string]bool{}
	for _, member := range shape {
		used[member.At.String()] = true
	}
	refuted[shape[name].At.String()] = true
	delete(shape, name)
	l.how["action."+name] = Missing
	known, _ := dialect.MemberOf(dialect.Action, name)
	for _, one := range leaves(template) {
		at := one.at.String()
		form, holds := formThatHolds(known, one, l.options.Shipped[0].Run[name])
		if !holds || used[at] || refuted[at] || slices.ContainsFunc(tokens(at), isCheckWord) {
			continue
		}
		shape[name] = dialect.Member{At: one.at, Form: form}
		l.note("action."+name, Shipped)
		l.sending = l.definition()
		if l.sendDefinition(ctx) != nil {
			break
		}
		return l.await(ctx, func(now Sight) bool { return now.PID != 0 })
	}
	delete(shape, name)
	l.how["action."+name] = Missing
	return Sight{}, false
}

// runTemplate returns the document that holds the run action of a shipped service.
func (l *learner) runTemplate() map[string]any {
	if template := l.templates.Actions["run"]; template != nil {
		return template
	}
	return l.templates.Service // it is a part of its service's document
}

// confirmOrders stops, starts, signals and deletes the trial service. An order without its effect is forgotten.
func (l *learner) confirmOrders(ctx context.Context) {
	name := l.options.Trial
	steps := []struct {
		operation dialect.Operation
		arguments map[dialect.Argument]any
		effect    func(before, now Sight) bool
	}{
		{dialect.Kill, map[dialect.Argument]any{dialect.TheName: name, dialect.TheSignal: "SIGKILL"}, func(before, now Sight) bool { return now.PID != before.PID }},
		{dialect.Stop, map[dialect.Argument]any{dialect.TheName: name}, func(_, now Sight) bool {
			return now.PID == 0 && l.isListed(ctx) && l.takeStateWord(ctx, "inactive")
		}},
		{dialect.Start, map[dialect.Argument]any{dialect.TheName: name}, func(_, now Sight) bool { return now.PID != 0 }},
		{dialect.Restart, map[dialect.Argument]any{dialect.TheName: name}, func(before, now Sight) bool { return now.PID != 0 && now.PID != before.PID }},
		{dialect.Delete, map[dialect.Argument]any{dialect.TheName: name}, func(_, now Sight) bool { return now.PID == 0 && !l.isListed(ctx) }},
	}
	for _, step := range steps {
		call, known := l.spoken.Operations[step.operation]
		calls := []dialect.Call{call}
		if !known {
			if calls = l.unprovenCalls(step.operation); len(calls) == 0 {
				continue
			}
		}
		if step.operation == dialect.Kill || step.operation == dialect.Restart || step.operation == dialect.Stop {
			l.await(ctx, func(s Sight) bool { return s.PID != 0 })
		}
		if step.operation == dialect.Delete {
			l.halt(ctx)
		}
		before, _ := l.options.Witness.Look(ctx, name, trialVariable)
		err := l.tryEach(ctx, calls, step.arguments, func(call dialect.Call, _ any) bool {
			l.spoken.Operations[step.operation] = call
			_, happened := l.await(ctx, func(now Sight) bool { return step.effect(before, now) })
			return happened
		})
		if err != nil && step.operation == dialect.Stop && known && l.forgetConstantState(ctx) {
			l.spoken.Operations[dialect.Stop], err = call, nil
		}
		if err != nil {
			delete(l.spoken.Operations, step.operation)
			l.how[string(step.operation)] = Missing
			continue
		}
		l.note(string(step.operation), Confirmed)
		if step.operation == dialect.Stop {
			l.learnFailed(ctx)
		}
	}
}

// unprovenCalls returns the calls of an order that was not found before the trial existed: a supervisor that refuses unknown routes as it refuses
// unknown services tells nothing then.
func (l *learner) unprovenCalls(operation dialect.Operation) []dialect.Call {
	if !l.isRouted() || l.described != nil {
		return nil
	}
	var calls []dialect.Call
	for _, candidate := range l.candidates(operation) {
		call := l.alike(candidate)
		if operation == dialect.Kill {
			l.addSignal(&call, candidate)
		}
		calls = append(calls, call)
	}
	return calls
}

// tryEach tries calls of several methods until one is accepted.
func (l *learner) tryEach(ctx context.Context, calls []dialect.Call, arguments map[dialect.Argument]any, accept func(dialect.Call, any) bool) error {
	err := errors.New("there is no call for it")
	for _, call := range calls {
		if err = l.try(ctx, []dialect.Call{call}, arguments, accept); err == nil || l.isOver(ctx, err) {
			return err
		}
	}
	return err
}

// isListed reports whether the trial service is among the services.
func (l *learner) isListed(ctx context.Context) bool {
	call, known := l.spoken.Operations[dialect.List]
	if !known {
		_, listed := l.statusOfTrial(ctx)
		return listed
	}
	result, err := l.call(ctx, call, nil)
	if err != nil {
		return false
	}
	names, err := call.Texts(result)
	return err == nil && slices.Contains(names, l.options.Trial)
}

// cleanUp deletes the trial service if it is still there, and says so if that cannot be done.
func (l *learner) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	l.grant(mostAttempts)
	if call, known := l.spoken.Operations[dialect.Delete]; known {
		_ = l.try(ctx, []dialect.Call{call}, map[dialect.Argument]any{dialect.TheName: l.options.Trial}, func(dialect.Call, any) bool { return true })
	}
	if seen, err := l.options.Witness.Look(ctx, l.options.Trial, trialVariable); err == nil && seen.PID != 0 {
		l.miss("the service " + l.options.Trial + " could not be deleted, and stays until its container goes")
	}
}
