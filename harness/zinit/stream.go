package zinit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/creachadair/jrpc2/channel"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// maxReply is the largest size of a reply in bytes.
const maxReply = 4 << 20

// stream is the channel of one call, as a channel.Channel of jrpc2. It sends one document a line and receives JSON documents with
// any line breaks (suites/contract/zinit-0.4.md#framing).
type stream struct {
	conn    net.Conn
	limited *limitedReader
	decoder *json.Decoder
	closing sync.Once
	closed  chan struct{}
	// answered is true after the reply. Nothing is received then: jrpc2 would take the end of the connection for the end
	// of the call.
	answered atomic.Bool
	// failure is the first error of Recv, which jrpc2 shortens.
	failure atomic.Pointer[error]
	// unasked is the id of the last reply that answers no request, or nil.
	unasked atomic.Pointer[string]
}

func newStream(conn net.Conn) *stream {
	limited := &limitedReader{source: conn}
	return &stream{conn: conn, limited: limited, decoder: json.NewDecoder(limited), closed: make(chan struct{})}
}

// Send writes one document and a line break.
func (s *stream) Send(document []byte) error {
	_, err := s.conn.Write(append(bytes.Clone(document), '\n'))
	return err
}

// Recv returns the next document, reduced to the members of JSON-RPC.
func (s *stream) Recv() ([]byte, error) {
	if s.answered.Load() {
		<-s.closed
		return nil, channel.ErrClosed
	}
	document, err := s.receive()
	if err != nil {
		s.failure.CompareAndSwap(nil, &err)
	}
	return document, err
}

// Close closes the connection.
func (s *stream) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return s.conn.Close()
}

func (s *stream) receive() ([]byte, error) {
	s.limited.left = maxReply
	var raw json.RawMessage
	if err := s.decoder.Decode(&raw); err != nil {
		return nil, explainDecode(err)
	}
	var reply envelope
	if err := json.Unmarshal(trimFractions(raw), &reply); err != nil {
		return nil, fmt.Errorf("the reply %s is not a JSON-RPC object: %w", excerpt(raw), err)
	}
	if err := reply.check(); err != nil {
		return nil, err
	}
	switch id := string(reply.ID); {
	case reply.Method != "":
	case id == onlyID:
		s.answered.Store(true)
	default:
		s.unasked.Store(&id)
	}
	return json.Marshal(reply)
}

// onlyID is the id of the one request of a connection: jrpc2 counts from 1.
const onlyID = "1"

// envelope is a reply or a notification. Other members are ignored.
type envelope struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    *int            `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

var errNoReply = errors.New("the reply has neither a result nor an error")

// check returns why an envelope is no valid reply, and drops a result beside an error.
func (e *envelope) check() error {
	switch {
	case e.Version != "2.0":
		return fmt.Errorf("the reply's jsonrpc is %q, not \"2.0\"", e.Version)
	case e.Method != "":
		e.Result, e.Error = nil, nil
		return nil
	case e.Error == nil && len(e.Result) == 0:
		return errNoReply
	case e.Error == nil:
		return nil
	case e.Error.Code == nil:
		return errors.New("the reply's error has no code")
	}
	e.Result = nil
	if id := string(e.ID); id == "" || id == "null" || id == "0" {
		// An error without our id is about a request that the server could not read; 0.3 writes 0 [Z].
		return fmt.Errorf("the supervisor could not read the request: %s (code %d)", yamlfile.OneLine(e.Error.Message), *e.Error.Code)
	}
	return nil
}

// errTooLarge ends a reply that is larger than maxReply.
var errTooLarge = fmt.Errorf("the reply is larger than %d bytes", maxReply)

// limitedReader returns errTooLarge after left bytes.
type limitedReader struct {
	source io.Reader
	left   int
}

func (r *limitedReader) Read(into []byte) (int, error) {
	if r.left == 0 {
		return 0, errTooLarge
	}
	n, err := r.source.Read(into[:min(len(into), r.left)])
	r.left -= n
	return n, err
}

func explainDecode(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errTooLarge):
		return err
	case errors.Is(err, io.EOF):
		return errors.New("the supervisor closed the connection without a reply")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended in the middle of a reply")
	case errors.As(err, &syntax):
		return fmt.Errorf("the reply is not JSON: %w", err)
	}
	return fmt.Errorf("read the reply: %w", err)
}

// excerpt returns the beginning of a server's output, quoted on one line.
func excerpt(data []byte) string {
	const most = 80
	if len(data) > most {
		return fmt.Sprintf("%q...", data[:most])
	}
	return fmt.Sprintf("%q", data)
}
