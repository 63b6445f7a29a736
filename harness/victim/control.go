package victim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"
	"golang.org/x/sys/unix"
)

// The methods of the control socket.
const (
	methodBecome = "victim.become"
	methodProbes = "victim.probes"
	methodExit   = "victim.exit"
	methodCrash  = "victim.crash"
)

type exitOrder struct {
	Code int `json:"code"`
}

type crashOrder struct {
	Signal int `json:"signal"`
}

// Control gives orders to a victim over a connection to its control socket. It is safe for concurrent use.
type Control struct {
	client *jrpc2.Client
}

// NewControl takes conn over; Close closes it.
func NewControl(conn net.Conn) *Control {
	return &Control{client: jrpc2.NewClient(channel.Line(conn, conn), nil)}
}

// Close ends the connection.
func (c *Control) Close() error { return c.client.Close() }

// Become changes how the victim answers from now on, workers included.
func (c *Control) Become(ctx context.Context, b Behaviour, replyDelay time.Duration) error {
	_, err := c.client.Call(ctx, methodBecome, mood{Behaviour: b, ReplyDelayMS: replyDelay.Milliseconds()})
	return explain(methodBecome, err)
}

// Probes returns the victim's events so far, oldest first: the last 4096 of its main process.
func (c *Control) Probes(ctx context.Context) ([]Event, error) {
	var events []Event
	err := c.client.CallResult(ctx, methodProbes, nil, &events)
	return events, explain(methodProbes, err)
}

// Exit ends the victim with an exit code from 0 to 255; it returns when the connection has ended.
func (c *Control) Exit(ctx context.Context, code int) error {
	return c.untilGone(ctx, methodExit, exitOrder{Code: code})
}

// Crash makes the victim die of a signal; it returns when the connection has ended.
func (c *Control) Crash(ctx context.Context, signal syscall.Signal) error {
	return c.untilGone(ctx, methodCrash, crashOrder{Signal: int(signal)})
}

// untilGone gives an order that is never answered where it succeeds, because the victim ends.
func (c *Control) untilGone(ctx context.Context, method string, order any) error {
	_, err := c.client.Call(ctx, method, order)
	var refused *jrpc2.Error
	switch {
	case ctx.Err() != nil, err == nil:
		return explain(method, errors.Join(ctx.Err(), err))
	case errors.As(err, &refused) && refused.Code != jrpc2.Cancelled:
		return explain(method, err)
	}
	return nil
}

func explain(method string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", method, err)
}

// takeOrders serves the control socket until ctx ends.
func (v *victim) takeOrders(ctx context.Context) error {
	listener, err := listenUnix(v.options.Control)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	methods := handler.Map{
		methodBecome: handler.New(v.orderBecome),
		methodProbes: handler.New(func(context.Context) ([]Event, error) { return v.journal.all(), nil }),
		methodExit:   handler.New(v.orderExit),
		methodCrash:  handler.New(v.orderCrash),
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			jrpc2.NewServer(methods, &jrpc2.ServerOptions{DisableBuiltin: true}).Start(channel.Line(conn, conn))
		}
	}()
	return nil
}

func (v *victim) orderBecome(_ context.Context, m mood) (map[string]bool, error) {
	switch {
	case !slices.Contains(Behaviours(), m.Behaviour):
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "behaviour %q: use one of %v", m.Behaviour, Behaviours())
	case v.options.Port != 0 && m.Behaviour == WrongID:
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "%v", errWrongIDOverHTTP)
	case m.ReplyDelayMS < 0:
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "reply_delay_ms %d is negative", m.ReplyDelayMS)
	}
	v.server.become(m)
	if err := v.family.instruct(m); err != nil {
		return nil, err
	}
	return map[string]bool{"ok": true}, nil
}

// orderExit ends the process. It answers only if it fails: the end of the connection is the answer.
func (v *victim) orderExit(ctx context.Context, order exitOrder) (map[string]bool, error) {
	if order.Code < 0 || order.Code > 255 {
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "code %d is no exit code: use 0 to 255", order.Code)
	}
	v.end(order.Code)
	<-ctx.Done()
	return nil, ctx.Err()
}

// orderCrash kills the process by a signal. It answers only if it fails: the end of the connection is the answer.
func (v *victim) orderCrash(ctx context.Context, order crashOrder) (map[string]bool, error) {
	signal := syscall.Signal(order.Signal)
	if unix.SignalName(signal) == "" {
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "signal %d is no signal", order.Signal)
	}
	if err := dieOf(signal); err != nil {
		return nil, err
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// dieOf gives a signal its default action back, which Go's runtime changes for most, and sends it to
// this process: a SIGSEGV then ends the process as it ends one that is not written in Go.
func dieOf(signal syscall.Signal) error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbid a core file: %w", err)
	}
	if signal != syscall.SIGKILL && signal != syscall.SIGSTOP {
		var defaultAction [4]uint64 // struct sigaction of all zeros: SIG_DFL, no flags, empty mask
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal),
			uintptr(unsafe.Pointer(&defaultAction[0])), 0, 8, 0, 0) //nolint:gosec // the system call takes a pointer
		if errno != 0 {
			return fmt.Errorf("reset signal %d: %w", signal, errno)
		}
	}
	return syscall.Kill(os.Getpid(), signal)
}
