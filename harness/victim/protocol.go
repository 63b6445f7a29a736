package victim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// What a health reply says: {"status": "ok"}. [A] hero_zero.md: the real services' reply is not given.
const (
	HealthyStatus   = "ok"
	unhealthyStatus = "unhealthy"
)

// requestLimit is the most bytes of a JSON-RPC request.
const requestLimit = 1 << 20

// topic names the question of a request.
type topic int

const (
	topicUnknown topic = iota
	topicHealth        // server.health, GET /health
	topicWork          // server.work, GET /work: what a deadlocked victim never does
)

// request is one request, whatever its protocol.
type request struct {
	topic  topic
	reply  func(Behaviour) []byte // renders the whole reply; nil if none is due
	closes bool                   // the connection ends after the reply
}

// protocol returns a function that reads a connection's next request.
type protocol func(io.Reader) func() (request, error)

// jsonRPC reads JSON-RPC 2.0, a document a line.
func jsonRPC(r io.Reader) func() (request, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, requestLimit)
	return func() (request, error) {
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return request{}, err
			}
			return request{}, io.EOF
		}
		return readCall(lines.Bytes()), nil
	}
}

// call is a JSON-RPC request.
type call struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
}

func readCall(line []byte) request {
	var c call
	if err := json.Unmarshal(line, &c); err != nil {
		return request{reply: func(Behaviour) []byte {
			return renderError(json.RawMessage("null"), -32700, "parse error")
		}}
	}
	topics := map[string]topic{"server.health": topicHealth, "server.work": topicWork}
	r := request{topic: topics[c.Method]}
	if c.ID != nil {
		r.reply = func(b Behaviour) []byte { return c.renderReply(r.topic, b) }
	}
	return r
}

// renderReply renders the reply to c as a line.
func (c call) renderReply(about topic, b Behaviour) []byte {
	id := c.ID
	switch {
	case b == Error:
		return renderError(id, -32000, "victim: told to answer with an error")
	case about == topicUnknown:
		return renderError(id, -32601, "method not found: "+c.Method)
	case b == WrongID:
		id = json.RawMessage(`"the id of another request"`)
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", id, renderStatus(about, b))
}

func renderError(id json.RawMessage, code int, message string) []byte {
	text, _ := json.Marshal(message) // a string always marshals
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}`+"\n", id, code, text)
}

// renderStatus returns the body of a reply that is no error.
func renderStatus(about topic, b Behaviour) string {
	status := HealthyStatus
	if about == topicWork {
		status = "done"
	}
	if b == Unhealthy {
		status = unhealthyStatus
	}
	return `{"status":"` + status + `"}`
}

// hypertext reads HTTP/1.1.
func hypertext(r io.Reader) func() (request, error) {
	reader := bufio.NewReader(r)
	return func() (request, error) {
		asked, err := http.ReadRequest(reader)
		if err != nil {
			return request{}, err
		}
		if _, err := io.Copy(io.Discard, asked.Body); err != nil {
			return request{}, err
		}
		topics := map[string]topic{"/health": topicHealth, "/work": topicWork}
		about := topics[asked.URL.Path]
		return request{
			topic:  about,
			closes: asked.Close,
			reply:  func(b Behaviour) []byte { return renderTopic(asked, about, b) },
		}, nil
	}
}

// renderTopic renders the HTTP reply.
func renderTopic(asked *http.Request, about topic, b Behaviour) []byte {
	code, body := http.StatusOK, renderStatus(about, b)
	switch {
	case b == Error:
		code, body = http.StatusInternalServerError, `{"error":"victim: told to answer with an error"}`
	case about == topicUnknown:
		code, body = http.StatusNotFound, `{"error":"not found"}`
	}
	return renderPage(asked, code, body, http.Header{"Content-Type": {"application/json"}})
}

func renderPage(asked *http.Request, code int, body string, header http.Header) []byte {
	response := http.Response{
		StatusCode: code, ProtoMajor: 1, ProtoMinor: 1, Request: asked, Close: asked.Close,
		Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
	var rendered bytes.Buffer
	_ = response.Write(&rendered) // a buffer takes everything
	return rendered.Bytes()
}
