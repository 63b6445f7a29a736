package learn

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// routePrefixes are where the paths of an API begin.
var routePrefixes = []string{"/", "/rpc/", "/api/", "/v1/", "/api/v1/", "/v2/", "/api/v2/", "/jsonrpc/"}

// openAPIs are where a supervisor may describe its routes.
var openAPIs = []string{"openapi.json", "openapi", "swagger.json", "api-docs", "docs/openapi.json"}

// isRouted reports whether methods are routes.
func (l *learner) isRouted() bool { return l.spoken.Transport.Framing == dialect.Routes }

// placeholder is a part of a path that a parameter fills.
var placeholder = regexp.MustCompile(`\{[^{}/]*\}`)

// placeholderOf returns the only part of a method's path that a parameter fills; empty if it has none or several.
func placeholderOf(method string) string {
	if found := placeholder.FindAllString(method, -1); len(found) == 1 {
		return found[0]
	}
	return ""
}

// describeRoutes asks for a description of routes: in OpenAPI, or in OpenRPC of methods that each have a path.
func (l *learner) describeRoutes(ctx context.Context) {
	for _, prefix := range routePrefixes {
		for _, name := range openAPIs {
			route := "GET " + prefix + name
			result, err := l.ask(ctx, l.spoken.Transport, route, nil)
			if err != nil {
				continue
			}
			if found := readOpenAPI(result); len(found) > 0 {
				l.takeDescription(route, found)
				return
			}
		}
		for _, name := range descriptions[:4] {
			route := "POST " + prefix + name
			result, err := l.ask(ctx, l.spoken.Transport, route, nil)
			if err != nil {
				continue
			}
			found := readMethods(result, result, 0)
			for i := range found {
				found[i].name = "POST " + prefix + strings.TrimPrefix(found[i].name, "/")
			}
			if len(found) > 0 {
				l.takeDescription(route, found)
				return
			}
		}
	}
}

func (l *learner) takeDescription(route string, found []method) {
	l.described = found
	l.spoken.Operations[dialect.Discover] = dialect.Call{Method: route}
}

// readOpenAPI returns the routes of an OpenAPI document, by their names alone. A route with several placeholders cannot be asked.
func readOpenAPI(description any) []method {
	object, _ := description.(map[string]any)
	paths, _ := object["paths"].(map[string]any)
	var found []method
	for path, value := range paths {
		verbs, _ := value.(map[string]any)
		for verb := range verbs {
			name := strings.ToUpper(verb) + " " + path
			if slices.Contains([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete}, strings.ToUpper(verb)) && len(placeholder.FindAllString(path, -1)) < 2 {
				found = append(found, method{name: name})
			}
		}
	}
	slices.SortFunc(found, func(a, b method) int { return strings.Compare(a.name, b.name) })
	return found
}

// spokenName returns what a route says as a name of a noun and a verb: "PUT /v1/services/{name}" is "services.set". Other names are returned as they are.
func spokenName(name string) string {
	verb, path, isRoute := strings.Cut(name, " ")
	if !isRoute {
		return name
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	atItem := placeholder.MatchString(parts[len(parts)-1])
	parts = slices.DeleteFunc(parts, placeholder.MatchString)
	if len(parts) == 0 {
		return name
	}
	last := parts[len(parts)-1]
	before := ""
	if len(parts) > 1 {
		before = parts[len(parts)-2]
	}
	words := tokens(last)
	switch {
	case len(words) > 1 && !atItem: // a path for each method
		return last
	case !atItem && nounOf(words, "") == "" && (isVerb(words) || before != "" && nounOf(tokens(before), "") != ""):
		return before + "." + last
	}
	done := map[string]string{http.MethodGet: "list", http.MethodPut: "set", http.MethodPost: "set", http.MethodDelete: "delete"}[verb]
	if atItem && verb == http.MethodGet {
		done = "get"
	}
	return last + "." + done
}

// isVerb reports whether a word is a verb of any operation.
func isVerb(words []string) bool {
	return slices.ContainsFunc(dialect.Operations(), func(o dialect.Operation) bool { return hasVerb(o, words) })
}

// guessRoutes returns the routes that may be an operation: those of lists under each prefix, and others beside the list that is known.
func (l *learner) guessRoutes(operation dialect.Operation) []string {
	known, ok := l.spoken.Operations[dialect.List]
	if !ok {
		return firstRoutes(operation)
	}
	_, path, _ := strings.Cut(known.Method, " ")
	if hasVerb(dialect.List, tokens(path)) {
		return l.pathsInStyle(operation)
	}
	cut := strings.LastIndex(path, "/")
	return restRoutes(operation, path[:cut], path[cut+1:])
}

// firstRoutes returns routes that may list services.
func firstRoutes(operation dialect.Operation) []string {
	if operation != dialect.List {
		return nil
	}
	var found []string
	for _, noun := range nouns["service"] {
		for _, prefix := range routePrefixes {
			found = append(found, "GET "+prefix+pluralOf(noun), "GET "+prefix+noun)
		}
	}
	return append(found, firstPaths()...)
}

// firstPaths returns paths for each method that may list services, the likeliest first.
func firstPaths() []string {
	const mostVerbs, mostPrefixes = 3, 5
	var posted, read []string
	for _, verb := range verbs["list"][:mostVerbs] {
		for _, noun := range nouns["service"] {
			for _, name := range append(joinName(noun, verb), "supervisor/"+noun+"/"+verb, "zinit/"+noun+"/"+verb, "Zinit."+capital(verb)+capital(noun)) {
				for _, prefix := range routePrefixes[:mostPrefixes] {
					posted, read = append(posted, "POST "+prefix+name), append(read, "GET "+prefix+name)
				}
			}
		}
	}
	return append(posted, read...)
}

// pathsInStyle returns the routes of a path for each method, in the style of those that are known.
func (l *learner) pathsInStyle(operation dialect.Operation) []string {
	var found []string
	for _, model := range modelOperations {
		known, ok := l.spoken.Operations[model]
		if !ok {
			continue
		}
		verb, path, _ := strings.Cut(known.Method, " ")
		prefix := "/"
		for _, one := range routePrefixes {
			if after, begins := strings.CutPrefix(path, one); begins && len(tokens(after)) > 1 && len(one) > len(prefix) {
				prefix = one
			}
		}
		for _, name := range likeName(strings.TrimPrefix(path, prefix), model, operation) {
			for _, verb := range slices.Compact([]string{verb, http.MethodPost}) {
				if route := verb + " " + prefix + name; (verb == http.MethodPost || isReading(operation)) && !slices.Contains(found, route) {
					found = append(found, route)
				}
			}
		}
	}
	return found
}

// isReading reports whether an operation changes nothing.
func isReading(operation dialect.Operation) bool {
	return !slices.Contains([]dialect.Operation{
		dialect.SetService, dialect.SetAction, dialect.Delete, dialect.DeleteAction, dialect.Start, dialect.Stop, dialect.Restart, dialect.Kill,
	}, operation)
}

// restRoutes returns the routes of an operation beside a list of services: by verbs of HTTP for what they say, else by the operation's verbs.
func restRoutes(operation dialect.Operation, prefix, services string) []string {
	list := prefix + "/" + services
	item := list + "/{name}"
	var found []string
	add := func(verb string, paths ...string) {
		for _, path := range paths {
			found = append(found, verb+" "+path)
		}
	}
	noun := meanings[operation].noun
	each := func(visit func(actions string)) {
		for _, word := range nouns[noun] {
			visit(pluralOf(word))
		}
		for _, word := range nouns[noun] {
			visit(word)
		}
	}
	switch operation {
	case dialect.ListFull:
		add(http.MethodGet, list, list+"/status", prefix+"/status", list+"/statuses", list+"?detail=true")
	case dialect.StatusOf:
		for _, word := range verbs["status"] {
			add(http.MethodGet, item+"/"+word)
		}
		add(http.MethodGet, item)
	case dialect.GetService:
		add(http.MethodGet, item)
		for _, word := range []string{"config", "definition", "spec", "manifest"} {
			add(http.MethodGet, item+"/"+word)
		}
	case dialect.SetService:
		add(http.MethodPut, item)
		add(http.MethodPost, item, list)
		add(http.MethodPut, item+"/config", item+"/definition", item+"/spec", list)
		add(http.MethodPost, list+"/create", list+"/register", list+"/add")
	case dialect.Delete:
		add(http.MethodDelete, item)
		fallthrough
	case dialect.Start, dialect.Stop, dialect.Restart, dialect.Kill:
		for _, word := range verbsOf(operation) {
			add(http.MethodPost, item+"/"+word)
			add(http.MethodPut, item+"/"+word)
		}
	case dialect.ListActions:
		each(func(actions string) { add(http.MethodGet, item+"/"+actions, prefix+"/"+actions) })
	case dialect.GetAction:
		each(func(actions string) { add(http.MethodGet, prefix+"/"+actions+"/{name}") })
	case dialect.SetAction:
		each(func(actions string) {
			add(http.MethodPut, prefix+"/"+actions+"/{name}")
			add(http.MethodPost, prefix+"/"+actions+"/{name}", prefix+"/"+actions)
		})
	case dialect.ListJobs:
		each(func(jobs string) {
			add(http.MethodGet, prefix+"/"+jobs, prefix+"/"+jobs+"/{name}")
			for _, actions := range nouns["action"] {
				add(http.MethodGet, prefix+"/"+pluralOf(actions)+"/{name}/"+jobs)
			}
		})
	case dialect.Logs:
		each(func(logs string) { add(http.MethodGet, item+"/"+logs, prefix+"/"+logs+"/{name}", prefix+"/"+logs) })
	case dialect.Ping:
		add(http.MethodGet, prefix+"/ping", prefix+"/version", prefix+"/health")
	}
	return found
}

func pluralOf(noun string) string {
	switch {
	case strings.HasSuffix(noun, "s"):
		return noun + "es"
	case strings.HasSuffix(noun, "y"):
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}

// nonsenseRoutes returns routes that no supervisor has: at its root, and beside what is known.
func (l *learner) nonsenseRoutes() []string {
	const name = "hero_chaos_no_such_method"
	found := []string{"GET /" + name, "POST /" + name}
	if known, ok := l.spoken.Operations[dialect.List]; ok {
		_, path, _ := strings.Cut(known.Method, " ")
		found = append(found, "GET "+path+"/"+l.options.Trial+"/"+name, "POST "+path[:strings.LastIndex(path, "/")+1]+name)
	}
	return found
}
