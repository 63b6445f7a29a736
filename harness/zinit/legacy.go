package zinit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/creachadair/jrpc2"
)

// legacy is zinit 0.3 (suites/contract/zinit-0.4.md#zinit-0.3.9): a service is one command with one lifecycle. Its methods have
// the names of 0.4's; those that are not overridden here have the same shapes. In its status, failed and exited can also mean
// that a retry is pending.
type legacy struct{ *Client }

// meaningOfCode03 returns the error that a code of zinit 0.3.9 stands for [Z]. Its event loop answers every error as an internal
// one: only the message tells them apart.
func meaningOfCode03(code int, message string) error {
	switch {
	case code == -32000, code == int(jrpc2.InternalError) && strings.HasPrefix(message, "service not found"):
		return ErrNotFound
	case code == -32001, code == -32002, code == int(jrpc2.InternalError) && strings.HasPrefix(message, "service not running"):
		return ErrAlreadyInState // already running, not running
	case code == -32004, code == int(jrpc2.InternalError) && strings.Contains(message, "cycle"):
		return ErrDependencyCycle
	case code == -32003, code <= -32010 && code >= -32013:
		return ErrInvalidConfig // invalid, exists, validation failed, dependency missing, executable not found
	}
	return nil
}

// Dialect returns Dialect03.
func (legacy) Dialect() Dialect { return Dialect03 }

// Register sets the definition as one config. An existing service is deleted first: 0.3.9 locks up for good when service.set
// names one [Z].
func (l legacy) Register(ctx context.Context, definition Definition) ([]string, error) {
	config, err := toLegacy(definition)
	if err != nil {
		return nil, fmt.Errorf("service.set of %q: %w", definition.Service.Name, err)
	}
	var warnings []string
	switch err := l.Delete(ctx, definition.Service.Name); {
	case err == nil:
		warnings = append(warnings, "the service existed and is replaced; zinit 0.3 has deleted its dependents with it")
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	more, err := l.setService(ctx, definition.Service.Name, config)
	warnings = append(warnings, more...)
	if err == nil && config.Health != nil {
		warnings = append(warnings, "zinit 0.3 checks health only until the service runs, and never again")
	}
	return warnings, err
}

// Delete stops the service and waits for its end before it deletes it. While 0.3.9 deletes a running service, it does not notice
// the end, and answers no request for 5 s [Z].
func (l legacy) Delete(ctx context.Context, service string) error {
	if err := l.awaitStop(ctx, service); err != nil {
		return err
	}
	return l.Client.Delete(ctx, service)
}

// awaitStop stops a service and waits until no process of it is left, at most CallTimeout.
func (l legacy) awaitStop(ctx context.Context, service string) error {
	if err := l.Stop(ctx, service); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	const statusInterval = 10 * time.Millisecond
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	for {
		status, err := l.Status(ctx, service)
		if err != nil || status.PID == 0 {
			return err
		}
		select {
		case <-ticker.C:
		case <-bounded.Done():
			return ctx.Err() // what does not stop is left to the supervisor
		}
	}
}

// Status returns a service's status. If 0.3 gives only an exit code, it becomes the error text.
func (l legacy) Status(ctx context.Context, service string) (Status, error) {
	type answer struct {
		Status
		ExitCode *int `json:"exit_code"`
	}
	status, err := ask[answer](ctx, l.Client, "service.status", service, nameParams{service})
	if status.Error == "" && status.ExitCode != nil {
		status.Error = fmt.Sprintf("exited with code %d", *status.ExitCode)
	}
	return status.Status, err
}

// List asks for the status of each service: service.list_full has another shape in 0.3.
func (l legacy) List(ctx context.Context) ([]Status, error) {
	services, err := l.Names(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Status, 0, len(services))
	for _, service := range services {
		status, err := l.Status(ctx, service)
		switch {
		case errors.Is(err, ErrNotFound): // deleted since
		case err != nil:
			return nil, err
		default:
			list = append(list, status)
		}
	}
	return list, nil
}

// Get returns a service as 0.4 would define it, with the names that its actions would have.
func (l legacy) Get(ctx context.Context, service string) (Service, error) {
	definition, err := l.definition(ctx, service)
	return definition.Service, err
}

// Actions returns the run and the health action that 0.4 would have for a service.
func (l legacy) Actions(ctx context.Context, service string) ([]Action, error) {
	services := []string{service}
	if service == "" {
		var err error
		if services, err = l.Names(ctx); err != nil {
			return nil, err
		}
	}
	var all []Action
	for _, name := range services {
		definition, err := l.definition(ctx, name)
		if err != nil && (service != "" || !errors.Is(err, ErrNotFound)) {
			return nil, err
		}
		all = append(all, definition.Actions...)
	}
	return all, nil
}

func (l legacy) definition(ctx context.Context, service string) (Definition, error) {
	config, err := ask[legacyConfig](ctx, l.Client, "service.get", service, nameParams{service})
	if err != nil {
		return Definition{}, err
	}
	return config.definition(service), nil
}

// Jobs returns ErrNotExpressible: 0.3 keeps no record of runs.
func (legacy) Jobs(context.Context, string, int) ([]Job, error) {
	return nil, notExpressible("record of jobs")
}
