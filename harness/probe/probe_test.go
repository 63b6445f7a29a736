package probe_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
)

const (
	// outer bounds a reply that is to come; nothing is judged by it.
	outer = 20 * time.Second
	// brief is the time for which a reply is waited for that never comes, or not in time.
	brief = 100 * time.Millisecond
)

// ask asks a server that reads the question and then behaves as told. Whatever it has not done by the timeout is cut off.
func ask(t *testing.T, question probe.Question, timeout time.Duration, behave func(request string, conn net.Conn)) error {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = server.Close() }()
		reader := bufio.NewReader(server)
		request, err := reader.ReadString('\n')
		if err != nil {
			t.Errorf("the question: %v", err)
			return
		}
		for reader.Buffered() > 0 { // the rest of an HTTP request
			_, _ = reader.Discard(reader.Buffered())
		}
		go func() { _, _ = io.Copy(io.Discard, server) }()
		behave(request, server)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	err := question.Ask(ctx, client)
	_ = client.Close()
	<-done
	return err
}

// says writes a text and closes the connection.
func says(text string) func(string, net.Conn) {
	return func(_ string, conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// hangsAfter writes a text, and then nothing until the asker is gone.
func hangsAfter(text string) func(string, net.Conn) {
	return func(_ string, conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		for {
			if _, err := conn.Write(nil); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// drips writes a text a byte at a time, over and over.
func drips(text string, pause time.Duration) func(string, net.Conn) {
	return func(_ string, conn net.Conn) {
		for {
			for _, letter := range []byte(text) {
				if _, err := conn.Write([]byte{letter}); err != nil {
					return
				}
				time.Sleep(pause) // the misbehaviour itself
			}
		}
	}
}

type attempt struct {
	behave func(string, net.Conn)
	want   string // in the error; empty: none
	brief  bool   // nothing is to come
}

func (a attempt) check(t *testing.T, question probe.Question) {
	t.Helper()
	timeout := outer
	if a.brief {
		timeout = brief
	}
	err := ask(t, question, timeout, a.behave)
	switch {
	case a.want == "" && err != nil:
		t.Errorf("a good reply is refused: %v", err)
	case a.want != "" && (err == nil || !strings.Contains(err.Error(), a.want)):
		t.Errorf("%v, not %q", err, a.want)
	case err != nil && strings.Contains(err.Error(), "\n"):
		t.Errorf("more than one line: %q", err)
	case a.brief && !errors.Is(err, probe.ErrNoReply):
		t.Errorf("%v is not ErrNoReply", err)
	}
}

func TestJSONRPC(t *testing.T) {
	const good = `{"jsonrpc":"2.0","id":1,"result":{"status":"ok"}}`
	for name, a := range map[string]attempt{
		"good":                    {behave: says(good)},
		"good, and goes on":       {behave: hangsAfter(good)},
		"over several lines":      {behave: says("\n{\n \"id\" : 1,\n\"result\":{\"status\":\"ok\"}\n}\n")},
		"extra members":           {behave: says(`{"x":[1],"id":1,"result":{"status":"ok","uptime":3},"error":null}`)},
		"healthy":                 {behave: says(`{"id":1,"result":{"status":"Healthy"}}`)},
		"no status [A]":           {behave: says(`{"id":1,"result":{}}`)},
		"a result of text [A]":    {behave: says(`{"id":1,"result":"pong"}`)},
		"drips in time":           {behave: drips(good, time.Microsecond)},
		"wrong id":                {behave: says(`{"id":2,"result":{"status":"ok"}}`), want: "has id 2, not 1: it answers somebody else"},
		"id as text":              {behave: says(`{"id":"1","result":{"status":"ok"}}`), want: `has id "1", not 1`},
		"no id":                   {behave: says(`{"result":{"status":"ok"}}`), want: "not 1"},
		"error":                   {behave: says(`{"id":1,"error":{"code":-32000,"message":"no database"}}`), want: `error -32000 "no database"`},
		"error and result":        {behave: says(`{"id":1,"result":{"status":"ok"},"error":{"code":1,"message":"x"}}`), want: "error 1"},
		"error that is none":      {behave: says(`{"id":1,"error":"oops"}`), want: "read the reply to server.health"},
		"no result":               {behave: says(`{"id":1}`), want: "has no result"},
		"unhealthy":               {behave: says(`{"id":1,"result":{"status":"unhealthy"}}`), want: `says status "unhealthy"`},
		"degraded":                {behave: says(`{"id":1,"result":{"status":"degraded"}}`), want: `says status "degraded"`},
		"end of file":             {behave: says(""), want: "closed before the reply was complete"},
		"half":                    {behave: says(good[:len(good)/2]), want: "closed before the reply was complete"},
		"half, then silence":      {behave: hangsAfter(good[:len(good)/2]), want: "no reply", brief: true},
		"mute":                    {behave: hangsAfter(""), want: "no reply", brief: true},
		"drips past the deadline": {behave: drips(good, brief/4), want: "no reply", brief: true},
		"garbage":                 {behave: says("\x00\x01\x02"), want: "invalid character"},
		"HTTP":                    {behave: says("HTTP/1.1 200 OK\r\n\r\n"), want: "invalid character"},
		"a list":                  {behave: says("[" + good + "]"), want: "cannot unmarshal array"},
		"huge":                    {behave: says(`{"id":1,"result":"` + strings.Repeat("x", 2<<20) + `"}`), want: "longer than 1048576 bytes"},
		"endless white space":     {behave: says(strings.Repeat(" ", 2<<20)), want: "longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) { a.check(t, &probe.JSONRPC{}) })
	}
}

func TestJSONRPCAsksWithANewIDEachTime(t *testing.T) {
	for method, want := range map[string]string{"": "server.health", "server.work": "server.work"} {
		question := &probe.JSONRPC{Method: method}
		for id := 1; id <= 3; id++ {
			asked := ""
			err := ask(t, question, outer, func(request string, conn net.Conn) {
				asked = request
				_, _ = fmt.Fprintf(conn, `{"id":%d,"result":{"status":"ok"}}`, id)
			})
			if line := fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"id":%d}`+"\n", want, id); err != nil || asked != line {
				t.Errorf("asked %q, not %q; %v", asked, line, err)
			}
		}
	}
}

func TestHTTP(t *testing.T) {
	reply := func(status, rest string) func(string, net.Conn) { return says("HTTP/1.1 " + status + "\r\n" + rest) }
	for name, a := range map[string]attempt{
		"200":                   {behave: reply("200 OK", "Content-Length: 2\r\n\r\nok")},
		"200 until the end":     {behave: reply("200 OK", "\r\nok")},
		"200 in chunks":         {behave: reply("200 OK", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")},
		"200 and stays open":    {behave: hangsAfter("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")},
		"204":                   {behave: reply("204 No Content", "\r\n")},
		"HTTP/1.0":              {behave: says("HTTP/1.0 200 OK\r\n\r\nok")},
		"a redirect":            {behave: reply("301 Moved Permanently", "Location: /elsewhere\r\nContent-Length: 0\r\n\r\n"), want: "GET /health answers 301 Moved Permanently"},
		"not modified":          {behave: reply("304 Not Modified", "\r\n"), want: "answers 304"},
		"404":                   {behave: reply("404 Not Found", "Content-Length: 0\r\n\r\n"), want: "answers 404 Not Found"},
		"500":                   {behave: reply("500 Internal Server Error", "Content-Length: 2\r\n\r\nno"), want: "answers 500"},
		"end of file":           {behave: says(""), want: "closed before the reply was complete"},
		"half of the head":      {behave: says("HTTP/1.1 200 OK\r\nContent-Le"), want: "closed before the reply was complete"},
		"half of the body":      {behave: reply("200 OK", "Content-Length: 9\r\n\r\nok"), want: "closed before the reply was complete"},
		"half of the chunks":    {behave: reply("200 OK", "Transfer-Encoding: chunked\r\n\r\n9\r\nok"), want: "closed before the reply was complete"},
		"half, then silence":    {behave: hangsAfter("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), want: "no reply", brief: true},
		"mute":                  {behave: hangsAfter(""), want: "no reply", brief: true},
		"drips for ever":        {behave: drips("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", brief/4), want: "no reply", brief: true},
		"garbage":               {behave: says("\x00\x01\x02\r\n\r\n"), want: "malformed HTTP response"},
		"JSON-RPC":              {behave: says(`{"id":1,"result":{}}` + "\n"), want: "malformed HTTP"},
		"a huge body":           {behave: reply("200 OK", "\r\n"+strings.Repeat("x", 2<<20)), want: "longer than 1048576 bytes"},
		"a huge head":           {behave: reply("200 OK", "X: "+strings.Repeat("x", 2<<20)), want: "longer than 1048576 bytes"},
		"a status that is none": {behave: reply("two hundred", "\r\n"), want: "malformed HTTP status code"},
	} {
		t.Run(name, func(t *testing.T) { a.check(t, probe.HTTP{Path: "/health"}) })
	}
}

func TestHTTPAsksForThePath(t *testing.T) {
	asked := ""
	err := ask(t, probe.HTTP{Path: "/health?deep=1"}, outer, func(request string, conn net.Conn) {
		asked = request
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	})
	if err != nil || asked != "GET /health?deep=1 HTTP/1.1\r\n" {
		t.Errorf("asked %q, %v", asked, err)
	}
}

// TestAnEndedContextEndsTheQuestion: without any deadline.
func TestAnEndedContextEndsTheQuestion(t *testing.T) {
	client, server := net.Pipe()
	defer func() { _, _ = client.Close(), server.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = bufio.NewReader(server).ReadString('\n')
		cancel()
	}()
	if err := (&probe.JSONRPC{}).Ask(ctx, client); !errors.Is(err, probe.ErrNoReply) {
		t.Errorf("%v", err)
	}
}
