package learn

import (
	"context"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// findDefinitions finds the methods that read definitions, and learns the shapes of their documents from those of the image.
func (l *learner) findDefinitions(ctx context.Context) bool {
	subject := l.options.Shipped[0]
	document, ok := l.readService(ctx, subject)
	if !ok {
		l.miss("no method gives back the definition of " + subject.Service + ": name it under zinit.dialect.operations.get-service of the target file")
		return false
	}
	l.templates.Service = document
	if parts := findParts(document, subject); parts.run != nil {
		l.embed(document, parts, subject)
		l.addServiceShape(ctx, document)
		return l.hasEssentials()
	}
	if !l.readActions(ctx, subject) {
		l.miss("no method gives back the actions of " + subject.Service + ": name it under zinit.dialect.operations.list-actions of the target file")
		return false
	}
	l.addServiceShape(ctx, document)
	return l.hasEssentials()
}

// hasEssentials reports whether so much of a definition is understood that one of ours can be registered.
func (l *learner) hasEssentials() bool {
	shape := l.spoken.Documents[dialect.Action]
	for _, name := range []string{"exec", "retry.delay", "retry.max_attempts"} {
		if _, known := shape[name]; !known {
			l.miss("no member of a run action was recognised as " + name + ": name it under zinit.dialect.documents.action of the target file")
			return false
		}
	}
	return true
}

// readService finds the method that gives back the definition of a service.
func (l *learner) readService(ctx context.Context, subject Expected) (map[string]any, bool) {
	var document map[string]any
	for candidate := range l.each(dialect.GetService) {
		err := l.try(ctx, l.callsAlike(candidate), map[dialect.Argument]any{dialect.TheName: subject.Service}, func(call dialect.Call, result any) bool {
			call.Result = unwrap(result)
			answer, _ := call.Result.Get(result)
			var ok bool
			if document, ok = answer.(map[string]any); ok {
				document = withoutStatus(document)
			}
			if ok && !hasProcess(document) && isDefinition(document, subject) {
				l.take(dialect.GetService, call)
				return true
			}
			return false
		})
		if err == nil {
			return document, true
		}
		if l.isOver(ctx, err) {
			break
		}
	}
	return nil, false
}

// hasProcess reports whether a document is the status of a service that runs. A definition may say that its service shall run.
func hasProcess(document map[string]any) bool {
	_, placed := learnStatus([]any{document})["pid"]
	return placed
}

// withoutStatus returns a document without the member in which the status of a service that runs is, beside its definition.
func withoutStatus(document map[string]any) map[string]any {
	at := learnStatus([]any{document})["pid"].At
	if len(at) < 2 {
		return document
	}
	rest := maps.Clone(document)
	delete(rest, at[0])
	return rest
}

// isDefinition reports whether a document is a service's definition: it has the service's name and actions, or what it executes.
func isDefinition(document map[string]any, subject Expected) bool {
	if findParts(document, subject).run != nil {
		return true
	}
	for _, one := range leaves(document) {
		names, ok := namesIn(one.value)
		if ok && slices.Contains(names, subject.Service+".run") {
			return true
		}
	}
	return false
}

// namesIn returns the names that a value lists, whatever its form.
func namesIn(value any) ([]string, bool) {
	values, err := (dialect.Shape{"actions": {At: dialect.Path{"v"}}}).Decode(dialect.Service, map[string]any{"v": value})
	if err != nil {
		return nil, false
	}
	names, ok := values["actions"].([]string)
	return names, ok
}

// readActions finds the method that gives back actions, and learns their shape.
func (l *learner) readActions(ctx context.Context, subject Expected) bool {
	return l.readActionList(ctx, subject) || l.readSingleActions(ctx, subject)
}

func (l *learner) readActionList(ctx context.Context, subject Expected) bool {
	for candidate := range l.each(dialect.ListActions) {
		calls := append([]dialect.Call{{Method: candidate.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: {"service"}}}}, l.callsAlike(candidate)...)
		if described := describedCalls(candidate); len(described) > 0 {
			calls = described
		}
		if call, ok := callWithout(candidate); ok {
			calls = append(calls, call)
		}
		err := l.try(ctx, calls, map[dialect.Argument]any{dialect.TheName: subject.Service}, func(call dialect.Call, result any) bool {
			for _, at := range places(result, 2) {
				call.Result = at
				documents, err := call.Listed(result, dialect.Shape{})
				if err != nil || !l.takeActions(documents, subject) {
					continue
				}
				l.take(dialect.ListActions, call)
				return true
			}
			return false
		})
		if err == nil || l.isOver(ctx, err) {
			return err == nil
		}
	}
	return false
}

// readSingleActions reads the actions of a service one by one.
func (l *learner) readSingleActions(ctx context.Context, subject Expected) bool {
	for candidate := range l.each(dialect.GetAction) {
		run := map[dialect.Argument]any{dialect.TheName: subject.Service + ".run"}
		err := l.try(ctx, l.callsAlike(candidate), run, func(call dialect.Call, result any) bool {
			call.Result = unwrap(result)
			document, _ := call.Result.Get(result)
			documents := []any{document}
			if result, err := l.call(ctx, call, map[dialect.Argument]any{dialect.TheName: subject.Service + ".health"}); err == nil {
				document, _ = call.Result.Get(result)
				documents = append(documents, document)
			}
			if !l.takeActions(documents, subject) {
				return false
			}
			l.take(dialect.GetAction, call)
			return true
		})
		if err == nil || l.isOver(ctx, err) {
			return err == nil
		}
	}
	return false
}

// takeActions learns the shapes of a service's run and health action from documents of them.
func (l *learner) takeActions(documents []any, subject Expected) bool {
	var run, health map[string]any
	for _, one := range documents {
		document, ok := one.(map[string]any)
		if !ok || !executes(document) {
			continue
		}
		isRun, isCheck := holds(document, subject.Service+".run"), holds(document, subject.Service+".health")
		switch {
		case isRun && isCheck: // a list of both
		case isRun:
			run = document
		case isCheck:
			health = document
		}
	}
	if run == nil {
		return false
	}
	l.templates.Actions = map[string]map[string]any{"run": run}
	l.spoken.Documents[dialect.Action] = l.learnAction(run, subject, "run", true)
	if health != nil {
		l.templates.Actions["health"] = health
		l.spoken.Documents[dialect.HealthAction] = l.learnAction(health, subject, "health", true)
		l.shareForms(run, health)
	}
	l.addKinds(run, health)
	return true
}

// holds reports whether a leaf of a document has a value.
func holds(document map[string]any, value any) bool {
	return slices.ContainsFunc(leaves(document), func(one leaf) bool { return one.value == value })
}

// shareForms lets a member of one action be written as the same member of the other, if its own value is nothing: that shows no form.
func (l *learner) shareForms(run, health map[string]any) {
	runs, checks := l.spoken.Documents[dialect.Action], l.spoken.Documents[dialect.HealthAction]
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		own, other := runs[name], checks[name]
		if other.At == nil || own.At.String() != other.At.String() {
			continue
		}
		theirsOfRun, _ := own.At.Get(run)
		theirsOfCheck, _ := other.At.Get(health)
		switch {
		case isNothing(theirsOfCheck) && !isNothing(theirsOfRun):
			checks[name] = own
		case isNothing(theirsOfRun) && !isNothing(theirsOfCheck):
			runs[name] = other
		}
	}
}

// isNothing reports whether a value is null or empty.
func isNothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case float64:
		return v == 0
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// addKinds learns by which words the kinds of actions are told apart.
func (l *learner) addKinds(run, health map[string]any) {
	if health == nil {
		return
	}
	for _, one := range leaves(run) {
		other, there := one.at.Get(health)
		if !there || nameScore("kind", one.at) == 0 || equalJSON(one.value, other) {
			continue
		}
		words := map[string]any{"run": one.value, "health": other}
		for _, word := range []string{"install", "test"} {
			if like, ok := sayLike(one.value, "run", word); ok {
				words[word] = like
			}
		}
		for _, document := range []dialect.Document{dialect.Action, dialect.HealthAction} {
			l.spoken.Documents[document]["kind"] = dialect.Member{At: one.at, Words: words}
		}
		l.note("action.kind", Shipped)
		l.note("health-action.kind", Shipped)
		return
	}
}

// executes reports whether a document says what is executed.
func executes(document map[string]any) bool { return execLeaf(document, false).at != nil }

// execLeaf returns the leaf that says what is executed: a command line or a list of words that names a program or a probe.
func execLeaf(document map[string]any, shallow bool) leaf {
	best, score := leaf{}, 0
	for _, one := range leaves(document) {
		if shallow && len(one.at) > 1 && (len(one.at) > 2 || !slices.Equal(tokens(one.at[0]), []string{"exec"})) {
			continue
		}
		text, ok := commandIn(one.value)
		if !ok || !strings.ContainsAny(text, "/ ") {
			continue
		}
		if s := nameScore("exec", one.at); s > score {
			best, score = one, s
		}
	}
	return best
}

func commandIn(value any) (string, bool) {
	values, err := (dialect.Shape{"exec": {At: dialect.Path{"v"}}}).Decode(dialect.Action, map[string]any{"v": value})
	if err != nil {
		return "", false
	}
	text, ok := values["exec"].(string)
	return text, ok
}

// parts are the places of actions inside a service's document.
type parts struct {
	run, health       map[string]any
	runAt, healthAt   dialect.Path
	list              *dialect.Path
	keyed             dialect.Keyed
	runsInTheDocument bool
}

// findParts finds the actions inside a service's document. Its run is nil if they are documents of their own.
func findParts(document map[string]any, subject Expected) parts {
	var found parts
	for _, at := range places(document, 2) {
		value, _ := at.Get(document)
		if list, ok := value.([]any); ok && found.takeListed(at, list, subject) {
			return found
		}
		object, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if execLeaf(object, true).at == nil {
			continue
		}
		if len(at) > 0 && isHealth(at, object, subject) {
			found.health, found.healthAt = object, at
		} else if found.run == nil {
			found.run, found.runAt = object, at
		}
	}
	if found.run != nil && found.health != nil && len(found.runAt) > 0 && len(found.healthAt) == len(found.runAt) {
		found.takeKeyed(subject)
	}
	if len(found.runAt) > 0 && found.list == nil && !retries(found.run, subject) && retries(document, subject) { // its policy is elsewhere in the document
		found.run, found.runAt = document, nil
	}
	found.runsInTheDocument = found.run != nil && len(found.runAt) == 0
	return found
}

// retries reports whether a document holds the attempts or the delay of a run action that is known.
func retries(document map[string]any, subject Expected) bool {
	for _, name := range []string{"retry.max_attempts", "retry.delay"} {
		known, _ := dialect.MemberOf(dialect.Action, name)
		for _, one := range leaves(document) {
			if _, holds := formThatHolds(known, one, subject.Run[name]); holds && !dialect.IsZero(subject.Run[name]) {
				return true
			}
		}
	}
	return false
}

// takeListed takes a list of documents that execute something.
func (p *parts) takeListed(at dialect.Path, list []any, subject Expected) bool {
	for _, one := range list {
		object, ok := one.(map[string]any)
		if !ok || !executes(object) {
			return false
		}
		if isHealth(at, object, subject) {
			p.health = object
		} else {
			p.run = object
		}
	}
	if len(list) == 0 || p.run == nil {
		return false
	}
	p.list = &at
	return true
}

// takeKeyed sees whether the keys are the actions' names or kinds, in one object.
func (p *parts) takeKeyed(subject Expected) {
	parent := p.runAt[:len(p.runAt)-1]
	if parent.String() != p.healthAt[:len(p.healthAt)-1].String() {
		return
	}
	if p.runAt[len(p.runAt)-1] == subject.Service+".run" {
		at := slices.Clone(parent)
		p.list, p.keyed = &at, dialect.KeyedByName
	}
}

// isHealth reports whether an action's document is that of a health check: by the place, by a word in it, or by its interval.
func isHealth(at dialect.Path, object map[string]any, subject Expected) bool {
	if slices.ContainsFunc(tokens(at.String()), isCheckWord) {
		return true
	}
	interval, known := expectedDuration(subject.Health, "schedule.interval")
	for _, one := range leaves(object) {
		if text, ok := one.value.(string); ok && (text == subject.Service+".health" || strings.EqualFold(text, "health")) {
			return true
		}
		isInCheck := slices.ContainsFunc(tokens(one.at.String()), isCheckWord) // of a service that holds its check
		if known && !isInCheck && nameScore("schedule.interval", one.at) >= 60 && formOf(dialect.Action, "schedule.interval", one, interval) != "" {
			return nameScore("retry.max_attempts", one.at) == 0
		}
	}
	return false
}

// embed learns the shapes of actions inside a service's document.
func (l *learner) embed(document map[string]any, found parts, subject Expected) {
	embedding := &dialect.Embedding{List: found.list, Keyed: found.keyed}
	l.templates.Actions = map[string]map[string]any{"run": found.run, "health": found.health}
	run := found.run
	if found.runsInTheDocument { // without the health check, whose members are called alike
		run, _ = deepCopy(document).(map[string]any)
		l.templates.Actions["run"] = nil
		if found.health == nil {
			found.health = takeChecks(run, document)
		} else {
			found.healthAt.Delete(run)
		}
	}
	if found.list == nil {
		embedding.Kinds = map[string]dialect.Path{"run": found.runAt}
		if found.health != nil {
			embedding.Kinds["health"] = found.healthAt
		}
	}
	l.spoken.Embedding = embedding
	l.spoken.Documents[dialect.Action] = l.learnAction(run, subject, "run", found.list != nil)
	if found.health != nil {
		l.spoken.Documents[dialect.HealthAction] = l.learnAction(found.health, subject, "health", found.list != nil)
		l.shareForms(run, found.health)
	}
	if found.list != nil {
		l.addKinds(found.run, found.health)
	}
}

// takeChecks moves the members of a health check out of a run, whose service has all in one document, and returns them; nil if they do not say what is
// executed. Then no service of ours has them: the check of a shipped one would judge it.
func takeChecks(run, service map[string]any) map[string]any {
	checks := map[string]any{}
	for key, value := range run {
		if slices.ContainsFunc(tokens(key), isCheckWord) {
			checks[key] = value
			delete(run, key)
		}
	}
	if executes(checks) {
		return checks
	}
	for key := range checks {
		delete(service, key)
	}
	return nil
}

// isCheckWord reports whether a word of a place says that it is a health check's.
func isCheckWord(word string) bool {
	return slices.Contains([]string{"health", "healthcheck", "check", "probe", "liveness"}, word)
}

// addServiceShape learns the members of a service itself.
func (l *learner) addServiceShape(ctx context.Context, document map[string]any) {
	shape := dialect.Shape{}
	used := map[string]bool{}
	if e := l.spoken.Embedding; e != nil {
		for kind, document := range map[string]dialect.Document{"run": dialect.Action, "health": dialect.HealthAction} {
			for _, member := range l.spoken.Documents[document] {
				if at, ok := e.Kinds[kind]; ok {
					used[at.Join(member.At...).String()] = true
				}
			}
		}
	}
	subject := l.options.Shipped[0].Service
	var left []leaf
	found := l.serviceLeaves(ctx, document)
	for _, one := range found {
		names, isNames := namesIn(one.value)
		switch {
		case used[one.at.String()]:
		case one.value == subject && nameScore("name", one.at) > nameScore("name", shape["name"].At):
			shape["name"] = dialect.Member{At: one.at}
		case l.spoken.Embedding != nil && l.spoken.Embedding.List != nil && l.spoken.Embedding.List.String() == one.at.String():
		case isNames && slices.Contains(names, subject+".run"):
			shape["actions"] = dialect.Member{At: one.at, Form: namesForm(one.value), Required: true}
		default:
			left = append(left, one)
		}
	}
	for name := range shape {
		l.note("service."+name, Shipped)
	}
	if l.spoken.Embedding != nil && l.spoken.Embedding.List == nil {
		left = slices.DeleteFunc(left, func(one leaf) bool { return l.isInside(one.at) })
	}
	before := maps.Clone(shape)
	addByName(shape, dialect.Service, left, "status", "class", "dependencies.requires", "dependencies.after", "dependencies.wants", "dependencies.conflicts")
	for name := range shape {
		if _, there := before[name]; !there {
			l.note("service."+name, Guessed)
		}
	}
	l.spoken.Documents[dialect.Service] = shape
	l.addServiceWords(found)
	l.addRequires(ctx)
}

// mostDefinitions bounds how many shipped definitions are looked at for members that others lack.
const mostDefinitions = 12

// serviceLeaves returns the leaves of a service's definition, and those that only definitions of other shipped services have, without what these
// hold: a service that needs nobody may say nothing of dependencies.
func (l *learner) serviceLeaves(ctx context.Context, document map[string]any) []leaf {
	found := leaves(document)
	known := map[string]int{}
	for i, one := range found {
		known[one.at.String()] = i
	}
	call := l.spoken.Operations[dialect.GetService]
	for _, expected := range l.options.Shipped[1:min(len(l.options.Shipped), mostDefinitions)] {
		other, ok := l.getDocument(ctx, call, expected.Service)
		if !ok {
			continue
		}
		for _, one := range leaves(other) {
			if _, there := known[one.at.String()]; there || l.isInAction(one.at) {
				continue
			}
			known[one.at.String()] = len(found)
			if _, isList := one.value.([]any); isList {
				one.value = []any{}
			}
			found = append(found, one)
		}
	}
	// What holds nothing here and is a group there says nothing.
	return slices.DeleteFunc(found, func(one leaf) bool {
		return isNothing(one.value) && slices.ContainsFunc(found, func(other leaf) bool { return strings.HasPrefix(other.at.String(), one.at.String()+".") })
	})
}

// isInAction reports whether a place is a part of an action that is inside its service's document.
func (l *learner) isInAction(at dialect.Path) bool {
	e := l.spoken.Embedding
	if e == nil {
		return false
	}
	if e.List != nil {
		return strings.HasPrefix(at.String()+".", e.List.String()+".")
	}
	return l.isInside(at)
}

// getDocument reads the definition of a service.
func (l *learner) getDocument(ctx context.Context, call dialect.Call, service string) (map[string]any, bool) {
	result, err := l.call(ctx, call, map[dialect.Argument]any{dialect.TheName: service})
	if err != nil {
		return nil, false
	}
	answer, _ := call.Result.Get(result)
	document, ok := answer.(map[string]any)
	return document, ok
}

// addRequires learns where a service names what it requires, from one that is known to require something.
func (l *learner) addRequires(ctx context.Context) {
	call := l.spoken.Operations[dialect.GetService]
	for _, expected := range l.options.Shipped {
		if len(expected.Requires) == 0 {
			continue
		}
		document, ok := l.getDocument(ctx, call, expected.Service)
		if !ok {
			return
		}
		var holding []leaf
		for _, one := range leaves(document) {
			if names, ok := namesIn(one.value); ok && slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(expected.Requires))) {
				holding = append(holding, one)
			}
		}
		if len(holding) == 1 {
			l.spoken.Documents[dialect.Service]["dependencies.requires"] = dialect.Member{At: holding[0].at, Form: namesForm(holding[0].value)}
			l.note("service.dependencies.requires", Shipped)
		}
		return
	}
}

// isSteady reports whether a shipped run action is read the same each time. Members that the model does not have may change.
func (l *learner) isSteady(ctx context.Context, subject Expected) bool {
	const times = 3
	first, readable := l.readRun(ctx, subject.Service)
	for range times - 1 {
		if again, ok := l.readRun(ctx, subject.Service); ok != readable || !equalJSON(again, first) {
			return false
		}
	}
	return true
}

// isInside reports whether a place belongs to an embedded action that is no part of the service's own level.
func (l *learner) isInside(at dialect.Path) bool {
	for _, inside := range l.spoken.Embedding.Kinds {
		if len(inside) > 0 && strings.HasPrefix(at.String()+".", inside.String()+".") {
			return true
		}
	}
	return false
}

func namesForm(value any) dialect.Form {
	switch v := value.(type) {
	case string:
		return dialect.Commas
	case map[string]any:
		return dialect.KeySet
	case []any:
		if len(v) > 0 {
			if _, isObject := v[0].(map[string]any); isObject {
				return dialect.Objects
			}
		}
	}
	return ""
}
