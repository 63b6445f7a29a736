package victim

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Impostor is a server in the place of a service whose good reply is known. It behaves as a victim does, and answers every request
// alike, whatever its method or path.
type Impostor struct {
	// HTTP answers HTTP; else it is JSON-RPC, a document a line.
	HTTP bool
	// Good holds what the service itself says when it is well: the result of its reply, or the page's body.
	Good []byte
	// Behaviour is one of Behaviours; WrongID is for JSON-RPC alone.
	Behaviour Behaviour
	// ReplyDelay is the time before each reply.
	ReplyDelay time.Duration
	// DripPeriod is the time that a dripping reply takes until it is complete; 0 is a byte each dripInterval.
	DripPeriod time.Duration
}

// Serve answers the listener's connections until it is closed, which is no error. Connections end with ctx.
func (i Impostor) Serve(ctx context.Context, listener net.Listener) error {
	return acceptAll(listener, func(conn net.Conn) { i.serveConn(ctx, conn) })
}

func (i Impostor) serveConn(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	if i.Behaviour == AcceptClose {
		return
	}
	reader := bufio.NewReader(conn)
	for {
		reply, closes, err := i.reply(reader)
		if err != nil || !pause(ctx, i.ReplyDelay) {
			return
		}
		switch {
		case i.Behaviour == Mute:
		case i.Behaviour == Drip && i.DripPeriod > 0:
			if !drip(ctx, conn, reply, i.DripPeriod/time.Duration(len(reply))) {
				return
			}
		case !writeReply(ctx, conn, reply, i.Behaviour):
			return
		}
		if closes && i.Behaviour != Mute {
			return
		}
	}
}

// reply reads one request and renders the whole reply to it. closes says that the client asked for the connection to end after it.
func (i Impostor) reply(reader *bufio.Reader) (reply []byte, closes bool, err error) {
	if i.HTTP {
		asked, err := http.ReadRequest(reader)
		if err != nil {
			return nil, false, err
		}
		_, err = io.Copy(io.Discard, asked.Body)
		return i.renderReply(asked), asked.Close, err
	}
	var line []byte
	for {
		part, more, err := reader.ReadLine()
		line = append(line, part...)
		if err != nil || len(line) > requestLimit {
			return nil, false, errors.Join(err, errors.New("read a request"))
		}
		if !more {
			return i.document(line), false, nil
		}
	}
}

// document renders the reply to a JSON-RPC request as a line.
func (i Impostor) document(line []byte) []byte {
	var c call
	if err := json.Unmarshal(line, &c); err != nil {
		return renderError(json.RawMessage("null"), -32700, "parse error")
	}
	if c.ID == nil {
		c.ID = json.RawMessage("null")
	}
	switch i.Behaviour {
	case Error:
		return renderError(c.ID, -32000, "victim: told to answer with an error")
	case WrongID:
		c.ID = json.RawMessage(`"the id of another request"`)
	default:
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", c.ID, i.body())
}

// renderReply renders the reply to an HTTP request.
func (i Impostor) renderReply(asked *http.Request) []byte {
	code, body := http.StatusOK, string(i.body())
	if i.Behaviour == Error {
		code, body = http.StatusInternalServerError, `{"error":"victim: told to answer with an error"}`
	}
	return renderPage(asked, code, body, http.Header{})
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
