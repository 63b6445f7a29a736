package learn

import (
	"context"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// findJobs finds the method that lists the runs of an action, and learns their shape from those of the trial: the first was killed.
func (l *learner) findJobs(ctx context.Context, first Sight) {
	for candidate := range l.each(dialect.ListJobs) {
		arguments := map[dialect.Argument]any{dialect.TheName: l.options.Trial + ".run", dialect.TheLimit: jobLimit}
		err := l.try(ctx, l.callsWithLimit(candidate, actionNames), arguments, func(call dialect.Call, result any) bool {
			for _, at := range places(result, 2) {
				call.Result = at
				documents, err := call.Listed(result, dialect.Shape{})
				if err != nil || !l.takeJobs(documents, first) {
					continue
				}
				l.take(dialect.ListJobs, call)
				return true
			}
			return false
		})
		if err == nil || l.isOver(ctx, err) {
			return
		}
	}
}

const jobLimit = 5

// actionNames are the usual names of the parameter that names an action.
var actionNames = []string{"action", "name", "id", "action_name", "actionName", "job", "command"}

// callsWithLimit returns the ways in which a method may be told a name and how many entries are wanted, and those without the number.
func (l *learner) callsWithLimit(m method, names []string) []dialect.Call {
	if inPath := placeholderOf(m.name); inPath != "" {
		return limitsBeside(m, inPath)
	}
	if calls := describedCalls(m); len(calls) > 0 {
		params := m.params
		if len(calls[0].At[dialect.TheName]) > 1 {
			params = params[0].properties()
		}
		for _, p := range params {
			at := calls[0].At[dialect.TheName]
			if p.name == at[len(at)-1] || (limitScore(p.name) == 0 && p.schema["type"] != "integer") {
				continue
			}
			calls[0].At[dialect.TheLimit] = at[:len(at)-1].Join(p.name)
			if len(calls) > 1 {
				calls[1].Order = []dialect.Argument{dialect.TheName, dialect.TheLimit}
			}
		}
		return calls
	}
	var calls []dialect.Call
	for _, like := range l.callsAlike(m) {
		if len(like.Order) > 0 {
			calls = append(calls, dialect.Call{Method: m.name, Order: []dialect.Argument{dialect.TheName, dialect.TheLimit}})
			continue
		}
		at := like.At[dialect.TheName]
		prefix := at[:len(at)-1]
		for _, name := range append([]string{at[len(at)-1]}, names...) {
			for _, limit := range limitNames {
				if name != limit {
					calls = append(calls, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: prefix.Join(name), dialect.TheLimit: prefix.Join(limit)}})
				}
			}
		}
		break
	}
	var named []dialect.Call
	for _, call := range calls {
		if at, byName := call.At[dialect.TheName]; byName {
			named = append(named, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: at}})
		}
	}
	return slices.Concat(calls, []dialect.Call{{Method: m.name, Order: []dialect.Argument{dialect.TheName, dialect.TheLimit}}}, named)
}

// limitsBeside returns the ways in which a route may be told how many entries are wanted, and the one without the number.
func limitsBeside(m method, inPath string) []dialect.Call {
	var calls []dialect.Call
	for _, limit := range limitNames {
		calls = append(calls, dialect.Call{Method: m.name, At: map[dialect.Argument]dialect.Path{dialect.TheName: {inPath}, dialect.TheLimit: {limit}}})
	}
	return append(calls, callsByName(m)...)
}

// limitNames are the usual names of the parameter that says how many entries are wanted.
var limitNames = []string{"limit", "lines", "count", "n", "max"}

func limitScore(name string) int {
	words := tokens(name)
	for _, word := range []string{"limit", "line", "count", "n", "max", "last", "tail", "number"} {
		if slices.Contains(words, word) {
			return 1
		}
	}
	return 0
}

// takeJobs learns the shape of jobs from a list of the trial's. The one of the first process proves where pids are.
func (l *learner) takeJobs(documents []any, first Sight) bool {
	var best map[string]any
	for _, one := range documents {
		document, ok := one.(map[string]any)
		if !ok {
			return false
		}
		for _, each := range leaves(document) {
			if each.value == float64(first.PID) {
				best = document
			}
		}
	}
	if best == nil {
		return false
	}
	shape := dialect.Shape{}
	var left []leaf
	for _, each := range leaves(best) {
		switch {
		case each.value == float64(first.PID) && nameScore("pid", each.at) > 0:
			shape["pid"] = dialect.Member{At: each.at}
			l.note("job.pid", Confirmed)
		case each.value == l.options.Trial+".run":
			shape["action"] = dialect.Member{At: each.at}
			l.note("job.action", Shipped)
		case isSIGKILL(each.value) && nameScore("signal", each.at) > 0:
			shape["signal"] = dialect.Member{At: each.at}
			l.note("job.signal", Shipped)
		default:
			left = append(left, each)
		}
	}
	addByName(shape, dialect.Job, left, "state", "id", "attempt", "exit_code")
	l.addTimes(shape, left)
	for name := range shape {
		if _, known := l.how["job."+name]; !known {
			l.note("job."+name, Guessed)
		}
	}
	if _, hasState := shape["state"]; !hasState {
		return false
	}
	l.spoken.Documents[dialect.Job] = shape
	return true
}

func isSIGKILL(value any) bool { return value == float64(9) }

// lineIn returns the place of the line in each entry of a log; nil if entries are lines themselves.
func lineIn(answer any) dialect.Path {
	list, _ := answer.([]any)
	if len(list) == 0 {
		return nil
	}
	entry, _ := list[0].(map[string]any)
	for _, name := range []string{"line", "message", "msg", "text", "content", "log", "data"} {
		for _, one := range leaves(entry) {
			if _, isText := one.value.(string); isText && slices.Contains(tokens(one.at[len(one.at)-1]), name) {
				return one.at
			}
		}
	}
	return nil
}

// addTimes adds the points in time of a job: values that are within an hour of now in some form. The earlier is the start.
func (l *learner) addTimes(shape dialect.Shape, left []leaf) {
	type moment struct {
		place dialect.Path
		form  dialect.Form
		at    time.Time
	}
	var found []moment
	for _, one := range left {
		forms := []dialect.Form{dialect.Milliseconds, dialect.Seconds, dialect.Microseconds, dialect.Nanoseconds}
		switch one.value.(type) {
		case string:
			forms = []dialect.Form{dialect.Written}
		case map[string]any:
			forms = []dialect.Form{dialect.SecsNanos}
		}
		for _, form := range forms {
			values, err := (dialect.Shape{"started": {At: dialect.Path{"v"}, Form: form}}).Decode(dialect.Job, map[string]any{"v": one.value})
			at, ok := values["started"].(time.Time)
			if err == nil && ok && time.Since(at).Abs() < time.Hour {
				found = append(found, moment{one.at, form, at})
				break
			}
		}
	}
	if len(found) != 2 {
		return // which is which would be a guess
	}
	slices.SortFunc(found, func(a, b moment) int { return a.at.Compare(b.at) })
	for i, name := range []string{"started", "ended"} {
		shape[name] = dialect.Member{At: found[i].place, Form: found[i].form}
		l.note("job."+name, Shipped)
	}
}

// findLogs finds the method that gives the lines of a log.
func (l *learner) findLogs(ctx context.Context) {
	for candidate := range l.each(dialect.Logs) {
		arguments := map[dialect.Argument]any{dialect.TheName: l.options.Shipped[0].Service, dialect.TheLimit: jobLimit}
		err := l.try(ctx, l.callsWithLimit(candidate, argumentNames), arguments, func(call dialect.Call, result any) bool {
			for _, at := range places(result, 1) {
				call.Result = at
				answer, _ := at.Get(result)
				if _, isObject := answer.(map[string]any); isObject {
					continue
				}
				call.Entry = lineIn(answer)
				if _, err := call.Texts(result); err != nil {
					continue
				}
				l.take(dialect.Logs, call)
				return true
			}
			return false
		})
		if err == nil || l.isOver(ctx, err) {
			return
		}
	}
}
