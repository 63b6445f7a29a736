package learn

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// idlePeriod bounds the watch of a service of ours that must not start. The trial's first process came sooner.
const idlePeriod = 700 * time.Millisecond

// addServiceWords gives words to a service's wish and class: those of the shipped services are known (suites/contract/zinit-0.4.md#model).
func (l *learner) addServiceWords(found []leaf) {
	shape := l.spoken.Documents[dialect.Service]
	for name, said := range map[string]string{"status": "start", "class": "user"} {
		member, placed := shape[name]
		if !placed {
			continue
		}
		i := slices.IndexFunc(found, func(one leaf) bool { return one.at.String() == member.At.String() })
		if i < 0 || isNothing(found[i].value) && found[i].value != false {
			continue
		}
		known, _ := dialect.MemberOf(dialect.Service, name)
		theirs := found[i].value
		if text, isText := theirs.(string); isText && strings.EqualFold(text, said) {
			l.note("service."+name, Shipped)
		}
		member.Words = map[string]any{said: theirs}
		for _, word := range known.Words {
			if like, ok := sayLike(theirs, said, word); ok {
				member.Words[word] = like
			}
		}
		if flag, isFlag := theirs.(bool); isFlag {
			member.Words[known.Words[1]] = !flag
		}
		shape[name] = member
	}
}

// confirmService registers the trial once more, so that it must not start: first by its wish, then by a requirement that does not exist. Members of
// which a service keeps what was set are stored.
func (l *learner) confirmService(ctx context.Context) {
	shape := l.spoken.Documents[dialect.Service]
	usual := l.sending
	defer func() { l.sending = usual }()
	idle := maps.Clone(usual.Service)
	if shape["status"].Words["stop"] != nil {
		idle["status"] = "stop"
	}
	for name, services := range map[string][]string{
		"dependencies.requires": {l.options.Shipped[0].Service}, "dependencies.after": {l.options.Shipped[0].Service},
		"dependencies.wants": {l.options.Shipped[0].Service}, "dependencies.conflicts": {l.options.Trial + ".nobody"},
	} {
		if _, placed := shape[name]; placed {
			idle[name] = services
		}
	}
	once := l.guessedValues()
	if len(idle) == len(usual.Service) && len(once) == 0 {
		return
	}
	l.sending.Actions = slices.Clone(usual.Actions)
	l.sending.Actions[0] = maps.Clone(usual.Actions[0])
	maps.Copy(l.sending.Actions[0], once)
	taken, runs := l.registerIdle(ctx, idle)
	if !taken { // one of the guesses is wrong
		once, l.sending.Actions = nil, usual.Actions
		taken, runs = l.registerIdle(ctx, idle)
	}
	if taken && !runs && idle["status"] == "stop" && l.starts(ctx) {
		l.note("service.status", Confirmed)
	}
	l.readServiceBack(ctx, idle)
	if run, ok := l.readRun(ctx, l.options.Trial); ok {
		for name, value := range once {
			if !l.unproven["action."+name] && equalJSON(run[name], value) {
				l.note("action."+name, Stored)
			}
		}
	}
	l.sending.Actions = usual.Actions
	if _, placed := shape["dependencies.requires"]; !placed {
		return
	}
	l.cleanUp(ctx)
	waiting := maps.Clone(usual.Service)
	waiting["dependencies.requires"] = []string{l.options.Trial + ".nobody"}
	if taken, runs := l.registerIdle(ctx, waiting); !taken || runs {
		return
	}
	l.sending.Service = usual.Service
	if l.sendDefinition(ctx) != nil {
		return
	}
	if _, ok := l.await(ctx, func(now Sight) bool { return now.PID != 0 }); ok {
		l.note("service.dependencies.requires", Confirmed)
	}
}

// guessedValues returns values for the members of a run action whose places are only guessed: it is never run with them.
func (l *learner) guessedValues() dialect.Values {
	values := dialect.Values{}
	for name, value := range map[string]any{"oneshot": true, "timeout": 53 * time.Minute} {
		if _, placed := l.spoken.Documents[dialect.Action][name]; placed && l.howOfMember(dialect.Action, name) == Guessed {
			values[name] = value
		}
	}
	return values
}

// registerIdle registers the trial as a service that is not to run, and reports whether it is taken, and whether it runs all the same. What a refusal
// seems to say of the shapes is forgotten.
func (l *learner) registerIdle(ctx context.Context, service dialect.Values) (taken, runs bool) {
	shapes := map[dialect.Document]dialect.Shape{}
	for document, shape := range l.spoken.Documents {
		shapes[document] = maps.Clone(shape)
	}
	l.sending.Service = service
	if l.sendDefinition(ctx) != nil {
		l.spoken.Documents = shapes
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, idlePeriod)
	defer cancel()
	_, runs = l.await(ctx, func(now Sight) bool { return now.PID != 0 })
	return true, runs
}

// starts starts the trial and reports whether it runs then.
func (l *learner) starts(ctx context.Context) bool {
	if !l.order(ctx, dialect.Start) {
		return false
	}
	_, ok := l.await(ctx, func(now Sight) bool { return now.PID != 0 })
	return ok
}

// readServiceBack notes the members of the trial's service that are read as they were set.
func (l *learner) readServiceBack(ctx context.Context, service dialect.Values) {
	document, ok := l.getDocument(ctx, l.spoken.Operations[dialect.GetService], l.options.Trial)
	if !ok {
		return
	}
	read, err := l.spoken.DecodeService(document)
	if err != nil {
		return
	}
	for name, value := range service {
		if name != "actions" && name != "name" && equalJSON(read.Service[name], value) {
			l.note("service."+name, Stored)
		}
	}
}
