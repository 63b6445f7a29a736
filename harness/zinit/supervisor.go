package zinit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/creachadair/jrpc2"
)

// Dialect is a version of zinit's interface.
type Dialect string

// The dialects of the RPC that the harness speaks (suites/contract/zinit-0.4.md#dialect).
const (
	Dialect04 Dialect = "0.4" // services, actions, jobs
	Dialect03 Dialect = "0.3" // one service with one command, as in the published crate 0.3.9
)

// Supervisor is a running zinit of any dialect. It may be used by many goroutines at once, and still works after zinit was
// restarted. Definitions are those of 0.4. If a dialect cannot express one, the error wraps ErrNotExpressible. For other errors
// see Client.
type Supervisor interface {
	// Dialect returns the dialect that was found.
	Dialect() Dialect
	// Ping returns the supervisor's version.
	Ping(ctx context.Context) (version string, err error)
	// Register creates or replaces a service and its actions.
	Register(ctx context.Context, definition Definition) (warnings []string, err error)
	// Delete stops and deletes a service and its actions. 0.3 deletes its dependents as well.
	Delete(ctx context.Context, service string) error
	// Start starts a service, as attempt 1.
	Start(ctx context.Context, service string) error
	// Stop stops a service for good. It may answer before the effect.
	Stop(ctx context.Context, service string) error
	// Restart stops and starts a service. It may answer before the effect.
	Restart(ctx context.Context, service string) error
	// Kill sends a signal such as "SIGTERM" to a service's process group.
	Kill(ctx context.Context, service, signal string) error
	// Status returns a service's status.
	Status(ctx context.Context, service string) (Status, error)
	// List returns the status of every service.
	List(ctx context.Context) ([]Status, error)
	// Get returns a service's definition.
	Get(ctx context.Context, service string) (Service, error)
	// Actions returns the definitions of a service's actions, of all actions if service is empty.
	Actions(ctx context.Context, service string) ([]Action, error)
	// Jobs returns the last runs of an action, newest first. A limit of 0 leaves zinit's default.
	Jobs(ctx context.Context, action string, limit int) ([]Job, error)
	// Logs returns the last log lines, oldest first; 0 lines leaves zinit's default. In 0.4 the name may be an action's. 0.3 begins
	// every line with its time in milliseconds and "[stdout]".
	Logs(ctx context.Context, name string, lines int) ([]string, error)
	// Close makes every later call fail.
	Close() error
}

// Connect finds out which dialect the supervisor behind dial speaks (suites/contract/zinit-0.4.md#dialect): 0.4 if rpc.discover
// lists action.set, else 0.3 if system.ping answers.
func Connect(ctx context.Context, dial Dialer) (Supervisor, error) {
	client := NewClient(dial)
	methods, err := client.Discover(ctx)
	var answer *Error
	unknown := errors.As(err, &answer) && answer.Code == int(jrpc2.MethodNotFound)
	if err != nil && !unknown {
		return nil, fmt.Errorf("find zinit's dialect: %w", err)
	}
	if _, err := client.Ping(ctx); err != nil {
		return nil, fmt.Errorf("find zinit's dialect: what answers is not zinit: %w", err)
	}
	if slices.Contains(methods, "action.set") {
		return jobModel{client}, nil
	}
	client.caller.meaning = meaningOfCode03
	return legacy{client}, nil
}

// jobModel is zinit 0.4.
type jobModel struct{ *Client }

// Dialect returns Dialect04.
func (jobModel) Dialect() Dialect { return Dialect04 }

// Register sets the actions before the service, so that its health action exists when the process starts.
func (j jobModel) Register(ctx context.Context, definition Definition) ([]string, error) {
	var warnings []string
	for _, action := range definition.Actions {
		replaced, err := j.SetAction(ctx, action)
		if err != nil {
			return warnings, err
		}
		if replaced {
			warnings = append(warnings, fmt.Sprintf("action %q existed and is replaced", action.Name))
		}
	}
	more, err := j.SetService(ctx, definition.Service)
	return append(warnings, more...), err
}
