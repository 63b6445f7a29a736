package zinit

import (
	"errors"
	"fmt"
)

// What a supervisor can answer but yes; find them with errors.Is.
var (
	ErrNotFound        = errors.New("not found")
	ErrAlreadyInState  = errors.New("already in that state")
	ErrInvalidConfig   = errors.New("invalid config")
	ErrDependencyCycle = errors.New("dependency cycle")
)

// ErrNotExpressible says that a supervisor, or the dialect that is spoken with it, has no words for what was asked of it.
var ErrNotExpressible = errors.New("this dialect of zinit cannot express it")

// ErrConnection says that a call got no answer: no connection, a lost one, silence, or a reply
// that is no JSON-RPC. Nothing is known about the effect of the call.
var ErrConnection = errors.New("no answer")

// Error is an error that the supervisor itself answered.
type Error struct {
	Code    int
	Message string
	// meaning is the sentinel that the dialect's table of codes gives to Code, or nil.
	meaning error
}

// Error returns one line: the message and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// Unwrap returns the sentinel that the code stands for in the dialect it came in.
func (e *Error) Unwrap() error { return e.meaning }
