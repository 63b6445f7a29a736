package zinit

import (
	"encoding/json"
	"errors"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// The errors that a supervisor can answer. Find them with errors.Is.
var (
	ErrNotFound        = errors.New("not found")
	ErrAlreadyInState  = errors.New("already in that state")
	ErrInvalidConfig   = errors.New("invalid config")
	ErrDependencyCycle = errors.New("dependency cycle")
)

// ErrNotExpressible means that a supervisor, or its dialect, cannot express what was asked of it.
var ErrNotExpressible = errors.New("this dialect of zinit cannot express it")

// ErrConnection means that a call got no answer: no connection, a lost one, silence, or a reply that is not JSON-RPC. Whether the
// call had an effect is unknown.
var ErrConnection = errors.New("no answer")

// ErrForm means that an answer came and has not the form that the dialect says. It comes with ErrConnection.
var ErrForm = errors.New("an unexpected form")

// ErrOnlyHTTP means that HTTP was answered, and not JSON-RPC. It comes with ErrConnection.
var ErrOnlyHTTP = errors.New("the answer is HTTP without JSON-RPC")

// Error is an error that the supervisor itself answered.
type Error struct {
	Code    int
	Message string
	// Data came beside the message to a Conversation, as JSON; nil if nothing did.
	Data json.RawMessage
	// meaning is the error that Code stands for in the dialect, or nil.
	meaning error
}

// IsRefusal reports whether the supervisor itself refused: by an error, or by a null for what does not exist.
func IsRefusal(err error) bool {
	var answer *Error
	return errors.As(err, &answer) || errors.Is(err, ErrNotFound)
}

// Error returns one line: the message and the code.
func (e *Error) Error() string {
	return fmt.Sprintf("%s (code %d)", yamlfile.OneLine(e.Message), e.Code)
}

// Unwrap returns the error that the code stands for in its dialect.
func (e *Error) Unwrap() error { return e.meaning }
