package learn

import (
	"slices"
	"strings"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// tokens splits a name into its words in lower case: at case changes, digits, dots, dashes, slashes and underscores. A plural loses its s.
func tokens(name string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, singular(strings.ToLower(word.String())))
			word.Reset()
		}
	}
	letters := []rune(name)
	for i, r := range letters {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(letters[i-1]) || (i+1 < len(letters) && unicode.IsLower(letters[i+1]) && unicode.IsUpper(letters[i-1]))):
			flush()
		}
		word.WriteRune(r)
	}
	flush()
	return words
}

func singular(word string) string {
	switch {
	case len(word) > 3 && strings.HasSuffix(word, "ies"):
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "sses"):
		return word[:len(word)-2]
	case len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && !strings.HasSuffix(word, "us") && !slices.Contains(unitWords, word):
		return word[:len(word)-1]
	}
	return word
}

// unitWords are words that name a unit of time.
var unitWords = []string{
	"ms", "millis", "msec", "msecs", "millisecond", "milliseconds", "s", "sec", "secs", "second", "seconds",
	"us", "micros", "usec", "microseconds", "ns", "nanos", "nsec", "nanoseconds", "min", "mins", "minute", "minutes",
}

// unitOf returns the form that the unit in a name speaks for, "" if it names none.
func unitOf(name string) dialect.Form {
	words := tokens(name)
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	if before := len(words) - 2; before >= 0 && len(words[before]) == 1 && strings.HasPrefix(last, "sec") {
		last = words[before] + last // "RestartUSec"
	}
	switch last {
	case "ms", "millis", "milli", "msec", "msecs", "millisecond", "milliseconds":
		return dialect.Milliseconds
	case "s", "sec", "secs", "second", "seconds":
		return dialect.Seconds
	case "us", "micros", "micro", "usec", "microsecond", "microseconds":
		return dialect.Microseconds
	case "ns", "nanos", "nano", "nsec", "nanosecond", "nanoseconds":
		return dialect.Nanoseconds
	case "min", "mins", "minute", "minutes":
		return dialect.Minutes
	}
	return ""
}

// nouns and verbs of methods, by what they mean.
var (
	nouns = map[string][]string{
		"service": {"service", "svc", "unit", "process", "daemon", "program", "proc", "app", "sv"},
		"action":  {"action", "command", "cmd", "step", "hook", "operation", "procedure", "task"},
		"job":     {"job", "run", "execution", "task", "history", "invocation"},
		"log":     {"log", "output", "journal"},
	}
	verbs = map[string][]string{
		"set":     {"set", "put", "upsert", "create", "add", "register", "define", "save", "apply", "configure", "store", "enable"},
		"get":     {"get", "show", "describe", "read", "fetch", "inspect", "lookup", "definition", "config", "find"},
		"list":    {"list", "all", "ls", "get_all", "name", "index", "enumerate"},
		"full":    {"full", "detail", "detailed", "overview", "status", "state", "info", "verbose", "ext"},
		"status":  {"status", "state", "info", "query", "inspect", "stat", "show", "health", "poll", "watch"},
		"start":   {"start", "launch", "begin", "resume", "up", "activate"},
		"stop":    {"stop", "halt", "down", "end", "deactivate", "shutdown"},
		"restart": {"restart", "bounce", "cycle", "relaunch"},
		"kill":    {"kill", "signal", "send", "send_signal"},
		"delete":  {"delete", "remove", "rm", "destroy", "unregister", "drop", "purge", "del", "forget", "undefine", "disable"},
		"ping":    {"ping", "version", "hello", "health"},
		"logs":    {"log", "output", "journal", "tail"},
	}
)

// memberWords are the words by which members of documents are called, the most telling first. Each entry is a set of words that all
// have to occur; a "!" before a word forbids it.
var memberWords = map[string][]string{
	"name":                   {"name", "id", "identifier", "label", "unit"},
	"service":                {"service", "owner", "parent", "svc", "unit", "belong"},
	"actions":                {"action", "command", "step", "procedure"},
	"kind":                   {"kind", "type", "role", "purpose"},
	"exec":                   {"exec", "command", "cmd", "script", "run", "argv", "program", "shell", "start", "cmdline", "execute", "test", "target"},
	"env":                    {"env", "environment", "variable", "var"},
	"dir":                    {"dir", "cwd", "directory", "workdir", "folder", "working dir", "pwd"},
	"oneshot":                {"oneshot", "one shot", "once", "single"},
	"timeout":                {"timeout !stop !kill !shutdown", "time limit", "deadline", "max runtime", "time out !stop"},
	"stop_signal":            {"stop signal", "kill signal", "signal", "term signal"},
	"stop_timeout":           {"stop timeout", "stop grace", "kill timeout", "kill after", "grace !start", "stop wait", "shutdown timeout", "term timeout", "stop"},
	"retry.max_attempts":     {"attempt", "max attempt", "max retry", "retry !health !delay !interval", "tries", "limit", "max restart", "restart limit", "max try"},
	"retry.delay":            {"delay !max", "wait !max", "restart delay !max", "backoff initial", "initial", "base", "interval", "pause", "first"},
	"retry.backoff":          {"backoff !max !cap !delay !initial", "strategy", "growth", "mode", "curve", "policy"},
	"retry.max_delay":        {"max delay", "delay max", "cap", "max wait", "backoff max", "max backoff", "ceiling", "upper", "max"},
	"retry.stability_period": {"stability", "stable", "reset", "healthy after", "uptime", "settle", "min uptime"},
	"schedule.interval":      {"interval", "every", "period !start !grace", "frequency", "cadence"},
	"schedule.start_period":  {"start period", "grace", "initial delay", "start delay", "start grace", "warmup", "delay"},
	"schedule.retries":       {"retry", "threshold", "failure", "tries", "fail"},
	"status":                 {"status", "state", "wanted", "desired", "target", "enabled", "goal"},
	"class":                  {"class", "category", "group", "tier", "scope"},
	"dependencies.requires":  {"require", "need", "depend", "requirement"},
	"dependencies.after":     {"after", "order"},
	"dependencies.wants":     {"want", "wish"},
	"dependencies.conflicts": {"conflict", "exclude"},
	"state":                  {"state", "status", "phase", "condition", "lifecycle"},
	"pid":                    {"pid", "process id", "process", "main pid"},
	"health":                 {"health", "healthy", "check"},
	"restarts":               {"restart", "restart count", "retry", "respawn"},
	"error":                  {"error", "reason", "message", "last error", "detail", "cause"},
	"id":                     {"id", "number", "seq", "job", "run"},
	"action":                 {"action", "command", "name", "step"},
	"attempt":                {"attempt", "try", "retry", "run number"},
	"started":                {"start", "started", "begin", "since", "begun"},
	"ended":                  {"end", "ended", "finish", "finished", "stop", "stopped", "exit"},
	"exit_code":              {"exit code", "exit", "code", "exit status", "rc", "return"},
	"signal":                 {"signal", "sig", "term signal"},
}

// nameScore returns how well a path's words call a member: 0 not at all, up to 100. Words of the last key count most.
func nameScore(member string, path dialect.Path) int {
	if len(path) == 0 {
		return 0
	}
	last := tokens(path[len(path)-1])
	all := tokens(path.String())
	best := 0
	for i, phrase := range memberWords[member] {
		score := phraseScore(phrase, last, all)
		if score > 0 {
			best = max(best, score-min(i, 8)*4)
		}
	}
	return best
}

// phraseScore returns how well words match a phrase.
func phraseScore(phrase string, last, all []string) int {
	inLast, needed := 0, 0
	for word := range strings.FieldsSeq(phrase) {
		if forbidden, isForbidden := strings.CutPrefix(word, "!"); isForbidden {
			if slices.Contains(all, forbidden) {
				return 0
			}
			continue
		}
		needed++
		switch {
		case slices.Contains(last, word):
			inLast++
		case !slices.Contains(all, word):
			return 0
		}
	}
	if needed == 0 || inLast == 0 {
		return 0
	}
	extra := 0
	for _, word := range last {
		if !strings.Contains(" "+phrase+" ", " "+word+" ") && !slices.Contains(unitWords, word) {
			extra++
		}
	}
	return max(10, 60+10*needed-10*extra)
}
