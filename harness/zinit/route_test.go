package zinit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

var routes = dialect.Transport{Framing: dialect.Routes}

// echo is a supervisor that answers with the request that it read.
func echo(conn net.Conn) {
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(request.Body)
	text := fmt.Sprintf("%s %s %s", request.Method, request.RequestURI, body)
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

func TestARouteIsFilled(t *testing.T) {
	conversation := zinit.NewConversation(func(ctx context.Context, _ int) (net.Conn, error) { return dialTo(echo)(ctx) })
	type object = map[string]any
	for _, one := range []struct {
		route  string
		params any
		want   string // empty is an error
	}{
		{"GET /services", nil, "GET /services"},
		{"GET /jobs", object{"action": "a.run", "limit": 5}, "GET /jobs?action=a.run&limit=5"},
		{"PUT /services/{name}", object{"{name}": "a/b c", "exec": "x"}, `PUT /services/a%2Fb%20c {"exec":"x"}`},
		{"DELETE /services/{id}", object{"{id}": "a", "force": true}, "DELETE /services/a?force=true"},
		{"POST /rpc/service.stop", object{"name": "a"}, `POST /rpc/service.stop {"name":"a"}`},
		{"POST /rpc/service.stop", []any{"a"}, `POST /rpc/service.stop ["a"]`},
		{"POST /rpc/service.list", nil, `POST /rpc/service.list {}`},
		{"GET /services/{name}", nil, ""},
		{"GET /services", object{"{name}": "a"}, ""},
		{"GET /services", []any{"a"}, ""},
		{"services", nil, ""},
	} {
		result, err := conversation.Call(t.Context(), routes, one.route, one.params)
		if one.want == "" {
			if err == nil {
				t.Errorf("%s with %v is sent as %s", one.route, one.params, result)
			}
			continue
		}
		if want := fmt.Sprintf("%q", one.want); strings.NewReplacer(`\u0026`, "&").Replace(string(result)) != want {
			t.Errorf("%s with %v is sent as %s (%v), not as %s", one.route, one.params, result, err, want)
		}
	}
}

func TestAnswersOfARoute(t *testing.T) {
	for reply, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}":                   `{"a":1}`,
		"HTTP/1.1 204 No Content\r\n\r\n":                                         "null",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n":                        `"OK"`,
		"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\nno such thing\n":     "no such thing (code 404)",
		"HTTP/1.1 409 Conflict\r\nContent-Length: 16\r\n\r\n{\"error\":\"busy\"}": "busy (code 409)",
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n":                   "Bad Request (code 400)",
		"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n":         "Found (code 302)",
	} {
		result, err := converse(t, dialect.Routes, []byte(reply))
		answer := new(zinit.Error)
		switch {
		case errors.As(err, &answer) && answer.Error() == want:
		case err != nil || result != want:
			t.Errorf("%q is read as %q (%v), not as %q", reply, result, err, want)
		}
	}
}
