package learn

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// httpPaths are where a supervisor is asked by HTTP.
var httpPaths = []string{"/", "/rpc", "/jsonrpc", "/api", "/api/rpc", "/v1/rpc", "/zinit"}

// descriptions are names of the method that describes all others, the usual one first.
var descriptions = []string{
	"rpc.discover", "rpc_discover", "rpcDiscover", "system.discover", "discover", "rpc.describe", "system.describe", "describe",
	"openrpc", "rpc.schema", "schema", "system.schema", "system.methods", "rpc.methods", "methods", "system.listMethods", "help",
}

// findTransport finds a framing that gets an answer of JSON-RPC, be it an error. All are tried at once: a supervisor that waits for the rest of a
// document is silent. The first of the list wins.
func (l *learner) findTransport(ctx context.Context) bool {
	transports := l.transports()
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	answered, onlyHTTP := make([]bool, len(transports)), make([]bool, len(transports))
	someAnswered := make(chan struct{})
	var once sync.Once
	var httpLeft atomic.Int64
	var isHTTP atomic.Bool
	for _, transport := range transports {
		if transport.Framing == dialect.HTTP {
			httpLeft.Add(1)
		}
	}
	var asking sync.WaitGroup
	for i, transport := range transports {
		asking.Go(func() {
			name := descriptions[0]
			if transport.Framing == dialect.Routes {
				name = "GET /"
			}
			_, err := l.ask(ctx, transport, name, nil)
			if answer := new(zinit.Error); err == nil || errors.As(err, &answer) {
				answered[i] = true
				once.Do(func() { close(someAnswered) })
			}
			if onlyHTTP[i] = errors.Is(err, zinit.ErrOnlyHTTP); onlyHTTP[i] {
				isHTTP.Store(true)
			}
			if transport.Framing == dialect.HTTP && httpLeft.Add(-1) == 0 && isHTTP.Load() {
				once.Do(func() { close(someAnswered) }) // what answers by HTTP is silent in other framings
			}
		})
	}
	all := make(chan struct{})
	go func() {
		asking.Wait()
		close(all)
	}()
	select {
	case <-someAnswered:
		select { // an earlier one may follow
		case <-time.After(furtherAnswerTimeout):
		case <-all:
		}
	case <-all:
	}
	cancel()
	<-all
	for i, transport := range transports {
		if answered[i] {
			l.spoken.Transport = transport
			return true
		}
	}
	for i, transport := range transports {
		if onlyHTTP[i] && !slices.Contains(l.httpPorts, transport.Port) {
			l.httpPorts = append(l.httpPorts, transport.Port)
		}
	}
	return l.nextPort()
}

// nextPort goes to the next port at which HTTP is answered that is no JSON-RPC: each method may have a route.
func (l *learner) nextPort() bool {
	if len(l.httpPorts) == 0 {
		return false
	}
	l.spoken.Transport = dialect.Transport{Framing: dialect.Routes, Port: l.httpPorts[0]}
	l.httpPorts = l.httpPorts[1:]
	return true
}

// envelopeTimeout bounds the wait for an answer to a request in another form: who understands it answers at once.
const envelopeTimeout = 700 * time.Millisecond

// furtherAnswerTimeout bounds the wait for other framings after one answered.
const furtherAnswerTimeout = 300 * time.Millisecond

// transports returns what is tried: every framing at the socket, then at each port.
func (l *learner) transports() []dialect.Transport {
	if len(l.options.Transports) > 0 {
		return l.options.Transports
	}
	var all []dialect.Transport
	for _, port := range append([]int{0}, l.options.Ports...) {
		for _, framing := range []dialect.Framing{dialect.Line, dialect.ContentLength, dialect.LengthPrefix} {
			all = append(all, dialect.Transport{Framing: framing, Port: port})
		}
		for _, path := range httpPaths {
			all = append(all, dialect.Transport{Framing: dialect.HTTP, Path: path, Port: port})
		}
		all = append(all, dialect.Transport{Framing: dialect.Bare, Port: port})
	}
	return all
}

// nonsense are methods that no supervisor has, of no noun and of the usual one.
var nonsense = []string{"hero_chaos.no_such_method", "service.hero_chaos_no_such_method"}

// method is a method as the supervisor describes it.
type method struct {
	name   string
	params []parameter
	known  bool // whether the parameters are described
}

type parameter struct {
	name     string
	required bool
	schema   map[string]any
}

// describe asks for the supervisor's own description of its methods.
func (l *learner) describe(ctx context.Context) {
	if l.isRouted() {
		l.describeRoutes(ctx)
		return
	}
	for _, name := range descriptions {
		result, err := l.ask(ctx, l.spoken.Transport, name, nil)
		if err != nil {
			continue
		}
		if found := readMethods(result, result, 0); len(found) > 0 {
			l.described = found
			l.spoken.Operations[dialect.Discover] = dialect.Call{Method: name}
			return
		}
	}
}

// readMethods finds a list of methods in a description: objects with a name, or names. root resolves references.
func readMethods(value, root any, depth int) []method {
	const deepest = 4
	if depth > deepest {
		return nil
	}
	switch v := value.(type) {
	case []any:
		return methodsOf(v, root)
	case map[string]any:
		if found := readMethods(v["methods"], root, depth+1); len(found) > 1 {
			return found
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if found := readMethods(v[key], root, depth+1); len(found) > 1 && key != "components" {
				return found
			}
		}
	}
	return nil
}

func methodsOf(list []any, root any) []method {
	var found []method
	for _, entry := range list {
		switch v := entry.(type) {
		case string:
			found = append(found, method{name: v})
		case map[string]any:
			name, ok := v["name"].(string)
			if !ok {
				return nil
			}
			one := method{name: name}
			if listed, described := v["params"].([]any); described {
				one.known = true
				for _, param := range listed {
					one.params = append(one.params, parameterOf(param, root))
				}
			}
			found = append(found, one)
		default:
			return nil
		}
	}
	return found
}

func parameterOf(value, root any) parameter {
	object := resolve(value, root, 0)
	name, _ := object["name"].(string)
	required, _ := object["required"].(bool)
	schema := maps.Clone(resolve(object["schema"], root, 0))
	if properties, ok := schema["properties"].(map[string]any); ok {
		resolved := map[string]any{}
		for key, inner := range properties {
			resolved[key] = resolve(inner, root, 0)
		}
		schema["properties"] = resolved
	}
	return parameter{name: name, required: required, schema: schema}
}

// resolve follows a reference inside the description, and takes the first object of an alternative.
func resolve(value, root any, depth int) map[string]any {
	const deepest = 8
	object, _ := value.(map[string]any)
	if depth > deepest || object == nil {
		return map[string]any{}
	}
	if reference, ok := object["$ref"].(string); ok {
		target := root
		for _, key := range strings.Split(strings.TrimPrefix(reference, "#/"), "/") {
			inner, _ := target.(map[string]any)
			target = inner[key]
		}
		return resolve(target, root, depth+1)
	}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		alternatives, _ := object[key].([]any)
		for _, alternative := range alternatives {
			if one := resolve(alternative, root, depth+1); len(one) > 0 && one["type"] != "null" {
				return one
			}
		}
	}
	return object
}

// isObject reports whether a parameter takes a document.
func (p parameter) isObject() bool {
	return p.schema["type"] == "object" || p.schema["properties"] != nil
}

// candidates returns the methods that may be an operation, the best first. Described ones win; without a description the usual names are tried.
func (l *learner) candidates(operation dialect.Operation) []method {
	if l.described != nil {
		return l.scoredFor(operation, l.described)
	}
	var hinted, guesses []method
	for _, name := range l.hints {
		hinted = append(hinted, method{name: name})
	}
	names := l.inStyle(operation)
	if !l.isRouted() {
		names = slices.Concat(names, guessNames(operation), namespaced(operation))
	}
	for _, name := range names {
		guesses = append(guesses, method{name: name})
	}
	return append(l.scoredFor(operation, hinted), guesses...)
}

// each returns the candidates of an operation, and those that error replies have named meanwhile.
func (l *learner) each(operation dialect.Operation) iter.Seq[method] {
	return func(yield func(method) bool) {
		seen := map[string]bool{}
		for again := true; again; {
			again = false
			before := len(l.hints)
			for _, one := range l.candidates(operation) {
				if seen[one.name] {
					continue
				}
				seen[one.name] = true
				if !yield(one) {
					return
				}
				if len(l.hints) > before { // what the supervisor names comes before what is guessed
					again = true
					break
				}
			}
		}
	}
}

// scoredFor returns the methods whose names say an operation, the best first.
func (l *learner) scoredFor(operation dialect.Operation, methods []method) []method {
	type scored struct {
		method
		score int
	}
	var found []scored
	for _, one := range methods {
		if score := l.scoreOf(operation, one.name); score > 0 {
			found = append(found, scored{one, score})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return b.score - a.score })
	best := make([]method, 0, len(found))
	for _, one := range found {
		best = append(best, one.method)
	}
	return best
}

// scoreOf returns how well a method's name says an operation. A noun that nobody knows is the service's if the method that lists the services has
// it, else it may be any other.
func (l *learner) scoreOf(operation dialect.Operation, name string) int {
	name = spokenName(name)
	score := methodScore(operation, name)
	words := tokens(name)
	meant := meanings[operation].noun
	if nounOf(words, meant) != "" || len(l.serviceNouns()) == 0 {
		return score
	}
	isService := slices.ContainsFunc(words, func(word string) bool { return slices.Contains(l.serviceNouns(), word) })
	const little, more = 5, 15
	switch {
	case score > 0 && meant == "service" && isService:
		return score + more
	case score == 0 && meant != "service" && meant != "" && !isService && len(words) > 1 && hasVerb(operation, words):
		return little
	}
	return score
}

// serviceNouns returns the words of the method that lists the services, without its verbs.
func (l *learner) serviceNouns() []string {
	known, ok := l.spoken.Operations[dialect.List]
	if !ok {
		return nil
	}
	return slices.DeleteFunc(tokens(spokenName(known.Method)), func(word string) bool {
		return hasVerb(dialect.List, []string{word}) || hasVerb(dialect.ListFull, []string{word}) || nounOf([]string{word}, "") != ""
	})
}

// hasVerb reports whether a verb of an operation is among words.
func hasVerb(operation dialect.Operation, words []string) bool {
	return slices.ContainsFunc(meanings[operation].verbs, func(verb string) bool {
		return slices.ContainsFunc(verbs[verb], func(word string) bool { return slices.Contains(words, word) })
	})
}

// meanings are the noun and the verbs of each operation.
var meanings = map[dialect.Operation]struct {
	noun  string
	verbs []string
}{
	dialect.Ping:       {"", []string{"ping"}},
	dialect.SetService: {"service", []string{"set"}}, dialect.GetService: {"service", []string{"get"}}, dialect.Delete: {"service", []string{"delete"}},
	dialect.List: {"service", []string{"list"}}, dialect.ListFull: {"service", []string{"full", "list"}}, dialect.StatusOf: {"service", []string{"status"}},
	dialect.Start: {"service", []string{"start"}}, dialect.Stop: {"service", []string{"stop"}}, dialect.Restart: {"service", []string{"restart"}},
	dialect.Kill: {"service", []string{"kill"}}, dialect.SetAction: {"action", []string{"set"}}, dialect.GetAction: {"action", []string{"get"}},
	dialect.ListActions: {"action", []string{"list"}}, dialect.DeleteAction: {"action", []string{"delete"}},
	dialect.ListJobs: {"job", []string{"list"}}, dialect.Logs: {"log", []string{"logs", "get", "list"}},
}

// methodScore returns how well a method's name says an operation, 0 if it does not.
func methodScore(operation dialect.Operation, name string) int {
	words := tokens(name)
	meant := meanings[operation]
	score := 0
	for i, verb := range meant.verbs {
		for _, word := range verbs[verb] {
			if slices.Contains(words, word) {
				score = max(score, 50-10*i)
			}
		}
	}
	noun := nounOf(words, meant.noun)
	switch {
	case score == 0:
		return 0
	case noun == meant.noun:
		score += 40
	case noun == "" && meant.noun == "service": // "start", "zinit.start"
		score += 20
	case meant.noun == "":
		score += 10
	default:
		return 0
	}
	return max(1, score-5*len(words))
}

// nounOf returns the noun that words are about. What also names a verb of the operation's own counts last.
func nounOf(words []string, wanted string) string {
	for _, noun := range append([]string{wanted}, "service", "action", "job", "log") {
		for _, word := range nouns[noun] {
			if noun != "" && slices.Contains(words, word) {
				return noun
			}
		}
	}
	return ""
}

// guessNames returns the usual names of an operation.
func guessNames(operation dialect.Operation) []string {
	meant := meanings[operation]
	var named []string
	each := verbsOf(operation)
	for _, noun := range append(slices.Clone(nouns[meant.noun]), "") {
		for _, verb := range each {
			named = append(named, joinName(noun, verb)...)
		}
	}
	return slices.Compact(named)
}

// namespaced returns names of the list of services under the namespaces that a program may put its methods into: all others are in its style.
func namespaced(operation dialect.Operation) []string {
	if operation != dialect.List {
		return nil
	}
	const mostVerbs, mostNouns = 4, 6
	var named []string
	for _, space := range []string{"zinit", "Zinit", "supervisor", "Supervisor", "manager", "Manager", "rpc", "api", "v1", "zinit.v1"} {
		for _, noun := range nouns["service"][:mostNouns] {
			for _, verb := range verbs["list"][:mostVerbs] {
				plural, camel := pluralOf(noun), camelOf(verb)
				named = append(named, space+"."+noun+"."+verb, space+"."+plural+"."+verb, space+"."+capital(camel)+capital(plural), space+"."+capital(camel)+capital(noun),
					space+"."+camel+capital(plural), space+"."+camel+capital(noun)+"Info", space+"."+verb+"_"+plural, space+"/"+noun+"/"+verb, space+"/"+plural+"/"+verb,
					space+"_"+noun+"_"+verb, space+"_"+verb+"_"+plural)
			}
		}
	}
	return named
}

// camelOf returns words with underscores in camel case.
func camelOf(words string) string {
	camel := ""
	for i, part := range strings.Split(words, "_") {
		if i > 0 {
			part = capital(part)
		}
		camel += part
	}
	return camel
}

// joinName returns the usual spellings of a noun and a verb.
func joinName(noun, verb string) []string {
	camel := camelOf(verb)
	if noun == "" {
		return []string{verb, camel, "zinit." + verb, "supervisor." + verb}
	}
	return []string{
		noun + "." + verb, noun + "_" + verb, verb + "_" + noun, noun + "/" + verb, noun + "s." + verb, noun + "." + camel, noun + capital(camel), camel + capital(noun),
		capital(noun) + "." + capital(camel), "zinit." + noun + "." + verb, verb + "." + noun, camel + capital(noun) + "s", verb + "_" + noun + "s", noun + "s/" + verb, noun + "-" + verb,
		"zinit_" + noun + "_" + verb, noun + "::" + verb, verb + "-" + noun, verb + "-" + noun + "s", camel + capital(noun) + "Info",
	}
}
