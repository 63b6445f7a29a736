package zinit

import (
	"context"
	"fmt"
)

// DialectBare is no word with the supervisor: neither its RPC nor its commands are understood
// (suites/contract/zinit-0.4.md#dialect). What needs no word with it is judged all the same.
const DialectBare Dialect = "bare"

// Registers reports whether a supervisor of the dialect can be told of services.
func (d Dialect) Registers() bool { return d != DialectCLI && d != DialectBare }

// bare is a supervisor that is not understood.
type bare struct {
	// reason is the answer of the RPC, or that there was none.
	reason string
}

// NewBare returns a supervisor that can be asked nothing: every method but Ping and Close returns an error that wraps ErrNotExpressible
// and contains the reason, one line.
func NewBare(reason string) Supervisor { return bare{reason: reason} }

// Dialect returns DialectBare.
func (bare) Dialect() Dialect { return DialectBare }

// Ping returns VersionUnknown.
func (bare) Ping(context.Context) (string, error) { return VersionUnknown, nil }

// Register returns ErrNotExpressible, as do all methods that follow.
func (b bare) Register(context.Context, Definition) ([]string, error) {
	return nil, b.refuse("register a service")
}

// Delete returns ErrNotExpressible.
func (b bare) Delete(context.Context, string) error { return b.refuse("delete a service") }

// Start returns ErrNotExpressible.
func (b bare) Start(context.Context, string) error { return b.refuse("start a service") }

// Stop returns ErrNotExpressible.
func (b bare) Stop(context.Context, string) error { return b.refuse("stop a service") }

// Restart returns ErrNotExpressible.
func (b bare) Restart(context.Context, string) error { return b.refuse("restart a service") }

// Kill returns ErrNotExpressible.
func (b bare) Kill(context.Context, string, string) error { return b.refuse("kill a service") }

// Status returns ErrNotExpressible.
func (b bare) Status(context.Context, string) (Status, error) {
	return Status{}, b.refuse("ask for a status")
}

// List returns ErrNotExpressible.
func (b bare) List(context.Context) ([]Status, error) { return nil, b.refuse("list the services") }

// Get returns ErrNotExpressible.
func (b bare) Get(context.Context, string) (Service, error) {
	return Service{}, b.refuse("read a definition")
}

// Actions returns ErrNotExpressible.
func (b bare) Actions(context.Context, string) ([]Action, error) {
	return nil, b.refuse("read the actions")
}

// Jobs returns ErrNotExpressible.
func (b bare) Jobs(context.Context, string, int) ([]Job, error) {
	return nil, b.refuse("read the jobs")
}

// Logs returns ErrNotExpressible.
func (b bare) Logs(context.Context, string, int) ([]string, error) {
	return nil, b.refuse("read a log")
}

// Close does nothing.
func (bare) Close() error { return nil }

// refuse returns an error that says what could not be asked. It names no service, so that many results share one reason.
func (b bare) refuse(what string) error {
	return fmt.Errorf("%s: no word with the supervisor is understood (%s): %w", what, b.reason, ErrNotExpressible)
}
