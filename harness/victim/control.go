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
	methodExit   = "victim.exit"
	methodMemory = "victim.memory"
)

type exitOrder struct {
	Code int `json:"code"`
}

type memoryOrder struct {
	Bytes int64 `json:"bytes"`
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
	_, err := c.client.Call(ctx, methodBecome, conduct{Behaviour: b, ReplyDelayMS: replyDelay.Milliseconds()})
	return explain(methodBecome, err)
}

// Exit ends the victim with an exit code from 0 to 255; it returns when the connection has ended.
func (c *Control) Exit(ctx context.Context, code int) error {
	_, err := c.client.Call(ctx, methodExit, exitOrder{Code: code}) // it is answered only if it fails
	var refused *jrpc2.Error
	switch {
	case ctx.Err() != nil, err == nil:
		return explain(methodExit, errors.Join(ctx.Err(), err))
	case errors.As(err, &refused) && refused.Code != jrpc2.Cancelled:
		return explain(methodExit, err)
	}
	return nil
}

// TakeMemory has the victim take that many bytes of memory, and be the first that the kernel kills for lack of it. It returns when the
// victim has them all, or the connection has ended.
func (c *Control) TakeMemory(ctx context.Context, bytes int64) error {
	_, err := c.client.Call(ctx, methodMemory, memoryOrder{Bytes: bytes})
	return explain(methodMemory, err)
}

func explain(method string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", method, err)
}

// serveControl serves the control socket until ctx ends.
func (v *victim) serveControl(ctx context.Context) error {
	listener, err := listenUnix(v.options.Control)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	methods := handler.Map{
		methodBecome: handler.New(v.handleBecome),
		methodExit:   handler.New(v.handleExit),
		methodMemory: handler.New(handleMemory),
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

func (v *victim) handleBecome(_ context.Context, m conduct) (map[string]bool, error) {
	switch {
	case !slices.Contains(Behaviours(), m.Behaviour):
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "behaviour %q: use one of %v", m.Behaviour, Behaviours())
	case v.options.Port != 0 && m.Behaviour == WrongID:
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "%v", errWrongIDOverHTTP)
	case m.ReplyDelayMS < 0:
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "reply_delay_ms %d is negative", m.ReplyDelayMS)
	}
	v.server.setConduct(m)
	if err := v.family.instruct(m); err != nil {
		return nil, err
	}
	return map[string]bool{"ok": true}, nil
}

// handleExit ends the process. It answers only if it fails: the end of the connection is the answer.
func (v *victim) handleExit(ctx context.Context, order exitOrder) (map[string]bool, error) {
	if order.Code < 0 || order.Code > 255 {
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "code %d is no exit code: use 0 to 255", order.Code)
	}
	v.end(order.Code)
	<-ctx.Done()
	return nil, ctx.Err()
}

// mostMemory bounds the memory that a victim takes, in bytes.
const mostMemory = 1 << 30

// handleMemory takes memory, and keeps it until the process ends.
func handleMemory(ctx context.Context, order memoryOrder) (map[string]bool, error) {
	const step = 4 << 20
	if order.Bytes <= 0 || order.Bytes > mostMemory {
		return nil, jrpc2.Errorf(jrpc2.InvalidParams, "%d bytes: use 1 to %d", order.Bytes, mostMemory)
	}
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0); err != nil {
		return nil, fmt.Errorf("be the first to be killed: %w", err)
	}
	for taken := int64(0); taken < order.Bytes && ctx.Err() == nil; taken += step {
		piece, err := unix.Mmap(-1, 0, step, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return nil, fmt.Errorf("take memory: %w", err)
		}
		for at := 0; at < step; at += os.Getpagesize() {
			piece[at] = 1 // only what is written to is taken
		}
	}
	return map[string]bool{"ok": true}, nil
}

// dieOf gives a signal its default action back and sends it to this process. Go's runtime changes the action of most signals. A
// SIGSEGV then ends the process as it ends one that is not written in Go.
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
