package zinit_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// converse calls a method of a supervisor that answers with the given bytes.
func converse(t *testing.T, framing dialect.Framing, reply []byte) (string, error) {
	t.Helper()
	conversation := zinit.NewConversation(func(ctx context.Context, _ int) (net.Conn, error) {
		return dialTo(func(conn net.Conn) {
			if _, err := conn.Read(make([]byte, 1<<10)); err == nil {
				_, _ = conn.Write(reply)
			}
		})(ctx)
	})
	result, err := conversation.Call(t.Context(), dialect.Transport{Framing: framing}, "GET /m", nil)
	return string(result), err
}

// TestNotificationsBeforeAReply checks that a reply is found behind notifications in every framing, and that many of them take no
// memory: the reader once kept a buffer of 4 KiB for each.
func TestNotificationsBeforeAReply(t *testing.T) {
	const notification, reply = `{"method":"x"}`, `{"id":1,"result":3}`
	for framing, heads := range map[dialect.Framing][2]string{
		dialect.Line:          {"", ""},
		dialect.LengthPrefix:  {"\x00\x00\x00\x0e", "\x00\x00\x00\x13"},
		dialect.ContentLength: {"Content-Length: 14\r\n\r\n", "Content-Length: 19\r\n\r\n"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		result, err := converse(t, framing, []byte(strings.Repeat(heads[0]+notification, 30_000)+heads[1]+reply))
		runtime.ReadMemStats(&after)
		if err != nil || result != "3" {
			t.Errorf("%s: %q, %v", framing, result, err)
		}
		if taken := (after.Sys - before.Sys) >> 20; taken > 64 {
			t.Errorf("%s: it took %d MiB", framing, taken)
		}
	}
}

// TestAGreetingIsPassedOver checks that what a supervisor says before it is asked is not taken for the reply.
func TestAGreetingIsPassedOver(t *testing.T) {
	for _, greeting := range []string{"zinit 0.4.0 ready\n", "* welcome\n* have fun\n", `{"hello":"zinit"}` + "\n"} {
		if result, err := converse(t, dialect.Line, []byte(greeting+`{"id":1,"result":3}`)); err != nil || result != "3" {
			t.Errorf("after %q: %q, %v", greeting, result, err)
		}
	}
}

// TestAResultWithACode checks that a result of a code, a message and what was asked for is read as such, and others are not.
func TestAResultWithACode(t *testing.T) {
	for result, want := range map[string]string{
		`[0,"ok",{"a":1}]`: `{"a":1}`, `[7,"no such service",null]`: "no such service (code 7)",
		`["a","b","c"]`: `["a","b","c"]`, `[1,2,3]`: `[1,2,3]`, `[0,"ok"]`: `[0,"ok"]`, `[null,"a","b"]`: `[null,"a","b"]`,
	} {
		got, err := converse(t, dialect.Line, []byte(`{"id":1,"result":`+result+`}`))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s is read as %s, not as %s", result, got, want)
		}
	}
}

// TestEnvelopes checks how requests are written in other forms than JSON-RPC's, and how their replies are read.
func TestEnvelopes(t *testing.T) {
	params := map[string]any{"name": "a"}
	for _, one := range []struct {
		how                   dialect.Envelope
		request, reply, wants string
	}{
		{dialect.Envelope{}, `{"id":1,"jsonrpc":"2.0","method":"m","params":{"name":"a"}}`, `{"id":1,"success":false,"message":"no"}`, "no (code 0)"},
		{dialect.Envelope{Batch: true}, `[{"id":1,"jsonrpc":"2.0","method":"m","params":{"name":"a"}}]`, `[{"id":1,"result":3}]`, "3"},
		{dialect.Envelope{TextID: true}, `{"id":"1","jsonrpc":"2.0","method":"m","params":{"name":"a"}}`, `{"id":"1","errorCode":7,"errorMessage":"no"}`, "no (code 7)"},
		{dialect.Envelope{Method: "cmd"}, `{"cmd":"m","id":1,"name":"a"}`, `{"id":1,"status":"ok","response":3}`, "3"},
		{dialect.Envelope{Method: "cmd"}, `{"cmd":"m","id":1,"name":"a"}`, `{"id":1,"status":"ok","pids":[7]}`, `{"pids":[7]}`},
		{dialect.Envelope{Method: "cmd", NoID: true}, `{"cmd":"m","id":1,"name":"a"}`, `{"status":"error","reason":"no"}`, "no (code 0)"},
		{dialect.Envelope{Hello: "hi"}, `{"id":2,"jsonrpc":"2.0","method":"hi","params":{}}`, `{"id":2,"result":{}}` + "\n" + `{"id":1,"result":3}`, "3"},
	} {
		var asked string
		conversation := zinit.NewConversation(func(ctx context.Context, _ int) (net.Conn, error) {
			return dialTo(func(conn net.Conn) {
				asked, _ = bufio.NewReader(conn).ReadString('\n')
				_, _ = conn.Write([]byte(one.reply + "\n"))
			})(ctx)
		})
		result, err := conversation.Call(t.Context(), dialect.Transport{Framing: dialect.Line, Envelope: one.how}, "m", params)
		got := string(result)
		if err != nil {
			got = err.Error()
		}
		if strings.TrimSpace(asked) != one.request || got != one.wants {
			t.Errorf("%+v: asked %s, and read %s as %s, not as %s", one.how, asked, one.reply, got, one.wants)
		}
	}
}

// FuzzConversation sends arbitrary bytes as the reply in each framing.
func FuzzConversation(f *testing.F) {
	for i, reply := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{"name":"a"}}`,
		"Content-Length: 14\r\n\r\n{\"method\":\"x\"}Content-Length: 19\r\n\r\n{\"id\":1,\"result\":3}",
		"\x00\x00\x00\x13{\"id\":1,\"result\":3}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{\"id\":1,\"result\":3}\r\n0\r\n\r\n",
		`[{"ID":"1","err":{"code":"no"}}]`,
	} {
		f.Add([]byte(reply), i)
	}
	f.Fuzz(func(t *testing.T, reply []byte, framing int) {
		framings := dialect.Framings()
		result, err := converse(t, framings[uint(framing)%uint(len(framings))], reply)
		answered := new(zinit.Error)
		switch {
		case err == nil && result == "":
			t.Error("neither a result nor an error")
		case err != nil && !errors.Is(err, zinit.ErrConnection) && !errors.As(err, &answered):
			t.Errorf("the error is of no kind: %v", err)
		}
	})
}
