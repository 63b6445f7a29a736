package dialect

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Form is how a value of a type is written. The empty form is the first that FormsOf lists for the type.
type Form string

// The forms of durations, and of points in time since 1970.
const (
	Milliseconds Form = "ms"
	Seconds      Form = "s"
	Microseconds Form = "us"
	Nanoseconds  Form = "ns"
	Minutes      Form = "min"
	SecsNanos    Form = "secs-nanos" // {"secs": 5, "nanos": 0}, as Rust's Duration
	Written      Form = "written"    // "5s", "1m30s", "500ms"; of a time RFC 3339
	ISO8601      Form = "iso8601"    // "PT1M30S"
)

// The forms of other types.
const (
	Plain     Form = "plain"      // as JSON has it
	Quoted    Form = "quoted"     // a number in a text
	ZeroOrOne Form = "0-1"        // a flag as a number
	Inverted  Form = "inverted"   // a flag that says the opposite
	Short     Form = "short"      // a signal without SIG: "TERM"
	Lower     Form = "lower"      // a signal in lower case without SIG: "term"
	Numeric   Form = "numeric"    // a signal's number
	Commas    Form = "commas"     // names in one text
	KeySet    Form = "keys"       // names as the keys of an object
	Objects   Form = "objects"    // names as [{"name": N}]; pairs as [{"name": K, "value": V}]
	Equals    Form = "equals"     // pairs as ["K=V"]
	Tuples    Form = "tuples"     // pairs as [["K", "V"]]
	ShellArgv Form = "shell-argv" // a command as ["/bin/sh", "-c", C]
)

// durationUnits are the units of the forms that are one number.
var durationUnits = map[Form]time.Duration{
	Milliseconds: time.Millisecond, Seconds: time.Second, Microseconds: time.Microsecond, Nanoseconds: time.Nanosecond, Minutes: time.Minute,
}

// FormsOf returns the forms that values of a type may have, and the empty one for the first of them.
func FormsOf(t Type) []Form {
	var forms []Form
	switch t {
	case Duration, Time:
		forms = []Form{Milliseconds, Seconds, Microseconds, Nanoseconds, Minutes, SecsNanos, Written, ISO8601}
	case Number:
		forms = []Form{Plain, Quoted}
	case Flag:
		forms = []Form{Plain, ZeroOrOne, Inverted}
	case Signal:
		forms = []Form{Plain, Short, Lower, Numeric}
	case Names:
		forms = []Form{Plain, Commas, KeySet, Objects}
	case Pairs:
		forms = []Form{Plain, Equals, Objects, Tuples}
	case Command:
		forms = []Form{Plain, ShellArgv}
	default:
		forms = []Form{Plain}
	}
	return append(forms, "")
}

// write returns a value of the model in the member's spelling, as JSON has it after decoding.
func (m Member) write(known Known, value any) (any, error) {
	if word := fmt.Sprint(value); m.Words != nil && (known.Type == Word || known.Type == Flag) {
		theirs, ok := m.Words[word]
		if !ok {
			return nil, fmt.Errorf("the dialect has no word for %q", word)
		}
		return clone(theirs), nil
	}
	switch v := value.(type) {
	case time.Duration:
		return writeDuration(m.Form, v)
	case time.Time:
		return writeTime(m.Form, v)
	case int64:
		if m.Form == Quoted {
			return strconv.FormatInt(v, 10), nil
		}
		return float64(v), nil
	case bool:
		switch m.Form {
		case ZeroOrOne:
			return map[bool]float64{false: 0, true: 1}[v], nil
		case Inverted:
			return !v, nil
		}
		return v, nil
	case []string:
		return writeNames(m.Form, v), nil
	case map[string]string:
		return writePairs(m.Form, v), nil
	case string:
		switch {
		case known.Type == Signal:
			return writeSignal(m.Form, v)
		case m.Form == ShellArgv:
			return []any{"/bin/sh", "-c", v}, nil
		}
		return v, nil
	}
	return nil, fmt.Errorf("a value of the type %T is none of the model's", value)
}

// Write returns a value of the model in the member's spelling, as JSON has it after decoding. The value may be one that no supervisor should take,
// as a negative duration.
func (m Member) Write(known Known, value any) (any, error) { return m.write(known, value) }

// IsWrong reports whether a value of JSON cannot be right for the member: it is empty, a word or a signal that nobody knows, or of another
// type than what is right.
func (m Member) IsWrong(known Known, theirs any) bool {
	if text, isText := theirs.(string); isText {
		switch known.Type {
		case Word:
			return !slices.Contains(known.Words, text)
		case Signal:
			_, isKnown := signals[text]
			return !isKnown
		case Flag:
			return true
		}
		if text == "" {
			return true
		}
	}
	right, err := m.write(known, zero(known))
	return err == nil && reflect.TypeOf(theirs) != reflect.TypeOf(right)
}

// read returns a value of the model that is written in the member's spelling. A JSON null is the zero value.
func (m Member) read(known Known, theirs any) (any, error) {
	if theirs == nil {
		return nil, nil //nolint:nilnil // null stands for an absent member
	}
	switch known.Type {
	case Duration:
		return readDuration(m.Form, theirs)
	case Time:
		return readTime(m.Form, theirs)
	case Number:
		return readNumber(theirs)
	case Flag:
		return m.readFlag(theirs)
	case Word:
		return m.readWord(known, theirs)
	case Signal:
		return readSignal(theirs)
	case Names:
		return readNames(theirs)
	case Pairs:
		return readPairs(theirs)
	case Command:
		return readCommand(theirs)
	}
	text, ok := theirs.(string)
	if !ok {
		return nil, fmt.Errorf("%s is no text", brief(theirs))
	}
	return text, nil
}

func writeDuration(form Form, d time.Duration) (any, error) {
	switch form {
	case SecsNanos:
		return map[string]any{"secs": float64(d / time.Second), "nanos": float64(d % time.Second)}, nil
	case Written:
		return writtenDuration(d), nil
	case ISO8601:
		return isoDuration(d), nil
	case "":
		form = Milliseconds
	}
	unit, ok := durationUnits[form]
	if !ok {
		return nil, fmt.Errorf("a duration has no form %q", form)
	}
	return float64(d) / float64(unit), nil
}

// writtenDuration writes a duration without the zeros that Go's own text has: "1m30s", "500ms", "0s".
func writtenDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func isoDuration(d time.Duration) string {
	text := "PT"
	if hours := d / time.Hour; hours > 0 {
		text += fmt.Sprintf("%dH", hours)
	}
	if minutes := d % time.Hour / time.Minute; minutes > 0 {
		text += fmt.Sprintf("%dM", minutes)
	}
	if seconds := (d % time.Minute).Seconds(); seconds > 0 || text == "PT" {
		text += strconv.FormatFloat(seconds, 'f', -1, 64) + "S"
	}
	return text
}

func readDuration(form Form, theirs any) (time.Duration, error) {
	switch v := theirs.(type) {
	case float64:
		unit, ok := durationUnits[form]
		if form == "" {
			unit, ok = time.Millisecond, true
		}
		if !ok {
			return 0, fmt.Errorf("%s is a number, not a duration of the form %s", brief(theirs), form)
		}
		return scaled(v, unit)
	case string:
		if unit, ok := durationUnits[form]; ok {
			number, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return 0, fmt.Errorf("%s is no number", brief(theirs))
			}
			return scaled(number, unit)
		}
		return parseDuration(v)
	case map[string]any:
		return secsNanos(v)
	}
	return 0, fmt.Errorf("%s is no duration", brief(theirs))
}

// scaled returns a number of units as a duration; one that no duration can hold is an error.
func scaled(number float64, unit time.Duration) (time.Duration, error) {
	d := number * float64(unit)
	if math.IsNaN(d) || math.Abs(d) >= math.MaxInt64 {
		return 0, fmt.Errorf("%v is too large for a duration", number)
	}
	return time.Duration(math.Round(d)), nil
}

// parseDuration reads "5s", "1m 30s", "5 seconds" and "PT5S".
func parseDuration(text string) (time.Duration, error) {
	rest := strings.ToLower(strings.ReplaceAll(text, " ", ""))
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "pt"), "p")
	if rest == "" {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	var total float64
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if digits <= 0 {
			return 0, fmt.Errorf("%q is no duration", text)
		}
		number, err := strconv.ParseFloat(rest[:digits], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration", text)
		}
		rest = rest[digits:]
		letters := strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' })
		if letters < 0 {
			letters = len(rest)
		}
		unit, ok := unitNamed(rest[:letters])
		if !ok {
			return 0, fmt.Errorf("%q is no duration: the unit %q is unknown", text, rest[:letters])
		}
		total += number * float64(unit)
		rest = rest[letters:]
	}
	return scaled(total, 1)
}

func unitNamed(name string) (time.Duration, bool) {
	switch name {
	case "ns", "nanos", "nanoseconds":
		return time.Nanosecond, true
	case "us", "µs", "micros", "microseconds":
		return time.Microsecond, true
	case "ms", "millis", "msec", "milliseconds":
		return time.Millisecond, true
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hour", "hours":
		return time.Hour, true
	}
	return 0, false
}

// secsNanos reads an object of two numbers, the whole seconds and the nanoseconds, whatever they are called.
func secsNanos(object map[string]any) (time.Duration, error) {
	var secs, nanos float64
	found := false
	for _, key := range slices.Sorted(maps.Keys(object)) {
		number, ok := object[key].(float64)
		if !ok {
			return 0, fmt.Errorf("%s is no duration", brief(object))
		}
		switch lower := strings.ToLower(key); {
		case strings.Contains(lower, "nano") || strings.Contains(lower, "nsec"):
			nanos = number
		case strings.HasPrefix(lower, "sec"):
			secs, found = number, true
		default:
			return 0, fmt.Errorf("%s is no duration: the member %q is unknown", brief(object), key)
		}
	}
	if !found {
		return 0, fmt.Errorf("%s is no duration", brief(object))
	}
	whole, err := scaled(secs, time.Second)
	return whole + time.Duration(nanos), err
}

func writeTime(form Form, at time.Time) (any, error) {
	if at.IsZero() {
		return nil, nil //nolint:nilnil // null is how a time that is none is written
	}
	if form == Written || form == ISO8601 {
		return at.UTC().Format(time.RFC3339Nano), nil
	}
	return writeDuration(form, time.Duration(at.UnixNano()))
}

func readTime(form Form, theirs any) (time.Time, error) {
	if text, ok := theirs.(string); ok && durationUnits[form] == 0 {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no time of RFC 3339", text)
		}
		return at, nil
	}
	since, err := readDuration(form, theirs)
	if err != nil || since == 0 {
		return time.Time{}, err
	}
	return time.Unix(0, int64(since)), nil
}

func readNumber(theirs any) (int64, error) {
	switch v := theirs.(type) {
	case float64:
		if v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
			return 0, fmt.Errorf("%s is no whole number", brief(theirs))
		}
		return int64(v), nil
	case string:
		number, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no whole number", v)
		}
		return number, nil
	}
	return 0, fmt.Errorf("%s is no number", brief(theirs))
}

func (m Member) readFlag(theirs any) (bool, error) {
	if word, ok := m.wordOf(theirs); ok {
		return word == "true", nil
	}
	switch v := theirs.(type) {
	case bool:
		return v != (m.Form == Inverted), nil
	case float64:
		if v == 0 || v == 1 {
			return (v == 1) != (m.Form == Inverted), nil
		}
	}
	return false, fmt.Errorf("%s is no flag", brief(theirs))
}

// ErrUnknownWord means that a supervisor says a word of which is not known what it stands for.
var ErrUnknownWord = errors.New("none of the words that the dialect knows")

// readWord returns the model's word. Without a table it is their word in lower case; what the model does not know is kept.
func (m Member) readWord(known Known, theirs any) (string, error) {
	if word, ok := m.wordOf(theirs); ok {
		return word, nil
	}
	text, ok := tagOf(theirs)
	if !ok {
		return "", fmt.Errorf("%s is %w", brief(theirs), ErrUnknownWord)
	}
	if word, said := m.wordOf(text); said {
		return word, nil
	}
	if lower := strings.ToLower(text); m.Words == nil || !slices.Contains(known.Words, lower) {
		return lower, nil
	}
	return "", fmt.Errorf("%q is %w", text, ErrUnknownWord)
}

// tagOf returns the text that a word is written as: itself, or the only key of an object, as Rust writes a variant that has members.
func tagOf(theirs any) (string, bool) {
	switch v := theirs.(type) {
	case string:
		return v, true
	case map[string]any:
		for key := range v {
			return key, len(v) == 1
		}
	}
	return "", false
}

// wordOf returns the model's word for their value, which may be a text, a number, a flag or a tagged object. Texts are
// compared without regard to case (suites/contract/zinit-0.4.md#states).
func (m Member) wordOf(theirs any) (string, bool) {
	for _, word := range slices.Sorted(maps.Keys(m.Words)) {
		if sameWord(m.Words[word], theirs) {
			return word, true
		}
	}
	return "", false
}

// sameWord reports whether two values say the same word. A tagged object may have more members than the table's.
func sameWord(ours, theirs any) bool {
	switch o := ours.(type) {
	case string:
		text, ok := theirs.(string)
		return ok && strings.EqualFold(o, text)
	case map[string]any:
		object, ok := theirs.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range o {
			if inner, there := object[key]; !there || (value != nil && !sameWord(value, inner)) {
				return false
			}
		}
		return true
	}
	return ours == theirs
}

func writeNames(form Form, names []string) any {
	switch form {
	case Commas:
		return strings.Join(names, ",")
	case KeySet:
		set := map[string]any{}
		for _, name := range names {
			set[name] = map[string]any{}
		}
		return set
	}
	list := make([]any, len(names))
	for i, name := range names {
		if list[i] = name; form == Objects {
			list[i] = map[string]any{"name": name}
		}
	}
	return list
}

func readNames(theirs any) ([]string, error) {
	switch v := theirs.(type) {
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }), nil
	case map[string]any:
		return slices.Sorted(maps.Keys(v)), nil
	case []any:
		names := make([]string, 0, len(v))
		for _, entry := range v {
			if object, ok := entry.(map[string]any); ok {
				entry = object["name"]
			}
			name, ok := entry.(string)
			if !ok {
				return nil, fmt.Errorf("%s is no list of names", brief(theirs))
			}
			names = append(names, name)
		}
		return names, nil
	}
	return nil, fmt.Errorf("%s is no list of names", brief(theirs))
}

func writePairs(form Form, pairs map[string]string) any {
	list := []any{}
	object := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		switch value := pairs[key]; form {
		case Equals:
			list = append(list, key+"="+value)
		case Objects:
			list = append(list, map[string]any{"name": key, "value": value})
		case Tuples:
			list = append(list, []any{key, value})
		default:
			object[key] = value
		}
	}
	if form == "" || form == Plain {
		return object
	}
	return list
}

func readPairs(theirs any) (map[string]string, error) {
	pairs := map[string]string{}
	if object, ok := theirs.(map[string]any); ok {
		for key, value := range object {
			text, isText := value.(string)
			if !isText {
				return nil, fmt.Errorf("%s is no text", brief(value))
			}
			pairs[key] = text
		}
		return pairs, nil
	}
	list, ok := theirs.([]any)
	if !ok {
		return nil, fmt.Errorf("%s holds no pairs", brief(theirs))
	}
	for _, entry := range list {
		key, value, ok := pairOf(entry)
		if !ok {
			return nil, fmt.Errorf("%s is no pair", brief(entry))
		}
		pairs[key] = value
	}
	return pairs, nil
}

func pairOf(entry any) (key, value string, ok bool) {
	switch v := entry.(type) {
	case string:
		return strings.Cut(v, "=")
	case []any:
		if len(v) == 2 {
			key, ok = v[0].(string)
			value, isText := v[1].(string)
			return key, value, ok && isText
		}
	case map[string]any:
		name, named := v["name"].(string)
		if !named {
			name, named = v["key"].(string)
		}
		value, isText := v["value"].(string)
		return name, value, named && isText
	}
	return "", "", false
}

// signals are the numbers of the signals that faults and stops use, on Linux.
var signals = map[string]float64{
	"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGABRT": 6, "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGUSR2": 12, "SIGTERM": 15,
	"SIGCONT": 18, "SIGSTOP": 19, "SIGWINCH": 28,
}

func writeSignal(form Form, signal string) (any, error) {
	switch form {
	case Short:
		return strings.TrimPrefix(signal, "SIG"), nil
	case Lower:
		return strings.ToLower(strings.TrimPrefix(signal, "SIG")), nil
	case Numeric:
		number, ok := signals[signal]
		if !ok {
			return nil, fmt.Errorf("the number of the signal %q is not known", signal)
		}
		return number, nil
	}
	return signal, nil
}

func readSignal(theirs any) (string, error) {
	switch v := theirs.(type) {
	case string:
		if number, err := strconv.ParseFloat(v, 64); err == nil {
			return readSignal(number)
		}
		return "SIG" + strings.TrimPrefix(strings.ToUpper(v), "SIG"), nil
	case float64:
		for signal, number := range signals {
			if number == v {
				return signal, nil
			}
		}
	}
	return "", fmt.Errorf("%s is no signal", brief(theirs))
}

// readCommand returns a line for /bin/sh. A list of arguments that is no call of a shell is joined by spaces.
func readCommand(theirs any) (string, error) {
	switch v := theirs.(type) {
	case string:
		return v, nil
	case []any:
		words, err := readNames(v)
		if err != nil {
			return "", err
		}
		if len(words) == 3 && words[1] == "-c" {
			return words[2], nil
		}
		return strings.Join(words, " "), nil
	}
	return "", fmt.Errorf("%s is no command", brief(theirs))
}

// brief returns a value of JSON, fit for one line.
func brief(value any) string {
	const most = 80
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}
