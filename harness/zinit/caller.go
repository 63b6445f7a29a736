package zinit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/creachadair/jrpc2"
)

// CallTimeout bounds every call, even if its context has no deadline. A supervisor answers within 2 s
// (suites/contract/zinit-0.4.md#rpc-answers), but a delete can take 0.3.9 5 s [Z].
const CallTimeout = 10 * time.Second

// Dialer connects to zinit's socket. It gives up when its context ends.
type Dialer func(ctx context.Context) (net.Conn, error)

// caller makes each call over a new connection. So a slow or broken answer affects one call, and the next call reaches a
// supervisor that was restarted.
type caller struct {
	dial    Dialer
	meaning func(code int, message string) error
	closed  atomic.Bool
}

// call calls a method and reads its result. subject is the service or action that it is about, or empty. An error is one line;
// it wraps ErrConnection or is an *Error.
func (c *caller) call(ctx context.Context, method, subject string, params, result any) error {
	if err := c.attempt(ctx, method, params, result); err != nil {
		if subject != "" {
			return fmt.Errorf("%s of %q: %w", method, subject, err)
		}
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

func (c *caller) attempt(ctx context.Context, method string, params, result any) error {
	if c.closed.Load() {
		return fmt.Errorf("%w: this client is closed", ErrConnection)
	}
	bounded, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	conn, err := c.dial(bounded)
	if err != nil {
		return fmt.Errorf("%w: connect to the supervisor: %w", ErrConnection, err)
	}
	stream := newStream(conn)
	// Closing the connection is what ends a write that the server does not read.
	stop := context.AfterFunc(bounded, func() { _ = conn.Close() })
	defer stop()
	client := jrpc2.NewClient(stream, nil)
	defer func() { _ = client.Close() }()
	response, err := client.Call(bounded, method, params)
	if err != nil {
		return c.explain(ctx, bounded, stream, err)
	}
	return decodeResult(response.ResultString(), result)
}

// explain returns why a call has no result. A later cause counts only if the earlier ones do not apply.
func (c *caller) explain(ctx, bounded context.Context, stream *stream, err error) error {
	var answer *jrpc2.Error
	failure := stream.failure.Load()
	switch {
	case stream.answered.Load() && errors.As(err, &answer):
		return c.toError(answer)
	case bounded.Err() == nil && failure != nil:
		return fmt.Errorf("%w: %w", ErrConnection, *failure)
	case bounded.Err() == nil:
		return fmt.Errorf("%w: send the request: %w", ErrConnection, err)
	}
	what := "no reply"
	if id := stream.unasked.Load(); id != nil {
		what = fmt.Sprintf("no reply, except one to the unknown request id %s", excerpt([]byte(*id)))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s: %w", ErrConnection, what, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s within %s: %w", ErrConnection, what, CallTimeout, bounded.Err())
}

// toError turns an error reply into an *Error.
func (c *caller) toError(answer *jrpc2.Error) *Error {
	message := answer.Message
	if message == "" {
		message = "an error without a message"
	}
	if len(answer.Data) > 0 {
		message += " " + excerpt(answer.Data)
	}
	code := int(answer.Code)
	return &Error{Code: code, Message: message, meaning: c.meaning(code, answer.Message)}
}

// decodeResult reads a result. null is an error.
func decodeResult(raw string, result any) error {
	if raw == "null" {
		return fmt.Errorf("%w: the result is null", ErrConnection)
	}
	if err := json.Unmarshal([]byte(raw), result); err != nil {
		return fmt.Errorf("%w: the result %s has %w: %w", ErrConnection, excerpt([]byte(raw)), ErrForm, err)
	}
	return checkResult(result)
}
