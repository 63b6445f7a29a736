package zinit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// PortDialer connects to a supervisor: to its unix socket for port 0, else to a TCP port on the container's loopback address.
type PortDialer func(ctx context.Context, port int) (net.Conn, error)

// Conversation sends single requests to a supervisor, of JSON-RPC in any framing or of HTTP. Each has a connection of its own. It may be used by many
// goroutines at once.
type Conversation struct{ dial PortDialer }

// NewConversation returns a conversation that reaches the supervisor through dial.
func NewConversation(dial PortDialer) *Conversation { return &Conversation{dial: dial} }

// Call sends one request and returns its result, which may be null. It ends with its context, at the latest after CallTimeout. The error
// wraps ErrConnection if no valid reply came. Otherwise it is the supervisor's own, an *Error without a meaning.
func (c *Conversation) Call(ctx context.Context, how dialect.Transport, method string, params any) (json.RawMessage, error) {
	bounded, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	ask, err := plan(how, method, params)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(bounded, how.Port)
	if err != nil {
		return nil, fmt.Errorf("%w: connect to the supervisor: %w", ErrConnection, err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(bounded, func() { _ = conn.Close() })()
	reply, err := ask(conn)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("%w: no reply: %w", ErrConnection, context.Cause(ctx))
	case err != nil && bounded.Err() != nil:
		return nil, fmt.Errorf("%w: no reply within %s: %w", ErrConnection, CallTimeout, bounded.Err())
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	case reply.Error != nil:
		return nil, reply.Error.toError()
	}
	if refused := refusalIn(reply.Result); refused != nil {
		return nil, refused.toError()
	}
	if result, refused, isTriple := readTriple(reply.Result); isTriple {
		if refused != nil {
			return nil, refused.toError()
		}
		return result, nil
	}
	return reply.Result, nil
}

// toError returns the error that a reply holds.
func (e *rpcError) toError() *Error {
	message := e.Message
	if message == "" {
		message = "an error without a message"
	}
	if len(e.Data) > 0 && string(e.Data) != "null" {
		message += " " + excerpt(e.Data)
	}
	return &Error{Code: *e.Code, Message: message, Data: e.Data}
}

// plan writes a request, and returns the function that sends it and reads its reply.
func plan(how dialect.Transport, method string, params any) (ask func(net.Conn) (*envelope, error), err error) {
	if how.Framing == dialect.Routes {
		request, err := routeRequest(method, params)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotExpressible, err)
		}
		return func(conn net.Conn) (*envelope, error) { return exchangeRoute(conn, request) }, nil
	}
	documents, err := writeRequests(how.Envelope, method, params)
	if err != nil {
		return nil, err
	}
	return func(conn net.Conn) (*envelope, error) { return exchange(conn, how, documents) }, nil
}

// exchange writes requests in their framing, and reads until the reply to the last one comes.
func exchange(conn net.Conn, how dialect.Transport, documents [][]byte) (*envelope, error) {
	if how.Framing == dialect.HTTP {
		return exchangeHTTP(conn, how, documents[len(documents)-1])
	}
	var framed []byte
	for _, document := range documents {
		framed = appendFramed(framed, how.Framing, document)
	}
	sent := make(chan error, 1)
	go func() { // a supervisor may first want to be rid of its greeting; closing the connection ends the write
		_, err := conn.Write(framed)
		sent <- err
	}()
	reply, err := readReply(&limitedReader{source: conn, left: maxReply}, how)
	select {
	case failed := <-sent:
		if err != nil && failed != nil {
			return nil, fmt.Errorf("send the request: %w", failed)
		}
	default:
	}
	return reply, err
}

// appendFramed appends a document in its framing.
func appendFramed(framed []byte, framing dialect.Framing, document []byte) []byte {
	switch framing {
	case dialect.ContentLength:
		framed = fmt.Appendf(framed, "Content-Length: %d\r\n\r\n", len(document))
	case dialect.LengthPrefix:
		framed = binary.BigEndian.AppendUint32(framed, uint32(len(document))) //nolint:gosec // a request is short
	case dialect.Line, "":
		document = append(bytes.Clone(document), '\n')
	}
	return append(framed, document...)
}

// readReply reads documents until one answers the request.
func readReply(from io.Reader, how dialect.Transport) (*envelope, error) {
	framing := how.Framing
	buffered := bufio.NewReader(from)
	if framing == dialect.Line || framing == "" {
		if err := skipGreeting(buffered); err != nil {
			return nil, explainDecode(err)
		}
	}
	decoder := json.NewDecoder(buffered)
	skip := map[dialect.Framing]func(*bufio.Reader) error{dialect.ContentLength: skipHeader, dialect.LengthPrefix: skipLength}[framing]
	for {
		if skip != nil {
			if err := skip(buffered); err != nil {
				return nil, explainDecode(err)
			}
			decoder = json.NewDecoder(byteReader{buffered})
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, explainDecode(err)
		}
		reply, err := readEnvelope(raw, how.Envelope.NoID)
		if errors.Is(err, errNoReply) && framing != dialect.HTTP {
			continue // a greeting
		}
		if err != nil {
			return nil, err
		}
		if reply.Method == "" && string(reply.ID) == onlyID {
			return reply, nil
		}
	}
}

// skipGreeting passes over lines of text before the first document, as some programs greet their clients.
func skipGreeting(from *bufio.Reader) error {
	const mostLines = 3
	for range mostLines {
		first, err := from.Peek(1)
		if err != nil || strings.ContainsAny(string(first), "{[") {
			return err
		}
		if _, err := from.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// byteReader reads one byte at a time, so that a decoder does not read beyond its document, into the next header.
type byteReader struct{ source io.Reader }

// Read reads one byte.
func (r byteReader) Read(into []byte) (int, error) { return r.source.Read(into[:min(len(into), 1)]) }

// skipLength reads the four bytes that say how long a document is. The document itself says where it ends.
func skipLength(from *bufio.Reader) error {
	var length uint32
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return err
	}
	if length > maxReply {
		return errTooLarge
	}
	return nil
}

// skipHeader reads the lines of a header, and the empty one after it. An error is returned for a line that is none of a header.
func skipHeader(from *bufio.Reader) error {
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			return nil
		}
		if name, _, found := strings.Cut(line, ":"); !found || !strings.HasPrefix(strings.ToLower(name), "content-") {
			return fmt.Errorf("the reply has no header, but %s", excerpt([]byte(line)))
		}
	}
}

// exchangeHTTP posts a request. A reply with an error of HTTP is read all the same if its body is JSON-RPC.
func exchangeHTTP(conn net.Conn, how dialect.Transport, document []byte) (*envelope, error) {
	path := how.Path
	if path == "" {
		path = "/"
	}
	request, err := newRequest(http.MethodPost, path, document)
	if err != nil {
		return nil, err
	}
	response, err := send(conn, request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	reply, err := readReply(response.Body, how)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("POST %s answers %s: %w", path, response.Status, ErrOnlyHTTP), err)
	}
	return reply, nil
}

// newRequest returns a request of HTTP with a document of JSON, after whose reply the connection ends.
func newRequest(verb, path string, document []byte) (*http.Request, error) {
	request, err := http.NewRequest(verb, "http://localhost"+path, bytes.NewReader(document)) //nolint:noctx // the connection is bounded
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Close = true
	return request, nil
}

// send sends a request of HTTP, and reads the head of its reply. The caller reads and closes the body.
func send(conn net.Conn, request *http.Request) (*http.Response, error) {
	if err := request.Write(conn); err != nil {
		return nil, fmt.Errorf("send the request: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(&limitedReader{source: conn, left: maxReply}), request)
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	return response, nil
}
