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
	if len(idle) == len(usual.Service) {
		return
	}
	if l.staysIdle(ctx, idle) && idle["status"] == "stop" && l.starts(ctx) {
		l.note("service.status", Confirmed)
	}
	l.readServiceBack(ctx, idle)
	if _, placed := shape["dependencies.requires"]; !placed {
		return
	}
	l.cleanUp(ctx)
	waiting := maps.Clone(usual.Service)
	waiting["dependencies.requires"] = []string{l.options.Trial + ".nobody"}
	if !l.staysIdle(ctx, waiting) {
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

// staysIdle registers the trial as a service and reports whether it is taken, and has no process for a while.
func (l *learner) staysIdle(ctx context.Context, service dialect.Values) bool {
	l.sending.Service = service
	if l.sendDefinition(ctx) != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, idlePeriod)
	defer cancel()
	_, runs := l.await(ctx, func(now Sight) bool { return now.PID != 0 })
	return !runs
}

// starts starts the trial and reports whether it runs then.
func (l *learner) starts(ctx context.Context) bool {
	call, known := l.spoken.Operations[dialect.Start]
	if !known {
		return false
	}
	if _, err := l.call(ctx, call, map[dialect.Argument]any{dialect.TheName: l.options.Trial}); err != nil {
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
