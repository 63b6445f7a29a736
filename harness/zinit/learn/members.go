package learn

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// learnAction learns the shape of an action from a document whose values are known. standing documents have members that say which action
// it is.
func (l *learner) learnAction(document map[string]any, subject Expected, kind string, standing bool) dialect.Shape {
	expected, under := subject.Run, "action."
	if kind == "health" {
		expected, under = subject.Health, "health-action."
	}
	shape := dialect.Shape{}
	found := leaves(document)
	if exec := execLeaf(document, false); exec.at != nil {
		shape["exec"] = dialect.Member{At: exec.at, Form: commandForm(exec.value)}
		l.note(under+"exec", Shipped)
	}
	if standing {
		for _, one := range found {
			switch one.value {
			case subject.Service + "." + kind:
				shape["name"] = dialect.Member{At: one.at}
				l.note(under+"name", Shipped)
			case subject.Service:
				shape["service"] = dialect.Member{At: one.at}
				l.note(under+"service", Shipped)
			}
		}
	}
	l.addExpected(shape, found, expected, under)
	used := map[string]bool{}
	for _, member := range shape {
		used[member.At.String()] = true
	}
	left := slices.DeleteFunc(slices.Clone(found), func(one leaf) bool { return used[one.at.String()] })
	for _, name := range []string{"env", "dir", "oneshot", "stop_signal", "stop_timeout", "timeout", "retry.backoff", "schedule.retries"} {
		if _, known := shape[name]; known || (kind == "run" && name == "schedule.retries") || (kind == "health" && strings.HasPrefix(name, "retry.")) {
			continue
		}
		addByName(shape, dialect.Action, left, name)
		if member, added := shape[name]; added {
			if known, _ := dialect.MemberOf(dialect.Action, name); known.Type == dialect.Duration && member.Form == "" {
				value, _ := member.At.Get(document)
				unit, isProven := plausibleUnit(value)
				if !isProven {
					unit = unitLike(shape, document, name)
					l.unproven[under+name] = true
				}
				member.Form = unit
				shape[name] = member
			}
			l.note(under+name, Guessed)
		}
	}
	l.addBackoff(shape, document, expected, under)
	return shape
}

// unitLike returns the unit of a duration whose name says none, as the other durations of the document have it that say none, and whose values are known.
func unitLike(shape dialect.Shape, document map[string]any, name string) dialect.Form {
	isDuration := func(name string) bool {
		known, _ := dialect.MemberOf(dialect.Action, name)
		return known.Type == dialect.Duration
	}
	if value, _ := shape[name].At.Get(document); !isDuration(name) || !isNumber(value) {
		return ""
	}
	for _, other := range slices.Sorted(maps.Keys(shape)) {
		member := shape[other]
		value, _ := member.At.Get(document)
		if isDuration(other) && isNumber(value) && member.Form != "" && unitOf(member.At[len(member.At)-1]) == "" {
			return member.Form
		}
	}
	return ""
}

// plausibleUnit returns the only unit in which a number is a time that a service may be given, if there is only one. That a number of ours is read
// back as it was set tells nothing of its unit.
func plausibleUnit(value any) (dialect.Form, bool) {
	const shortest, longest = time.Second, 6 * time.Minute
	number, _ := value.(float64)
	var found []dialect.Form
	for form, unit := range map[dialect.Form]time.Duration{
		dialect.Nanoseconds: time.Nanosecond, dialect.Microseconds: time.Microsecond, dialect.Milliseconds: time.Millisecond, dialect.Seconds: time.Second, dialect.Minutes: time.Minute,
	} {
		if d := number * float64(unit); d >= float64(shortest) && d <= float64(longest) {
			found = append(found, form)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

func isNumber(value any) bool {
	_, is := value.(float64)
	return is
}

// candidate is a leaf that may be a member, with the form in which it holds the expected value.
type candidate struct {
	member string
	at     dialect.Path
	form   dialect.Form
	score  int
}

// addExpected adds the members whose values are known. A value speaks for a leaf, its name even more; each leaf is one member's.
func (l *learner) addExpected(shape dialect.Shape, found []leaf, expected dialect.Values, under string) {
	var all []candidate
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		known, ok := dialect.MemberOf(dialect.Action, name)
		if !ok || (known.Type != dialect.Duration && known.Type != dialect.Number) || dialect.IsZero(expected[name]) {
			continue
		}
		for _, one := range found {
			form, holds := formThatHolds(known, one, expected[name])
			if !holds {
				continue
			}
			score := nameScore(name, one.at)
			all = append(all, candidate{name, one.at, form, score})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return b.score - a.score })
	taken := map[string]bool{}
	for _, one := range all {
		if _, known := shape[one.member]; known || taken[one.at.String()] {
			continue
		}
		alone := countMember(all, one.member, taken) == 1
		if one.score == 0 && !alone {
			continue // two unnamed leaves with the same value cannot be told apart
		}
		shape[one.member] = dialect.Member{At: one.at, Form: one.form}
		taken[one.at.String()] = true
		l.note(under+one.member, Shipped)
	}
}

// countMember returns how many leaves that are left may be a member.
func countMember(all []candidate, member string, taken map[string]bool) int {
	count := 0
	for _, one := range all {
		if one.member == member && !taken[one.at.String()] {
			count++
		}
	}
	return count
}

// formThatHolds returns the form in which a leaf holds a value. The unit in its name has to agree.
func formThatHolds(known dialect.Known, one leaf, value any) (dialect.Form, bool) {
	if known.Type == dialect.Number {
		read, err := decodeOne(known, one.value, "")
		return quotedForm(one.value), err == nil && read == value
	}
	named := unitOf(one.at[len(one.at)-1])
	for _, form := range []dialect.Form{dialect.Milliseconds, dialect.Seconds, dialect.Microseconds, dialect.Nanoseconds, dialect.Minutes, dialect.SecsNanos, dialect.Written, dialect.ISO8601} {
		_, isNumber := one.value.(float64)
		isUnit := slices.Contains([]dialect.Form{dialect.Milliseconds, dialect.Seconds, dialect.Microseconds, dialect.Nanoseconds, dialect.Minutes}, form)
		_, isObject := one.value.(map[string]any)
		if isUnit != isNumber || (form == dialect.SecsNanos) != isObject || (isNumber && named != "" && named != form) || (form == dialect.ISO8601) != isISO(one.value) {
			continue
		}
		if read, err := decodeOne(known, one.value, form); err == nil && read == value {
			return form, true
		}
	}
	return "", false
}

func isISO(value any) bool {
	text, ok := value.(string)
	return ok && strings.HasPrefix(text, "P")
}

func quotedForm(value any) dialect.Form {
	if _, isText := value.(string); isText {
		return dialect.Quoted
	}
	return ""
}

// decodeOne reads a value as a member in a form.
func decodeOne(known dialect.Known, value any, form dialect.Form) (any, error) {
	shape := dialect.Shape{known.Name: {At: dialect.Path{"v"}, Form: form}}
	values, err := shape.Decode(dialect.Action, map[string]any{"v": value})
	return values[known.Name], err
}

// formOf returns the form of a leaf that is a member, if its value is not known: by the unit in its name, or by how it is written.
func formOf(document dialect.Document, name string, one leaf, expected any) dialect.Form {
	known, _ := dialect.MemberOf(document, name)
	if expected != nil {
		form, _ := formThatHolds(known, one, expected)
		return form
	}
	switch known.Type {
	case dialect.Duration:
		switch v := one.value.(type) {
		case map[string]any:
			return dialect.SecsNanos
		case string:
			if isISO(v) {
				return dialect.ISO8601
			}
			return dialect.Written
		}
		return unitOf(one.at[len(one.at)-1])
	case dialect.Signal:
		switch v := one.value.(type) {
		case float64:
			return dialect.Numeric
		case string:
			if v == strings.ToLower(v) {
				return dialect.Lower
			}
			if !strings.HasPrefix(v, "SIG") {
				return dialect.Short
			}
		}
	case dialect.Names:
		return namesForm(one.value)
	case dialect.Pairs:
		return pairsForm(one.value)
	}
	return ""
}

func pairsForm(value any) dialect.Form {
	list, ok := value.([]any)
	switch {
	case !ok:
		return ""
	case len(list) == 0: // the most usual one; a refusal leads to others
		return dialect.Equals
	}
	switch list[0].(type) {
	case string:
		return dialect.Equals
	case []any:
		return dialect.Tuples
	}
	return dialect.Objects
}

// commandForm returns the form of a command. A list of words takes ours as a call of a shell.
func commandForm(value any) dialect.Form {
	if _, isList := value.([]any); isList {
		return dialect.ShellArgv
	}
	return ""
}

// fits reports whether a value can be a member's; null and empty ones fit each.
func fits(known dialect.Known, value any) bool {
	if value == nil {
		return true
	}
	switch known.Type {
	case dialect.Flag:
		_, isFlag := value.(bool)
		return isFlag
	case dialect.Number:
		_, isNumber := value.(float64)
		return isNumber
	case dialect.Duration:
		_, isFlag := value.(bool)
		_, isList := value.([]any)
		return !isFlag && !isList
	case dialect.Pairs:
		_, isObject := value.(map[string]any)
		_, isList := value.([]any)
		return isObject || isList
	case dialect.Names:
		_, ok := namesIn(value)
		return ok
	case dialect.Text, dialect.Signal:
		_, isText := value.(string)
		_, isNumber := value.(float64)
		return isText || (known.Type == dialect.Signal && isNumber)
	case dialect.Word:
		_, isText := value.(string)
		_, isObject := value.(map[string]any)
		_, isFlag := value.(bool)
		return isText || isObject || isFlag
	}
	return true
}

// addBackoff finds the word for the growth of delays: the one that stands for the growth that is expected.
func (l *learner) addBackoff(shape dialect.Shape, document map[string]any, expected dialect.Values, under string) {
	growth, _ := expected["retry.backoff"].(string)
	l.findGrowth(shape, document, growth)
	member, known := shape["retry.backoff"]
	if !known || growth == "" {
		delete(shape, "retry.backoff")
		return
	}
	theirs, _ := member.At.Get(document)
	model, _ := dialect.MemberOf(dialect.Action, "retry.backoff")
	member.Words = map[string]any{growth: theirs}
	for _, word := range model.Words {
		if other, ok := sayLike(theirs, growth, word); ok {
			member.Words[word] = other
		}
	}
	l.note(under+"retry.backoff", Shipped)
	shape["retry.backoff"] = member
}

// findGrowth finds the one leaf that says the expected growth, whatever its name is.
func (l *learner) findGrowth(shape dialect.Shape, document map[string]any, growth string) {
	if _, known := shape["retry.backoff"]; known || growth == "" {
		return
	}
	var saying []leaf
	for _, one := range leaves(document) {
		if text, isText := one.value.(string); isText && strings.EqualFold(text, growth) {
			saying = append(saying, one)
		}
	}
	for _, one := range leaves(document) { // {"Exponential": {}}
		if last := len(one.at) - 1; last > 0 && strings.EqualFold(one.at[last], growth) && isNothing(one.value) {
			saying = append(saying, leaf{one.at[:last], nil})
		}
	}
	if len(saying) == 1 {
		shape["retry.backoff"] = dialect.Member{At: saying[0].at}
	}
}

// sayLike returns another word in the form of a value that says a word: in its case, and inside of its object.
func sayLike(theirs any, said, other string) (any, bool) {
	switch v := theirs.(type) {
	case string:
		switch {
		case v == said:
			return other, true
		case v == strings.ToUpper(said):
			return strings.ToUpper(other), true
		case strings.EqualFold(v, said):
			return strings.ToUpper(other[:1]) + other[1:], true
		}
	case map[string]any:
		if len(v) != 1 {
			return nil, false
		}
		for key, inner := range v {
			if like, ok := sayLike(inner, said, other); ok {
				return map[string]any{key: like}, true
			}
			if like, ok := sayLike(key, said, other); ok && isNothing(inner) {
				return map[string]any{like.(string): inner}, true //nolint:forcetypeassert // a text is said like a text
			}
		}
	}
	return nil, false
}

func equalJSON(a, b any) bool {
	first, errA := json.Marshal(a)
	second, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(first) == string(second)
}

func deepCopy(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var copied any
	if err := json.Unmarshal(text, &copied); err != nil {
		return nil
	}
	return copied
}

// between reports whether a measured time is what was set, as precisely as it was looked at.
func between(measured, set, slack time.Duration) bool {
	return measured >= set-slack && measured <= set+slack
}
