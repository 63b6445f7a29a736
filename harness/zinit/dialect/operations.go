package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Operation is something that the model can be asked for.
type Operation string

// The operations of the model (suites/contract/zinit-0.4.md#methods).
const (
	Discover     Operation = "discover"
	Ping         Operation = "ping"
	SetService   Operation = "set-service"
	GetService   Operation = "get-service"
	Delete       Operation = "delete-service"
	List         Operation = "list"      // the names of all services
	ListFull     Operation = "list-full" // the status of all services
	StatusOf     Operation = "status"
	Start        Operation = "start"
	Stop         Operation = "stop"
	Restart      Operation = "restart"
	Kill         Operation = "kill"
	SetAction    Operation = "set-action"
	GetAction    Operation = "get-action"
	ListActions  Operation = "list-actions"
	DeleteAction Operation = "delete-action"
	ListJobs     Operation = "list-jobs"
	Logs         Operation = "logs"
)

// Argument is a parameter of an operation of the model.
type Argument string

// The arguments.
const (
	TheName     Argument = "name"     // of a service; of an action for actions, jobs and logs
	TheDocument Argument = "document" // a service's or an action's
	TheSignal   Argument = "signal"
	TheLimit    Argument = "limit" // how many jobs or lines
)

// Arguments returns the arguments of an operation. The name of SetService and SetAction, and the last of Kill, ListActions, ListJobs and Logs
// may be left out.
func Arguments(operation Operation) []Argument {
	switch operation {
	case SetService, SetAction:
		return []Argument{TheName, TheDocument}
	case GetService, Delete, StatusOf, Start, Stop, Restart, GetAction, ListActions, DeleteAction:
		return []Argument{TheName}
	case Kill:
		return []Argument{TheName, TheSignal}
	case ListJobs, Logs:
		return []Argument{TheName, TheLimit}
	}
	return nil
}

// Operations lists all operations, in the contract's order.
func Operations() []Operation {
	return []Operation{
		Discover, Ping, SetService, GetService, Delete, List, ListFull, StatusOf, Start, Stop, Restart, Kill,
		SetAction, GetAction, ListActions, DeleteAction, ListJobs, Logs,
	}
}

// Call is how an operation is asked for.
type Call struct {
	// Method is the method's name, or a route.
	Method string `yaml:"method"`
	// Order lists the arguments of parameters by position. It is empty for parameters by name.
	Order []Argument `yaml:"order,omitempty"`
	// Rest are parameters by position that always follow those of Order as they are.
	Rest []any `yaml:"rest,omitempty"`
	// At is where each argument is in the parameters by name. The document at an empty path is the parameters themselves. A name in
	// braces is a part of the route's path.
	At map[Argument]Path `yaml:"at,omitempty"`
	// Fixed are parameters by name that are always sent as they are.
	Fixed map[string]any `yaml:"fixed,omitempty"`
	// SignalForm is how Kill writes its signal.
	SignalForm Form `yaml:"signal_form,omitempty"`
	// Result is where the answer is in the result. An empty path is the result itself.
	Result Path `yaml:"result,omitempty"`
	// Keyed says that a list comes as an object, and what its keys are.
	Keyed Keyed `yaml:"keyed,omitempty"`
	// Entry is where the name or the line is in each entry of a list of names or lines; empty if entries are texts.
	Entry Path `yaml:"entry,omitempty"`
}

// Takes reports whether the call has a place for an argument.
func (c Call) Takes(argument Argument) bool {
	_, named := c.At[argument]
	return named || slices.Contains(c.Order, argument)
}

// IsInPath reports whether a parameter's name stands for a part of a route's path, as "{name}" does.
func IsInPath(parameter string) bool {
	return strings.HasPrefix(parameter, "{") && strings.HasSuffix(parameter, "}")
}

// IsInRoute reports whether a place is a part of a route's path, which stays.
func (p Path) IsInRoute() bool { return len(p) == 1 && IsInPath(p[0]) }

// check returns an error that names what the operation does not have.
func (c Call) check(operation Operation) error {
	if !slices.Contains(Operations(), operation) {
		return fmt.Errorf("the model has no such operation: use one of %v", Operations())
	}
	if c.Method == "" {
		return fmt.Errorf("it has no method")
	}
	for _, argument := range slices.Concat(c.Order, slices.Sorted(maps.Keys(c.At))) {
		if !slices.Contains(Arguments(operation), argument) {
			return fmt.Errorf("it has no argument %q: use %v", argument, Arguments(operation))
		}
	}
	if len(c.Order) > 0 && len(c.At) > 0 {
		return fmt.Errorf("its parameters are both by position (order) and by name (at): give one of them")
	}
	return nil
}

// Request returns the parameters that ask for an operation; nil for none. Arguments are a string for a name or a signal, an
// int for a limit (0 leaves it out), and a document as Encode returns it.
func (c Call) Request(arguments map[Argument]any) (any, error) {
	written := map[Argument]any{}
	for argument, value := range arguments {
		if value == nil || value == 0 || value == "" {
			continue
		}
		if argument == TheSignal {
			signal, err := writeSignal(c.SignalForm, fmt.Sprint(value))
			if err != nil {
				return nil, err
			}
			value = signal
		}
		written[argument] = value
	}
	if len(c.Order) > 0 {
		var list []any
		for _, argument := range c.Order {
			if value, ok := written[argument]; ok {
				list = append(list, value)
			}
		}
		return append(list, c.Rest...), nil
	}
	if c.Rest != nil {
		return slices.Clone(c.Rest), nil
	}
	params := any(clone(c.Fixed))
	for _, argument := range slices.Sorted(maps.Keys(written)) {
		at, ok := c.At[argument]
		if !ok {
			return nil, fmt.Errorf("ask for %s: the dialect does not say where its %s goes", c.Method, argument)
		}
		var err error
		value := written[argument]
		if document, ok := value.(map[string]any); ok {
			value = clone(document) // others may be put beside its members
		}
		if params, err = at.Set(params, value); err != nil {
			return nil, fmt.Errorf("ask for %s: %w", c.Method, err)
		}
	}
	if object, ok := params.(map[string]any); ok && len(object) == 0 {
		return c.emptyWrapper(), nil
	}
	return params, nil
}

// emptyWrapper returns the object that all parameters would be in, empty; nil if they are in none.
func (c Call) emptyWrapper() any {
	for _, argument := range slices.Sorted(maps.Keys(c.At)) {
		if at := c.At[argument]; argument != TheDocument && len(at) > 1 {
			params, _ := at[:len(at)-1].Set(nil, map[string]any{})
			return params
		}
	}
	return nil
}
