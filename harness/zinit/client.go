package zinit

import (
	"context"
	"encoding/json"
)

// Client has every method of zinit 0.4's RPC (suites/contract/zinit-0.4.md#methods) but service.reload, which the harness never
// calls. It may be used by many goroutines at once. Every call has its own connection and ends with its context, at the latest
// after CallTimeout.
//
// Every method's error is one line. It wraps ErrConnection if there was no answer. Otherwise it wraps the supervisor's *Error,
// which errors.Is compares with ErrNotFound and the like.
type Client struct {
	caller *caller
}

// NewClient returns a client that reaches zinit 0.4 through dial.
func NewClient(dial Dialer) *Client {
	return &Client{caller: &caller{dial: dial, meaning: meaningOfCode}}
}

// Close makes every later call fail. Running calls end by themselves.
func (c *Client) Close() error {
	c.caller.closed.Store(true)
	return nil
}

type (
	nameParams struct {
		Name string `json:"name"`
	}
	configParams struct {
		Config any `json:"config"`
	}
	actionParams struct {
		Action Action `json:"action"`
	}
	killParams struct {
		Name   string `json:"name"`
		Signal string `json:"signal,omitempty"`
	}
	ownerParams struct {
		Service string `json:"service,omitempty"`
	}
	jobParams struct {
		Action string `json:"action"`
		Limit  int    `json:"limit,omitempty"`
	}
	logParams struct {
		Name  string `json:"name"`
		Lines int    `json:"lines,omitempty"`
	}
)

// ask makes one call and returns its result.
func ask[T any](ctx context.Context, c *Client, method, subject string, params any) (T, error) {
	var result T
	if err := c.caller.call(ctx, method, subject, params, &result); err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// order makes one call whose answer is ok.
func (c *Client) order(ctx context.Context, method, name string) error {
	_, err := ask[done](ctx, c, method, name, nameParams{name})
	return err
}

// Discover returns the names of the methods that rpc.discover lists.
func (c *Client) Discover(ctx context.Context) ([]string, error) {
	document, err := ask[discovered](ctx, c, "rpc.discover", "", nil)
	methods := make([]string, 0, len(document.Methods))
	for _, method := range document.Methods {
		methods = append(methods, method.Name)
	}
	return methods, err
}

// Ping returns the version that system.ping answers.
func (c *Client) Ping(ctx context.Context) (version string, err error) {
	answer, err := ask[pong](ctx, c, "system.ping", "", nil)
	return answer.Version, err
}

// SetService creates or replaces a service with service.set and returns its warnings.
func (c *Client) SetService(ctx context.Context, service Service) (warnings []string, err error) {
	return c.setService(ctx, service.Name, service)
}

func (c *Client) setService(ctx context.Context, name string, config any) ([]string, error) {
	answer, err := ask[serviceSet](ctx, c, "service.set", name, configParams{config})
	return answer.Warnings, err
}

// Get returns a service's definition with service.get.
func (c *Client) Get(ctx context.Context, service string) (Service, error) {
	return ask[Service](ctx, c, "service.get", service, nameParams{service})
}

// Names returns the name of every service with service.list.
func (c *Client) Names(ctx context.Context) ([]string, error) {
	return ask[texts](ctx, c, "service.list", "", nil)
}

// List returns the status of every service with service.list_full.
func (c *Client) List(ctx context.Context) ([]Status, error) {
	return ask[statuses](ctx, c, "service.list_full", "", nil)
}

// Status returns a service's status with service.status.
func (c *Client) Status(ctx context.Context, service string) (Status, error) {
	return ask[Status](ctx, c, "service.status", service, nameParams{service})
}

// Start starts a service with service.start, as attempt 1. A pending retry does not delay it.
func (c *Client) Start(ctx context.Context, service string) error {
	return c.order(ctx, "service.start", service)
}

// Stop stops a service with service.stop, for good. The answer may come before the effect ([A] effect-around-answer).
func (c *Client) Stop(ctx context.Context, service string) error {
	return c.order(ctx, "service.stop", service)
}

// Restart stops and starts a service with service.restart. The answer may come before the effect.
func (c *Client) Restart(ctx context.Context, service string) error {
	return c.order(ctx, "service.restart", service)
}

// Kill sends a signal to a service's process group with service.kill. An empty signal leaves zinit's default, SIGTERM. It is no
// request to stop.
func (c *Client) Kill(ctx context.Context, service, signal string) error {
	_, err := ask[done](ctx, c, "service.kill", service, killParams{service, signal})
	return err
}

// Delete stops and deletes a service and its actions with service.delete. The answer may come before the effect.
func (c *Client) Delete(ctx context.Context, service string) error {
	return c.order(ctx, "service.delete", service)
}

// SetAction creates or replaces an action with action.set and reports whether it replaced one.
func (c *Client) SetAction(ctx context.Context, action Action) (replaced bool, err error) {
	answer, err := ask[actionSet](ctx, c, "action.set", action.Name, actionParams{action})
	return answer.Replaced, err
}

// Action returns an action's definition with action.get.
func (c *Client) Action(ctx context.Context, name string) (Action, error) {
	return ask[Action](ctx, c, "action.get", name, nameParams{name})
}

// Actions returns the actions of a service with action.list, all actions if service is empty.
func (c *Client) Actions(ctx context.Context, service string) ([]Action, error) {
	return ask[actions](ctx, c, "action.list", service, ownerParams{service})
}

// DeleteAction deletes an action with action.delete.
func (c *Client) DeleteAction(ctx context.Context, name string) error {
	return c.order(ctx, "action.delete", name)
}

// Jobs returns the last runs of an action with job.list, newest first. A limit of 0 leaves zinit's default, 20.
func (c *Client) Jobs(ctx context.Context, action string, limit int) ([]Job, error) {
	return ask[jobs](ctx, c, "job.list", action, jobParams{action, limit})
}

// Logs returns the last lines of a service's or an action's log with logs.get, oldest first. 0 lines leaves zinit's default,
// 100.
func (c *Client) Logs(ctx context.Context, name string, lines int) ([]string, error) {
	return ask[texts](ctx, c, "logs.get", name, logParams{name, lines})
}

// Call calls any method and returns its result undecoded.
func (c *Client) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	return ask[json.RawMessage](ctx, c, method, "", params)
}
