package spec

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	// cleanupTimeout bounds what a spec does to clean up.
	cleanupTimeout = 30 * time.Second
	// listenLimit bounds the wait until a process that has just begun listens for orders.
	listenLimit = 2 * time.Second
)

// Register registers a service for the length of the spec, and does not wait for it: its process may never serve.
func Register(ctx context.Context, sandbox *session.Sandbox, definition zinit.Definition) {
	GinkgoHelper()
	name := definition.Service.Name
	By("register " + name)
	DeferCleanup(func(ctx SpecContext) { _ = sandbox.Discard(ctx, name) }, NodeTimeout(cleanupTimeout))
	_, err := sandbox.Supervisor.Register(ctx, definition)
	var answer *zinit.Error
	if errors.As(err, &answer) {
		Inconclusive(fmt.Sprintf("%s cannot be registered: %v", name, err))
	}
	if err != nil && !errors.Is(err, zinit.ErrNotExpressible) {
		err = fmt.Errorf("register %s: %w", name, err)
	}
	Conclude(err)
}

// HasStopped reports whether the supervisor says that a service has no process, and that it is not about to end one.
func HasStopped(status zinit.Status) bool {
	return status.PID == 0 && status.State != zinit.StateStopping
}

// AwaitStop waits until a service has stopped by the supervisor's word, and returns what it said last.
func AwaitStop(ctx context.Context, sandbox *session.Sandbox, service string, limit time.Duration) (status zinit.Status, stopped bool) {
	stopped = Until(ctx, limit, func(ctx context.Context) bool {
		var err error
		status, err = sandbox.Supervisor.Status(ctx, service)
		return err == nil && HasStopped(status)
	})
	return status, stopped
}

// AwaitSuccessor waits until a service is served by another process than before, and reports whether it is.
func AwaitSuccessor(ctx context.Context, sandbox *session.Sandbox, service session.Service, before record.Incarnation, limit time.Duration) (after record.Incarnation, ok bool) {
	By("wait until another process serves " + service.Name)
	ok = Until(ctx, limit, func(ctx context.Context) bool {
		if recovery.CheckSteady(ctx, sandbox, service.Endpoint) != nil {
			return false
		}
		var err error
		after, err = FindProcess(ctx, sandbox, service.Endpoint)
		return err == nil && !IsSameProcess(after, before)
	})
	return after, ok
}

// Command connects to a victim's control socket, so that the spec can give orders to its process.
func Command(ctx context.Context, sandbox *session.Sandbox, plan session.VictimPlan) *victim.Control {
	GinkgoHelper()
	By("connect to the control socket of " + plan.Name)
	var conn net.Conn
	var err error
	Until(ctx, listenLimit, func(ctx context.Context) bool {
		conn, err = sandbox.Dial(ctx, protocol.Endpoint{Socket: plan.Options.Control})
		return err == nil
	})
	Conclude(err)
	control := victim.NewControl(conn)
	DeferCleanup(func() { _ = control.Close() })
	return control
}

// Ask asks an endpoint the harness's own question, waits at most for limit, and returns how long a good reply took.
func Ask(ctx context.Context, sandbox *session.Sandbox, endpoint protocol.Endpoint, limit time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := sandbox.Dial(ctx, endpoint)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	began := time.Now()
	err = endpoint.Question().Ask(ctx, conn)
	return time.Since(began), errors.Join(err, ctx.Err())
}
