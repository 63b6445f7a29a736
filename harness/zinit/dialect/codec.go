package dialect

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// ErrNotExpressible says that a dialect has no place or no word for what was to be written.
var ErrNotExpressible = errors.New("the dialect cannot express it")

// Encode writes a document of the model. It starts from a copy of the template, a document of the same kind as the supervisor
// gave it, so that members that the model does not know stay as they are there; a nil template is an empty document. Members
// that are absent in the values are removed, or emptied where the shape says that they are required. The error wraps
// ErrNotExpressible and names the member.
func (s Shape) Encode(document Document, values Values, template map[string]any) (map[string]any, error) {
	out := clone(template)
	if template == nil {
		out = map[string]any{}
	}
	for _, known := range Members(document) {
		value, given := values[known.Name]
		member, placed := s[known.Name]
		switch {
		case !placed && (!given || IsZero(value)):
			continue
		case !placed:
			return nil, fmt.Errorf("write the %s: it has no place for %s: %w", document, known.Name, ErrNotExpressible)
		case isMeant(known, given): // a zero of a policy says something
		case (!given || IsZero(value)) && !member.Required:
			if !member.isEmptyIn(known, out) {
				member.At.Delete(out)
			}
			continue
		case (!given || IsZero(value)) && member.keeps(known, out):
			continue
		case !given || value == nil:
			value = zero(known)
		}
		theirs, err := member.write(known, value)
		if err != nil {
			return nil, fmt.Errorf("write the %s: %s: %w: %w", document, known.Name, err, ErrNotExpressible)
		}
		if out, err = member.At.Set(out, theirs); err != nil {
			return nil, fmt.Errorf("write the %s: %s: %w", document, known.Name, err)
		}
	}
	object, ok := out.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("write the %s: it is no object", document)
	}
	return object, nil
}

// isMeant reports whether a value is written even if it is zero: in a policy and a schedule 0 means no limit, not the supervisor's usual one
// (suites/contract/zinit-0.4.md#stability).
func isMeant(known Known, given bool) bool {
	return given && (known.Type == Number || known.Type == Duration) && (strings.HasPrefix(known.Name, "retry.") || strings.HasPrefix(known.Name, "schedule."))
}

// isEmptyIn reports whether a document has the member, and it says nothing there: a strict supervisor may want it to be there.
func (m Member) isEmptyIn(known Known, document any) bool {
	theirs, there := m.At.Get(document)
	if !there {
		return false
	}
	value, err := m.read(known, theirs)
	return err == nil && IsZero(value)
}

// keeps reports whether a required member without a value keeps what the template says: a word, a signal or a duration, which the supervisor's own
// documents have as usual.
func (m Member) keeps(known Known, template any) bool {
	theirs, there := m.At.Get(template)
	return there && theirs != nil && slices.Contains([]Type{Word, Flag, Signal, Duration}, known.Type)
}

// Decode reads a document of the model. Members that the document lacks have their default, or are absent. The error names
// the first member that is not what the shape says.
func (s Shape) Decode(document Document, theirs any) (Values, error) {
	values := Values{}
	if _, ok := theirs.(map[string]any); !ok {
		return nil, fmt.Errorf("read the %s: %s is no object", document, brief(theirs))
	}
	for _, known := range Members(document) {
		member, placed := s[known.Name]
		if !placed {
			continue
		}
		found, there := member.At.Get(theirs)
		if !there {
			if member.Default != nil {
				values[known.Name] = member.Default
			}
			continue
		}
		value, err := member.read(known, found)
		if err != nil && member.Lenient {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the %s: %s at %q: %w", document, known.Name, member.At, err)
		}
		if value != nil {
			values[known.Name] = value
		}
	}
	return values, nil
}

// Extras returns the keys of a document's first level that hold no member of the model.
func (s Shape) Extras(theirs map[string]any) []string {
	used := map[string]bool{}
	for _, member := range s {
		if len(member.At) > 0 {
			used[member.At[0]] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(theirs)), func(key string) bool { return used[key] })
}

// IsZero reports whether a value of the model says nothing: it is absent, zero or empty.
func IsZero(value any) bool {
	if value == nil {
		return true
	}
	v := reflect.ValueOf(value)
	return v.IsZero() || ((v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0)
}

// defaultStopTimeout stands for an absent stop timeout (suites/contract/zinit-0.4.md#model).
const defaultStopTimeout = 10 * time.Second

// zero returns the value that an empty required member is written as: of a word its first, which is the model's default.
func zero(known Known) any {
	switch known.Type {
	case Number:
		return int64(0)
	case Flag:
		return false
	case Names:
		return []string{}
	case Pairs:
		return map[string]string{}
	case Duration:
		if known.Name == "stop_timeout" {
			return defaultStopTimeout
		}
		return time.Duration(0)
	case Time:
		return time.Time{}
	case Word:
		return known.Words[0]
	case Signal:
		return "SIGTERM"
	}
	return ""
}
