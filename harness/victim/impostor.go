package victim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Impostor answers in the place of a service whose good reply is known, in the manner of a victim. Every
// request is answered alike, whatever its method or path.
type Impostor struct {
	// HTTP answers HTTP; else it is JSON-RPC, a document a line.
	HTTP bool
	// Good holds what the service itself says when it is well: the result of its reply, or the page's body.
	Good []byte
	// Behaviour is one of Behaviours; WrongID is for JSON-RPC alone.
	Behaviour Behaviour
	// ReplyDelay is before each reply.
	ReplyDelay time.Duration
	// DripFor is the time that a dripping reply takes until it is complete; 0 is a victim's pace.
	DripFor time.Duration
}

// Serve answers the listener's connections until it is closed, which is no error. Connections end with ctx.
func (i Impostor) Serve(ctx context.Context, listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a connection on %s: %w", listener.Addr(), err)
		}
		go i.converse(ctx, conn)
	}
}

func (i Impostor) converse(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	if i.Behaviour == AcceptClose {
		return
	}
	reader := bufio.NewReader(conn)
	for {
		reply, err := i.reply(reader)
		if err != nil || !pause(ctx, i.ReplyDelay) {
			return
		}
		switch {
		case i.Behaviour == Mute:
		case i.Behaviour == Drip && i.DripFor > 0:
			if !drip(ctx, conn, reply, i.DripFor/time.Duration(len(reply))) {
				return
			}
		case !utter(ctx, conn, reply, i.Behaviour):
			return
		}
	}
}

// drip writes a byte at a time.
func drip(ctx context.Context, conn net.Conn, reply []byte, between time.Duration) bool {
	for n := range reply {
		if _, err := conn.Write(reply[n : n+1]); err != nil || !pause(ctx, between) {
			return false
		}
	}
	return true
}

// reply reads one request and renders the whole reply to it.
func (i Impostor) reply(reader *bufio.Reader) ([]byte, error) {
	if i.HTTP {
		asked, err := http.ReadRequest(reader)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, asked.Body)
		return i.page(asked), err
	}
	var line []byte
	for {
		part, more, err := reader.ReadLine()
		line = append(line, part...)
		if err != nil || len(line) > longestRequest {
			return nil, errors.Join(err, errors.New("read a request"))
		}
		if !more {
			return i.document(line), nil
		}
	}
}

// document renders the reply to a JSON-RPC request as a line.
func (i Impostor) document(line []byte) []byte {
	var c call
	if err := json.Unmarshal(line, &c); err != nil {
		return rpcError(json.RawMessage("null"), -32700, "parse error")
	}
	if c.ID == nil {
		c.ID = json.RawMessage("null")
	}
	switch i.Behaviour {
	case Error:
		return rpcError(c.ID, -32000, "victim: told to answer with an error")
	case WrongID:
		c.ID = json.RawMessage(`"the id of another request"`)
	default:
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", c.ID, i.body())
}

// page renders the reply to an HTTP request.
func (i Impostor) page(asked *http.Request) []byte {
	code, body := http.StatusOK, string(i.body())
	if i.Behaviour == Error {
		code, body = http.StatusInternalServerError, `{"error":"victim: told to answer with an error"}`
	}
	response := http.Response{
		StatusCode: code, ProtoMajor: 1, ProtoMinor: 1, Request: asked, Close: asked.Close,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
	var rendered bytes.Buffer
	_ = response.Write(&rendered) // a buffer takes everything
	return rendered.Bytes()
}

// body returns what the service says when it is well or, with Unhealthy, the same with another status.
func (i Impostor) body() []byte {
	if i.Behaviour != Unhealthy {
		return i.Good
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(i.Good, &members); err != nil || members == nil {
		members = map[string]json.RawMessage{}
	}
	members["status"] = json.RawMessage(`"` + unhealthyStatus + `"`)
	body, _ := json.Marshal(members) // they were read from JSON
	return body
}
