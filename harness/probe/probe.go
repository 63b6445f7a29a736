// Package probe asks a service the harness's own question, and decides what a good reply is. An image's registered health checks are
// compared with it, so it parses the reply, matches its id and reads its status.
package probe

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// replyLimit bounds a reply, in bytes: a health reply is a line.
const replyLimit = 1 << 20

// Health is the method that a `_server` answers on its socket (suites/contract/hero_zero.md#supervision).
const Health = "server.health"

// Question is asked over a fresh connection.
type Question interface {
	// Ask returns nil if the reply is complete, is ours, and says that the service is well. It honours
	// ctx's deadline and end, and leaves conn to its caller to close.
	Ask(ctx context.Context, conn net.Conn) error
}

// JSONRPC calls a method without parameters: Method, or Health if it is empty.
type JSONRPC struct {
	Method string

	id atomic.Int64
}

type reply struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// Ask sends one document and a line break, and reads one document with any line breaks. If no reply comes for a while, it closes its
// writing side.
func (q *JSONRPC) Ask(ctx context.Context, conn net.Conn) error {
	defer bound(ctx, conn)()
	defer CloseWriteLater(conn)()
	method := cmp.Or(q.Method, Health)
	id := q.id.Add(1)
	if _, err := fmt.Fprintf(conn, `{"jsonrpc":"2.0","method":%q,"id":%d}`+"\n", method, id); err != nil {
		return fmt.Errorf("ask %s: %w", method, err)
	}
	var answer reply
	if err := json.NewDecoder(&bounded{conn: conn, left: replyLimit}).Decode(&answer); err != nil {
		return fmt.Errorf("read the reply to %s: %w", method, explain(err))
	}
	switch {
	case string(answer.ID) != fmt.Sprint(id):
		return fmt.Errorf("the reply to %s has id %s, not %d: it answers somebody else", method, answer.ID, id)
	case answer.Error != nil:
		return fmt.Errorf("%s answers error %d %q", method, answer.Error.Code, answer.Error.Message)
	case len(answer.Result) == 0:
		return fmt.Errorf("the reply to %s has no result", method)
	}
	return wellness(method, answer.Result)
}

// closeWriteDelay is the time after which a question closes its writing side. It is above the slowest healthy reply that a promise grants
// (1 s): a service may take the end of its input for the end of the client.
const closeWriteDelay = 1200 * time.Millisecond

// CloseWriteLater closes the writing side of a connection after a while, for services that answer only then
// (suites/contract/hero_zero.md#healthy-and-odd). Call the function that it returns when the reply has come.
func CloseWriteLater(conn net.Conn) (stop func()) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return func() {}
	}
	timer := time.AfterFunc(closeWriteDelay, func() { _ = half.CloseWrite() })
	return func() { timer.Stop() }
}

// wellness reads the status of a reply. [A]: the reply is {"status": "ok"}; a reply without a status says
// nothing bad. To be replaced by the real services' recorded reply (suites/contract/hero_zero.md#issue-probe).
func wellness(method string, result json.RawMessage) error {
	var health struct {
		Status *string `json:"status"`
	}
	if err := json.Unmarshal(result, &health); err != nil || health.Status == nil {
		return nil //nolint:nilerr // a result that is no object has no status to be bad
	}
	switch strings.ToLower(*health.Status) {
	case "ok", "healthy":
		return nil
	}
	return fmt.Errorf("%s says status %q", method, *health.Status)
}

// HTTP asks GET Path and wants a 2xx.
type HTTP struct{ Path string }

// Ask sends one request and reads the whole reply.
func (q HTTP) Ask(ctx context.Context, conn net.Conn) error {
	defer bound(ctx, conn)()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://service"+q.Path, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask GET %s: %w", q.Path, err)
	}
	request.Close = true
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("ask GET %s: %w", q.Path, err)
	}
	reply := &bounded{conn: conn, left: replyLimit}
	response, err := http.ReadResponse(bufio.NewReader(reply), request)
	if err != nil && reply.end != nil {
		err = reply.end // else half a head is called malformed
	}
	if err != nil {
		return fmt.Errorf("read the reply to GET %s: %w", q.Path, explain(err))
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("read the reply to GET %s: %w", q.Path, explain(err))
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("GET %s answers %s", q.Path, response.Status)
	}
	return nil
}

// bounded is a reader that ends a reply that is too long with an error. io.LimitReader would make it look like a closed connection.
type bounded struct {
	conn net.Conn
	left int   // bytes
	end  error // of the last read, if it failed
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		b.end = fmt.Errorf("it is longer than %d bytes", replyLimit)
		return 0, b.end
	}
	n, err := b.conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	b.end = err
	return n, err
}

// explain says in words how a conversation ended without a reply.
func explain(err error) error {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection was closed before the reply was complete: %w", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrNoReply
	}
	return err
}

// ErrNoReply says that the service accepted the question and did not answer it in time.
var ErrNoReply = errors.New("no reply")

// bound ends every read and write on conn with ctx. The returned function removes that bound.
func bound(ctx context.Context, conn net.Conn) (lift func()) {
	past := time.Unix(1, 0)
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	return func() { stop() }
}
