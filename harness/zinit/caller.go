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

// CallTimeout bounds every call, also one whose context has no deadline. It is larger than the 2 s
// in which a supervisor answers (contract zinit-0.4, Semantics 10), and than the 5 s that 0.3.9 can
// take for a delete [Z].
const CallTimeout = 10 * time.Second

// Dialer connects to zinit's socket. It returns when its context ends.
type Dialer func(ctx context.Context) (net.Conn, error)

// caller makes calls, each over a connection of its own: a slow answer delays nobody else, a
// broken one breaks one call, and a supervisor that was restarted is reached by the next call.
type caller struct {
	dial    Dialer
	meaning func(code int, message string) error
	closed  atomic.Bool
}

// call asks for a method about a subject (a service's or an action's name, or "") and reads its
// result. Errors are one line; they wrap ErrConnection or are an *Error.
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
	// A write that nobody reads ends only with the connection.
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

// explain says why a call has no result, in the order in which one cause hides another.
func (c *caller) explain(ctx, bounded context.Context, stream *stream, err error) error {
	var answer *jrpc2.Error
	failure := stream.failure.Load()
	switch {
	case stream.answered.Load() && errors.As(err, &answer):
		return c.answered(answer)
	case bounded.Err() == nil && failure != nil:
		return fmt.Errorf("%w: %w", ErrConnection, *failure)
	case bounded.Err() == nil:
		return fmt.Errorf("%w: send the request: %w", ErrConnection, err)
	}
	what := "no reply"
	if id := stream.unasked.Load(); id != nil {
		what = fmt.Sprintf("no reply but one with id %s, which nobody asked for", excerpt([]byte(*id)))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %s: %w", ErrConnection, what, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s within %s: %w", ErrConnection, what, CallTimeout, bounded.Err())
}

func (c *caller) answered(answer *jrpc2.Error) *Error {
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

// decodeResult reads a result; null is none.
func decodeResult(raw string, result any) error {
	if raw == "null" {
		return fmt.Errorf("%w: the result is null", ErrConnection)
	}
	if err := json.Unmarshal([]byte(raw), result); err != nil {
		return fmt.Errorf("%w: the result %s is not what was asked for: %w", ErrConnection, excerpt([]byte(raw)), err)
	}
	return checkResult(result)
}
