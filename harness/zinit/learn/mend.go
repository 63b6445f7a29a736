package learn

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// attempt is a call that may be the right one.
type attempt struct {
	call dialect.Call
	// told says that an error reply named the place of the call's first argument, and depth how many error replies led to the call.
	told  bool
	depth int
}

// The limits of learning from the error replies of one method.
const (
	deepestMend  = 4
	mostAttempts = 180
)

// try makes calls of one method until one is accepted. An error reply that names what it misses leads to further calls. It returns the last
// error, nil if a call was accepted.
func (l *learner) try(ctx context.Context, calls []dialect.Call, arguments map[dialect.Argument]any, accept func(dialect.Call, any) bool) error {
	return l.tryUnless(ctx, calls, arguments, accept, func(error) bool { return false })
}

// tryUnless does the same as try, and ends at an error that is to be abandoned.
func (l *learner) tryUnless(ctx context.Context, calls []dialect.Call, arguments map[dialect.Argument]any, accept func(dialect.Call, any) bool,
	abandon func(error) bool,
) error {
	queue := make([]attempt, 0, len(calls))
	for _, call := range calls {
		queue = append(queue, attempt{call: call})
	}
	tried := map[string]bool{}
	last := errors.New("no call of it has an answer that is understood")
	for made := 0; len(queue) > 0 && made < mostAttempts; {
		one := queue[0]
		queue = queue[1:]
		key, _ := json.Marshal(one.call)
		if tried[string(key)] {
			continue
		}
		tried[string(key)] = true
		made++
		if absent, isAbsent := l.absent[one.call.Method]; isAbsent {
			return absent
		}
		given := maps.Clone(arguments)
		maps.DeleteFunc(given, func(a dialect.Argument, _ any) bool { return !one.call.Takes(a) })
		result, err := l.call(ctx, one.call, given)
		if err == nil {
			if accept(one.call, result) {
				return nil
			}
			continue
		}
		if l.isUnknown(one.call.Method, err) {
			if !l.isRouted() { // what a path does not have, another service's may
				l.absent[one.call.Method] = err
			}
			return err
		}
		if l.isOver(ctx, err) || abandon(err) {
			return err
		}
		last = err
		queue = append(mend(one, given, err), queue...)
		if _, spare := arguments[dialect.TheName]; spare && !one.call.Takes(dialect.TheName) {
			queue = append(nameBeside(one, given, err), queue...)
		}
	}
	return last
}

// mend returns calls that may do better than one that was refused, the likeliest first.
func mend(refused attempt, arguments map[dialect.Argument]any, err error) []attempt {
	answer := new(zinit.Error)
	if !errors.As(err, &answer) || refused.depth >= deepestMend {
		return nil
	}
	text := answer.Message
	further := func(call dialect.Call, told bool) attempt { return attempt{call, told, refused.depth + 1} }
	var better []attempt
	if wantsList(text) && len(refused.call.Order) == 0 && refused.call.Rest == nil {
		return append(better, further(byPosition(refused.call), true))
	}
	if _, signals := arguments[dialect.TheSignal]; signals && refused.call.SignalForm == "" && isAboutValue(text) {
		for _, form := range []dialect.Form{dialect.Short, dialect.Lower, dialect.Numeric} {
			call := copyCall(refused.call)
			call.SignalForm = form
			better = append(better, further(call, refused.told))
		}
	}
	if value, wrong := otherValue(refused.call, text); wrong {
		better = append(better, further(value, true))
	}
	fields := fieldsNamed(text, refused.call, arguments)
	if document, ok := arguments[dialect.TheDocument].(map[string]any); ok {
		for _, field := range fields {
			if at, named := refused.call.At[dialect.TheDocument]; named && len(at) > 0 && document[field] != nil { // it looks for our members beside the document
				whole := copyCall(refused.call)
				whole.At = map[dialect.Argument]dialect.Path{dialect.TheDocument: at[:len(at)-1]}
				return append(better, further(whole, true))
			}
		}
	}
	if argument, unknown := unknownArgument(text, refused.call); unknown {
		for _, field := range fields {
			better = append(better, further(renamedArgument(refused.call, argument, field), true))
		}
		if argument == dialect.TheLimit {
			without := copyCall(refused.call)
			delete(without.At, argument)
			better = append(better, further(without, true))
		}
		return better
	}
	for _, field := range fields {
		if len(refused.call.Order) > 0 || refused.call.Rest != nil {
			call := copyCall(refused.call)
			call.Rest = append(call.Rest, false)
			better = append(better, further(call, true))
			break
		}
		if !refused.told {
			better = append(better, further(renamed(refused.call, field), true))
		}
		more := copyCall(refused.call)
		more.Fixed = maps.Clone(more.Fixed)
		if more.Fixed == nil {
			more.Fixed = map[string]any{}
		}
		at, _ := fixedAt(more, field).Set(any(more.Fixed), false)
		more.Fixed, _ = at.(map[string]any)
		better = append(better, insidePlaceholders(refused, field)...)
		wrapped := further(within(refused.call, field), refused.told)
		if refused.told {
			better = append(better, further(more, true), wrapped)
		} else {
			better = append(better, wrapped, further(more, false))
		}
	}
	return better
}

// insidePlaceholders returns calls with a further parameter inside of one that was sent without a meaning, as an error has missed it: it may be an object.
func insidePlaceholders(refused attempt, field string) []attempt {
	var better []attempt
	for _, key := range slices.Sorted(maps.Keys(refused.call.Fixed)) {
		inner, isObject := refused.call.Fixed[key].(map[string]any)
		if !isObject && refused.call.Fixed[key] != false {
			continue
		}
		call := copyCall(refused.call)
		within := maps.Clone(inner)
		if within == nil {
			within = map[string]any{}
		}
		within[field] = false
		call.Fixed[key] = within
		better = append(better, attempt{call, refused.told, refused.depth + 1})
	}
	return better
}

// nameBeside returns calls that say the name as well, where an error misses a parameter beside the document.
func nameBeside(refused attempt, arguments map[dialect.Argument]any, err error) []attempt {
	answer := new(zinit.Error)
	if at := refused.call.At[dialect.TheDocument]; !errors.As(err, &answer) || len(at) == 0 || refused.depth >= deepestMend {
		return nil
	}
	var better []attempt
	for _, field := range fieldsNamed(answer.Message, refused.call, arguments) {
		call := copyCall(refused.call)
		call.At[dialect.TheName] = fixedAt(call, field)
		better = append(better, attempt{call, true, refused.depth + 1})
	}
	return better
}

// fixedAt returns the place of a further parameter: beside the others.
func fixedAt(call dialect.Call, field string) dialect.Path {
	for _, argument := range slices.Sorted(maps.Keys(call.At)) {
		if at := call.At[argument]; len(at) > 1 {
			return at[:len(at)-1].Join(field)
		}
	}
	return dialect.Path{field}
}

// byPosition returns a call with its arguments in a list: what it is about first.
func byPosition(call dialect.Call) dialect.Call {
	listed := dialect.Call{Method: call.Method, SignalForm: call.SignalForm}
	for _, argument := range []dialect.Argument{dialect.TheName, dialect.TheDocument, dialect.TheSignal, dialect.TheLimit} {
		if call.Takes(argument) {
			listed.Order = append(listed.Order, argument)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(call.Fixed)) {
		listed.Rest = append(listed.Rest, call.Fixed[key])
	}
	return listed
}

// unknownArgument returns the argument whose name an error says is unknown.
func unknownArgument(text string, call dialect.Call) (dialect.Argument, bool) {
	lower := strings.ToLower(text)
	if !slices.ContainsFunc([]string{"unknown", "unexpected", "unrecognized", "not allowed", "additional"}, func(w string) bool { return strings.Contains(lower, w) }) {
		return "", false
	}
	first := quotedWord.FindStringSubmatch(text)
	for _, argument := range slices.Sorted(maps.Keys(call.At)) {
		if at := call.At[argument]; first != nil && len(at) > 0 && at[len(at)-1] == first[1] {
			return argument, true
		}
	}
	return "", false
}

// renamedArgument returns a call with another name of one argument.
func renamedArgument(call dialect.Call, argument dialect.Argument, field string) dialect.Call {
	other := copyCall(call)
	at := other.At[argument]
	other.At[argument] = at[:len(at)-1].Join(field)
	return other
}

// renamed returns a call whose first argument has another name.
func renamed(call dialect.Call, field string) dialect.Call {
	other := copyCall(call)
	for _, argument := range []dialect.Argument{dialect.TheName, dialect.TheDocument} {
		if at, there := other.At[argument]; there && !at.IsInRoute() {
			if len(at) == 0 {
				other.At[argument] = dialect.Path{field}
			} else {
				other.At[argument] = at[:len(at)-1].Join(field)
			}
			return other
		}
	}
	return other
}

// within returns a call whose parameters are all inside a member.
func within(call dialect.Call, field string) dialect.Call {
	inner := copyCall(call)
	for argument, at := range inner.At {
		if at.IsInRoute() {
			continue
		}
		inner.At[argument] = dialect.Path{field}.Join(at...)
	}
	if call.Fixed != nil {
		inner.Fixed = map[string]any{field: call.Fixed}
	}
	return inner
}

func copyCall(call dialect.Call) dialect.Call {
	call.At = maps.Clone(call.At)
	call.Order = slices.Clone(call.Order)
	call.Rest = slices.Clone(call.Rest)
	call.Fixed, _ = deepCopy(call.Fixed).(map[string]any)
	return call
}

// otherValue returns the call with a further parameter of another type, if an error says that it has the wrong one.
func otherValue(call dialect.Call, text string) (dialect.Call, bool) {
	lower := strings.ToLower(text)
	if !strings.Contains(lower, "bool") {
		return call, false
	}
	value := any(nil)
	switch {
	case strings.Contains(lower, "string"):
		value = ""
	case strings.Contains(lower, "u64"), strings.Contains(lower, "i64"), strings.Contains(lower, "integer"), strings.Contains(lower, "number"):
		value = 0.0
	case strings.Contains(lower, "sequence"), strings.Contains(lower, "array"):
		value = []any{}
	case strings.Contains(lower, "map"), strings.Contains(lower, "object"):
		value = map[string]any{}
	default:
		return call, false
	}
	other := copyCall(call)
	for i := range other.Rest {
		if other.Rest[i] == false {
			other.Rest[i] = value
			return other, true
		}
	}
	return other, replaceFalse(other.Fixed, value)
}

// replaceFalse replaces the first false of an object.
func replaceFalse(object map[string]any, value any) bool {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if inner, isObject := object[key].(map[string]any); isObject && replaceFalse(inner, value) {
			return true
		}
		if object[key] == false {
			object[key] = value
			return true
		}
	}
	return false
}

// wantsList reports whether an error says that parameters have to come in a list.
func wantsList(text string) bool {
	words := tokens(text)
	for i, word := range words {
		if slices.Contains([]string{"sequence", "array", "tuple", "list", "positional"}, word) && slices.ContainsFunc(words[:i], func(w string) bool {
			return w == "expected" || w == "expect" || w == "must" || w == "want" || w == "need" || w == "should"
		}) {
			return true
		}
	}
	return false
}

// isAboutValue reports whether an error says that a value has another form.
func isAboutValue(text string) bool {
	words := tokens(text)
	return slices.ContainsFunc([]string{"type", "signal", "variant", "invalid", "value", "expected"}, func(w string) bool { return slices.Contains(words, w) })
}

// The ways in which an error names a member or a method.
var (
	quotedWord = regexp.MustCompile("[`'\"]([A-Za-z_][A-Za-z0-9_.:/-]*)[`'\"]")
	fieldWord  = regexp.MustCompile(`(?i)\b(?:field|parameter|param|argument|arg|member|property|key)s?:?\s+["'` + "`" + `]?([A-Za-z_][A-Za-z0-9_.]*)`)
	wantedWord = regexp.MustCompile(`(?i)\b([A-Za-z_][A-Za-z0-9_.]*)["'` + "`" + `]?\s+(?:is|are|was)\s+(?:required|missing|mandatory|needed|absent)`)
)

// fieldsNamed returns the members that an error names and that a call does not have.
func fieldsNamed(text string, call dialect.Call, arguments map[dialect.Argument]any) []string {
	taken := map[string]bool{call.Method: true}
	for _, at := range call.At {
		for _, key := range at {
			taken[key] = true
		}
	}
	for key := range call.Fixed {
		taken[key] = true
	}
	for _, value := range arguments {
		if word, isText := value.(string); isText {
			taken[word] = true
		}
	}
	for _, word := range []string{"is", "are", "name:", "required", "missing", "of", "in", "must", "null", "string", "params", "not"} {
		taken[word] = true
	}
	sent, _ := json.Marshal(slices.Collect(maps.Values(arguments)))
	const most = 3
	var found []string
	for _, pattern := range []*regexp.Regexp{fieldWord, wantedWord, quotedWord} {
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			word := strings.TrimSuffix(match[1], ".")
			isOurs := pattern == quotedWord && strings.Contains(string(sent), strconv.Quote(word)) // an error that repeats what it was sent
			if len(found) < most && !isOurs && !taken[word] {
				taken[word] = true
				found = append(found, word)
			}
		}
	}
	return found
}

// methodsNamed returns names that an error reply holds, in its message or beside it, but for the one that was asked for.
func methodsNamed(answer *zinit.Error, asked string) []string {
	var found []string
	add := func(word string) {
		if word != asked && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	for _, match := range quotedWord.FindAllStringSubmatch(answer.Message, -1) {
		add(match[1])
	}
	var data any
	if json.Unmarshal(answer.Data, &data) == nil {
		for _, text := range textsIn(data, 0) {
			add(text)
		}
	}
	return found
}

// textsIn returns the texts of the lists inside a value.
func textsIn(value any, depth int) []string {
	const deepest = 4
	if depth > deepest {
		return nil
	}
	var found []string
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			if text, isText := entry.(string); isText {
				found = append(found, text)
			} else {
				found = append(found, textsIn(entry, depth+1)...)
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			found = append(found, textsIn(v[key], depth+1)...)
		}
	}
	return found
}

// learnUnknown learns how the supervisor says that it has no such method. It may name those that it has.
func (l *learner) learnUnknown(ctx context.Context) {
	names := nonsense
	if l.isRouted() {
		names = l.nonsenseRoutes()
	}
	for _, name := range names {
		_, err := l.ask(ctx, l.spoken.Transport, name, nil)
		answer := new(zinit.Error)
		if !errors.As(err, &answer) {
			continue
		}
		l.unknown[name] = *answer
		const fewest = 4
		if names := methodsNamed(answer, name); len(names) >= fewest && !l.listed {
			for _, name := range names {
				l.described = append(l.described, method{name: name})
			}
			l.listed = true
		}
	}
}

// isUnknown reports whether an error says that there is no such method, whatever its parameters. It remembers the methods that such an error names.
func (l *learner) isUnknown(asked string, err error) bool {
	answer := new(zinit.Error)
	if !errors.As(err, &answer) || !l.saysUnknown(asked, answer) {
		return false
	}
	for _, name := range methodsNamed(answer, asked) {
		if !l.listed && !slices.Contains(l.hints, name) {
			l.hints = append(l.hints, name)
		}
	}
	return true
}

// codeNoMethod is JSON-RPC's own code for a method that does not exist.
const codeNoMethod = -32601

func (l *learner) saysUnknown(asked string, answer *zinit.Error) bool {
	if l.isRouted() && (answer.Code == http.StatusMethodNotAllowed || answer.Code == http.StatusNotImplemented) {
		return true
	}
	for name, known := range l.unknown {
		if answer.Code == known.Code && (answer.Code == codeNoMethod || saysAlike(answer.Message, asked, known.Message, name)) {
			return true
		}
	}
	lower := strings.ToLower(answer.Message)
	return strings.Contains(answer.Message, asked) && slices.ContainsFunc([]string{"method", "did you mean", "procedure"}, func(w string) bool { return strings.Contains(lower, w) })
}

// saysAlike reports whether two messages say the same of two names: the words before the names are the same, or all if they do not name them.
func saysAlike(message, name, other, otherName string) bool {
	before, _, named := strings.Cut(message, name)
	otherBefore, _, otherNamed := strings.Cut(other, otherName)
	if named != otherNamed {
		return false
	}
	return before == otherBefore
}
