package learn

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// findLists finds the methods that list the services' names and their status, and the one that gives the status of one.
func (l *learner) findLists(ctx context.Context) bool {
	if len(l.options.Shipped) == 0 {
		return false
	}
	for _, operation := range []dialect.Operation{dialect.List, dialect.ListFull} {
		for candidate := range l.each(operation) {
			if _, known := l.spoken.Operations[operation]; known {
				break
			}
			_, hasList := l.spoken.Operations[dialect.List]
			if l.described == nil && hasList && !slices.Contains(l.inStyle(operation), candidate.name) && !slices.Contains(l.hints, candidate.name) {
				continue
			}
			call, ok := callWithout(candidate)
			if !ok {
				continue
			}
			if err := l.try(ctx, []dialect.Call{call}, nil, l.takeList); err != nil && l.isOver(ctx, err) {
				return len(l.spoken.Operations) > 0
			}
		}
	}
	l.forgetUnlisted(ctx)
	if l.isRouted() {
		l.learnUnknown(ctx) // it may be refused otherwise beside the list
	}
	l.findStatus(ctx)
	_, full := l.spoken.Operations[dialect.ListFull]
	_, names := l.spoken.Operations[dialect.List]
	_, status := l.spoken.Operations[dialect.StatusOf]
	return full || (names && status)
}

// forgetUnlisted forgets expected services that the image does not list.
func (l *learner) forgetUnlisted(ctx context.Context) {
	call, known := l.spoken.Operations[dialect.List]
	if !known {
		return
	}
	result, err := l.call(ctx, call, nil)
	if err != nil {
		return
	}
	if listed, err := call.Texts(result); err == nil {
		l.options.Shipped = slices.DeleteFunc(slices.Clone(l.options.Shipped), func(e Expected) bool { return !slices.Contains(listed, e.Service) })
	}
	if len(l.options.Shipped) == 0 {
		delete(l.spoken.Operations, dialect.List)
	}
}

func needsArguments(m method) bool {
	return slices.ContainsFunc(m.params, func(p parameter) bool { return p.required })
}

// callWithout returns the call of a method that is told of nothing; false if it has to be told of something.
func callWithout(m method) (dialect.Call, bool) {
	call := dialect.Call{Method: m.name}
	for _, p := range m.params {
		if !p.required {
			continue
		}
		value, ok := p.neutral()
		if !ok {
			return call, false
		}
		if call.Fixed == nil {
			call.Fixed = map[string]any{}
		}
		call.Fixed[p.name] = value
	}
	return call, true
}

// neutral returns a value of a parameter that says as little as possible; false if it is a text or a document of which nothing is known.
func (p parameter) neutral() (any, bool) {
	if value, given := p.schema["default"]; given {
		return value, true
	}
	switch p.schema["type"] {
	case "boolean":
		return false, true
	case "integer", "number":
		return 0.0, true
	case "array":
		return []any{}, true
	case "object":
		properties, _ := p.schema["properties"].(map[string]any)
		inner := map[string]any{}
		for key, schema := range properties {
			object, _ := schema.(map[string]any)
			value, ok := parameter{name: key, schema: object}.neutral()
			if !ok {
				return nil, false
			}
			inner[key] = value
		}
		return inner, len(properties) > 0
	}
	return nil, false
}

// isOver reports whether nothing more can be asked.
func (l *learner) isOver(ctx context.Context, err error) bool {
	answer := new(zinit.Error)
	return errors.Is(err, errTooMany) || (ctx.Err() != nil && !errors.As(err, &answer))
}

// takeList takes a result that lists the shipped services: names, or documents with a state.
func (l *learner) takeList(call dialect.Call, result any) bool {
	for _, at := range places(result, 2) {
		answer, _ := at.Get(result)
		call.Result = at
		switch v := answer.(type) {
		case []any:
			l.takeArray(call, v)
		case map[string]any:
			l.takeKeyed(call, v)
		}
	}
	return true // whatever it is, it is the method's answer
}

// places returns the paths of a result's objects and lists down to a depth, the outermost first.
func places(value any, depth int) []dialect.Path {
	found := []dialect.Path{nil}
	object, ok := value.(map[string]any)
	if !ok || depth == 0 {
		return found
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch object[key].(type) {
		case map[string]any, []any:
			for _, inner := range places(object[key], depth-1) {
				found = append(found, append(dialect.Path{key}, inner...))
			}
		}
	}
	return found
}

// unwrap returns the place of a document inside a result: it goes into an object that has but one object or list, and no name beside it.
func unwrap(result any) dialect.Path {
	var at dialect.Path
	for len(at) < deepestDocument {
		object, ok := result.(map[string]any)
		if !ok {
			return at
		}
		inner := ""
		for _, key := range slices.Sorted(maps.Keys(object)) {
			switch v := object[key].(type) {
			case map[string]any:
				if inner != "" {
					return at
				}
				inner = key
			case []any:
				return at
			case string:
				if nameScore("name", dialect.Path{key}) > 0 || strings.ContainsAny(v, "./") {
					return at
				}
			}
		}
		if inner == "" {
			return at
		}
		at, result = at.Join(inner), object[inner]
	}
	return at
}

// deepestDocument bounds how deep documents are looked into.
const deepestDocument = 8

func (l *learner) takeArray(call dialect.Call, list []any) {
	var texts, documents int
	entry := dialect.Path(nil)
	for _, one := range list {
		switch v := one.(type) {
		case string:
			if l.isShipped(v) {
				texts++
			}
		case map[string]any:
			if where, ok := l.nameIn(v); ok {
				documents++
				entry = where
			}
		}
	}
	switch {
	case l.isEnough(texts):
		l.take(dialect.List, call)
	case l.isEnough(documents):
		named := call
		named.Entry = entry
		l.take(dialect.List, named)
		if shape := learnStatus(list); shape != nil {
			shape["name"] = dialect.Member{At: entry}
			l.takeStatuses(call, shape)
		}
	}
}

// isEnough reports whether so many of the expected services are listed that a list is one of services.
func (l *learner) isEnough(listed int) bool { return listed > 0 && 2*listed >= len(l.options.Shipped) }

func (l *learner) takeKeyed(call dialect.Call, object map[string]any) {
	var documents []any
	for _, expected := range l.options.Shipped {
		if document, there := object[expected.Service]; there {
			documents = append(documents, document)
		}
	}
	if !l.isEnough(len(documents)) {
		return
	}
	call.Keyed = dialect.KeyedByName
	l.take(dialect.List, call)
	if shape := learnStatus(documents); shape != nil {
		shape["name"] = dialect.Member{At: dialect.Path{"hero_chaos_name"}} // the key is put there
		if at, named := l.nameInAny(documents[0]); named {
			shape["name"] = dialect.Member{At: at}
		}
		l.takeStatuses(call, shape)
	}
}

// take keeps the first call that was found for an operation.
func (l *learner) take(operation dialect.Operation, call dialect.Call) {
	if _, known := l.spoken.Operations[operation]; !known {
		l.spoken.Operations[operation] = call
		l.note(string(operation), Shipped)
	}
}

func (l *learner) takeStatuses(call dialect.Call, shape dialect.Shape) {
	if _, known := l.spoken.Operations[dialect.ListFull]; known {
		return
	}
	l.take(dialect.ListFull, call)
	l.note("status.name", Shipped)
	l.spoken.Documents[dialect.Status] = shape
}

func (l *learner) isShipped(name string) bool {
	return slices.ContainsFunc(l.options.Shipped, func(e Expected) bool { return e.Service == name })
}

// nameIn returns the place of a shipped service's name in a document.
func (l *learner) nameIn(document map[string]any) (dialect.Path, bool) {
	for _, leaf := range leaves(document) {
		if text, ok := leaf.value.(string); ok && l.isShipped(text) {
			return leaf.at, true
		}
	}
	return nil, false
}

// findStatus finds the method that gives the status of one service.
func (l *learner) findStatus(ctx context.Context) {
	if len(l.options.Shipped) == 0 {
		return
	}
	subject := l.options.Shipped[0].Service
	for candidate := range l.each(dialect.StatusOf) {
		err := l.try(ctx, l.callsAlike(candidate), map[dialect.Argument]any{dialect.TheName: subject}, func(call dialect.Call, result any) bool {
			call.Result = unwrap(result)
			document, _ := call.Result.Get(result)
			shape := learnStatus([]any{document})
			object, _ := document.(map[string]any)
			if shape == nil || (!hasProcess(object) && isDefinition(object, l.options.Shipped[0])) {
				return false
			}
			if where, ok := l.nameInAny(document); ok {
				shape["name"] = dialect.Member{At: where}
				l.note("status.name", Shipped)
			}
			l.takeStatusOf(call, shape)
			return true
		})
		if err == nil || l.isOver(ctx, err) {
			return
		}
	}
}

// callsAlike returns the ways in which a method may be told a name, as other methods are first.
func (l *learner) callsAlike(m method) []dialect.Call {
	if inPath := placeholderOf(m.name); inPath != "" {
		return callsByName(m)
	}
	calls := callsByName(m)
	for _, operation := range []dialect.Operation{dialect.StatusOf, dialect.GetService} {
		if known, ok := l.spoken.Operations[operation]; ok && !m.known {
			return slices.Insert(calls, 0, dialect.Call{Method: m.name, At: maps.Clone(known.At), Order: slices.Clone(known.Order)})
		}
	}
	return calls
}

func (l *learner) nameInAny(document any) (dialect.Path, bool) {
	object, ok := document.(map[string]any)
	if !ok {
		return nil, false
	}
	return l.nameIn(object)
}

func (l *learner) takeStatusOf(call dialect.Call, shape dialect.Shape) {
	known, there := l.spoken.Documents[dialect.Status]
	if there && known["state"].At.String() != shape["state"].At.String() {
		return // the one of the list has another form: one shape serves both
	}
	l.take(dialect.StatusOf, call)
	if !there {
		l.spoken.Documents[dialect.Status] = shape
	}
}

// argumentNames are the usual names of the parameter that names a service.
var argumentNames = []string{"name", "service", "id", "service_name", "serviceName", "unit", "svc"}

// inCaseOf returns names, and those of one word with a capital if the method's last part begins with one.
func inCaseOf(method string, names []string) []string {
	last := method[strings.LastIndexAny(method, "./:")+1:]
	if last == "" || !unicode.IsUpper([]rune(last)[0]) {
		return names
	}
	found := slices.Clone(names)
	for _, name := range names {
		if !strings.Contains(name, "_") {
			found = append(found, capital(name))
		}
	}
	return found
}

// callsByName returns the ways in which a method may be told a name.
func callsByName(m method) []dialect.Call {
	if inPath := placeholderOf(m.name); inPath != "" {
		return []dialect.Call{{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: {inPath}}}}
	}
	calls := describedCalls(m) // which may be wrong
	for _, name := range inCaseOf(m.name, argumentNames) {
		calls = append(calls, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: {name}}})
	}
	calls = append(calls, dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheName}})
	for _, wrapper := range []string{"request", "params", "args", "input", "properties"} {
		for _, name := range argumentNames[:3] {
			calls = append(calls, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: {wrapper, name}}})
		}
	}
	return calls
}

// describedCalls returns the ways in which a described method is told a name; none if it is not described, or takes none.
func describedCalls(m method) []dialect.Call {
	within, params := dialect.Path(nil), m.params
	if len(params) == 1 && params[0].isObject() { // what it is told is inside of an object
		within, params = dialect.Path{params[0].name}, params[0].properties()
	}
	at := slices.IndexFunc(params, func(p parameter) bool { return p.isText() && (p.required || len(params) == 1 || p.isCalledName()) })
	if at < 0 && len(within) > 0 {
		at = slices.IndexFunc(params, parameter.isText)
	}
	if at < 0 {
		return nil
	}
	call := dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: within.Join(params[at].name)}}
	listed := dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheName}}
	for i, p := range params {
		value, ok := p.neutral()
		if i == at || !p.required || !ok {
			continue
		}
		fixed := any(call.Fixed)
		if call.Fixed == nil {
			fixed = nil
		}
		fixed, _ = within.Join(p.name).Set(fixed, value)
		call.Fixed, _ = fixed.(map[string]any)
		if i > at {
			listed.Rest = append(listed.Rest, value)
		}
	}
	if len(within) > 0 {
		return []dialect.Call{call}
	}
	return []dialect.Call{call, listed}
}

// properties returns the members of an object as parameters.
func (p parameter) properties() []parameter {
	properties, _ := p.schema["properties"].(map[string]any)
	required, _ := p.schema["required"].([]any)
	var found []parameter
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		schema, _ := properties[key].(map[string]any)
		found = append(found, parameter{name: key, required: slices.Contains(required, any(key)), schema: schema})
	}
	return found
}

func (p parameter) isCalledName() bool {
	return nameScore("name", dialect.Path{p.name}) > 0 || nameScore("service", dialect.Path{p.name}) > 0
}

// isText reports whether a parameter may be a name: nothing says that it is something else.
func (p parameter) isText() bool {
	kind, given := p.schema["type"]
	return !p.isObject() && (!given || kind == "string") && nameScore("signal", dialect.Path{p.name}) == 0
}

// findOrders takes the orders by their names alone; the trial confirms them. Where a status is asked by name, orders are told it likewise.
func (l *learner) findOrders() {
	for _, operation := range []dialect.Operation{dialect.Start, dialect.Stop, dialect.Restart, dialect.Kill, dialect.Delete, dialect.Ping} {
		candidates := l.candidates(operation)
		if l.described == nil || len(candidates) == 0 {
			continue
		}
		best := candidates[0]
		if operation == dialect.Ping {
			if !needsArguments(best) {
				l.spoken.Operations[operation] = dialect.Call{Method: best.name}
				l.note(string(operation), Guessed)
			}
			continue
		}
		call := l.alike(best)
		if operation == dialect.Kill {
			l.addSignal(&call, best)
		}
		l.spoken.Operations[operation] = call
		l.note(string(operation), Guessed)
	}
}

// alike returns a call of a method that is told a name as the status is.
func (l *learner) alike(m method) dialect.Call {
	if placeholderOf(m.name) != "" {
		return callsByName(m)[0]
	}
	if calls := describedCalls(m); len(calls) > 0 {
		if known, ok := l.spoken.Operations[dialect.StatusOf]; ok && len(known.Order) > 0 && len(calls) > 1 {
			return calls[len(calls)-1]
		}
		return calls[0]
	}
	if known, ok := l.spoken.Operations[dialect.StatusOf]; ok {
		return dialect.Call{Method: m.name, At: maps.Clone(known.At), Order: slices.Clone(known.Order)}
	}
	if known, ok := l.spoken.Operations[dialect.GetService]; ok {
		return dialect.Call{Method: m.name, At: maps.Clone(known.At), Order: slices.Clone(known.Order)}
	}
	return callsByName(m)[0]
}

// addSignal adds the place of a signal to the call that kills.
func (l *learner) addSignal(call *dialect.Call, m method) {
	if len(call.Order) > 0 {
		call.Order = append(call.Order, dialect.TheSignal)
		for _, p := range m.params {
			if nameScore("signal", dialect.Path{p.name}) > 0 {
				call.SignalForm = signalForm(p.schema)
			}
		}
		return
	}
	params, within := m.params, dialect.Path(nil)
	if at := call.At[dialect.TheName]; len(at) > 1 {
		within = at[:len(at)-1]
		if len(params) == 1 {
			params = params[0].properties()
		}
	}
	name := "signal"
	for _, p := range params {
		if nameScore("signal", dialect.Path{p.name}) > 0 && within.Join(p.name).String() != call.At[dialect.TheName].String() {
			name = p.name
			call.SignalForm = signalForm(p.schema)
		}
	}
	call.At[dialect.TheSignal] = within.Join(name)
}

// signalForm returns how a described parameter writes a signal.
func signalForm(schema map[string]any) dialect.Form {
	if schema["type"] == "integer" || schema["type"] == "number" {
		return dialect.Numeric
	}
	values, _ := schema["enum"].([]any)
	for _, value := range values {
		switch value {
		case "TERM", "KILL":
			return dialect.Short
		case "term", "kill":
			return dialect.Lower
		}
	}
	return ""
}

// learnStatus returns the shape of statuses of services that run; nil if they are none.
func learnStatus(documents []any) dialect.Shape {
	if len(documents) == 0 {
		return nil
	}
	first, ok := documents[0].(map[string]any)
	if !ok {
		return nil
	}
	shape := dialect.Shape{}
	for _, leaf := range leaves(first) {
		score := nameScore("state", leaf.at)
		if text, isText := leaf.value.(string); isText && isRunning(text) && (score > 0 || shape["state"].At == nil) {
			if current, there := shape["state"]; !there || nameScore("state", current.At) < score {
				shape["state"] = dialect.Member{At: leaf.at, Words: stateWords(text)}
			}
		}
		if runs, isFlag := leaf.value.(bool); isFlag && runs && shape["state"].At == nil && isRunning(leaf.at[len(leaf.at)-1]) {
			shape["state"] = dialect.Member{At: leaf.at, Words: map[string]any{"running": true}} // what the other value means is not known
		}
		if at, word, tagged := runningTag(leaf.at); tagged && nameScore("state", at) > 0 && shape["state"].At == nil {
			shape["state"] = dialect.Member{At: at, Words: stateWords(word)}
		}
		if pid, isNumber := leaf.value.(float64); isNumber && pid > 1 && nameScore("pid", leaf.at) > 0 {
			if current, there := shape["pid"]; !there || nameScore("pid", current.At) < nameScore("pid", leaf.at) {
				shape["pid"] = dialect.Member{At: leaf.at}
			}
		}
	}
	if _, ok := shape["state"]; !ok {
		addNumberedState(shape, leaves(first))
	}
	if _, ok := shape["state"]; !ok {
		return nil
	}
	addByName(shape, dialect.Status, leaves(first), "health", "restarts", "error")
	return shape
}

// addNumberedState adds a state that is a number: that of a service that runs. Whether it is another one for a service that does not, the trial shows.
func addNumberedState(shape dialect.Shape, found []leaf) {
	best, score := leaf{}, 0
	for _, one := range found {
		if s := nameScore("state", one.at); isNumber(one.value) && s > score && one.at.String() != shape["pid"].At.String() {
			best, score = one, s
		}
	}
	if score > 0 {
		shape["state"] = dialect.Member{At: best.at, Words: map[string]any{"running": best.value}}
	}
}

// runningTag finds a word for a running service in the place of a leaf: {"state": {"Running": {"pid": 7}}}, as Rust writes a variant that has members.
func runningTag(at dialect.Path) (state dialect.Path, word string, found bool) {
	for i := 1; i < len(at); i++ {
		if isRunning(at[i]) {
			return at[:i], at[i], true
		}
	}
	return nil, "", false
}

// isRunning reports whether a word says that a service runs.
func isRunning(word string) bool {
	words := tokens(word)
	return slices.ContainsFunc([]string{"running", "up", "active", "online", "started", "alive", "run"}, func(w string) bool { return slices.Contains(words, w) })
}

// stateWords returns a table of words if a running service is not called "running".
func stateWords(running string) map[string]any {
	if len(tokens(running)) == 1 && tokens(running)[0] == "running" {
		return nil
	}
	return map[string]any{
		"running": running, "inactive": "inactive", "blocked": "blocked", "starting": "starting", "stopping": "stopping", "exited": "exited", "failed": "failed",
	}
}

// addByName adds members to a shape by the names of their leaves alone, if one fits best.
func addByName(shape dialect.Shape, document dialect.Document, found []leaf, members ...string) {
	used := map[string]bool{}
	for _, member := range shape {
		used[member.At.String()] = true
	}
	for _, name := range members {
		best, score := leaf{}, 0
		for _, one := range found {
			known, _ := dialect.MemberOf(document, name)
			if s := nameScore(name, one.at); s > score && !used[one.at.String()] && fits(known, one.value) {
				best, score = one, s
			}
		}
		if score > 0 {
			shape[name] = dialect.Member{At: best.at, Form: formOf(document, name, best, nil), Lenient: true}
			used[best.at.String()] = true
		}
	}
}

// leaf is a value of a document that is no object.
type leaf struct {
	at    dialect.Path
	value any
}

// leaves returns the leaves of a document in a fixed order. An object of a known duration, and an empty one, is a leaf.
func leaves(document map[string]any) []leaf {
	var found []leaf
	var walk func(at dialect.Path, value any)
	walk = func(at dialect.Path, value any) {
		object, ok := value.(map[string]any)
		if !ok || len(object) == 0 || len(at) >= deepestDocument || isSecsNanos(object) || isPairs(at, object) {
			found = append(found, leaf{at, value})
			return
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			walk(at.Join(key), object[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(document)) {
		walk(dialect.Path{key}, document[key])
	}
	return found
}

func isSecsNanos(object map[string]any) bool {
	_, err := (dialect.Shape{"timeout": {At: dialect.Path{"d"}, Form: dialect.SecsNanos}}).Decode(dialect.Action, map[string]any{"d": object})
	return err == nil
}

// isPairs reports whether an object holds environment variables.
func isPairs(at dialect.Path, object map[string]any) bool {
	for _, value := range object {
		if _, isText := value.(string); !isText {
			return false
		}
	}
	return nameScore("env", at) > 0
}

// expectedDuration returns a duration among expected values.
func expectedDuration(values dialect.Values, name string) (time.Duration, bool) {
	d, ok := values[name].(time.Duration)
	return d, ok && d > 0
}
