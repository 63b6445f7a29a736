package zinit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const pong = `{"jsonrpc":"2.0","id":1,"result":{"version":"9.9"}}`

// say returns a server that writes each part with one write and then waits until the client goes away.
func say(parts ...string) func(net.Conn) {
	return func(conn net.Conn) {
		for _, part := range parts {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	}
}

// leave returns a server that writes its parts and closes the connection at once.
func leave(parts ...string) func(net.Conn) {
	return func(conn net.Conn) {
		for _, part := range parts {
			_, _ = io.WriteString(conn, part)
		}
	}
}

func drip(text string, every time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		for _, letter := range text {
			time.Sleep(every)
			if _, err := io.WriteString(conn, string(letter)); err != nil {
				return
			}
		}
	}
}

// TestReplies pings hostile and unusual supervisors. synctest also fails the test if a goroutine is left behind.
func TestReplies(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	cases := map[string]struct {
		reply func(net.Conn)
		want  string // of the error; empty: the right answer
	}{
		"plain":                   {say(pong + "\n"), ""},
		"without a line break":    {say(pong), ""},
		"and gone at once":        {leave(pong), ""},
		"pretty printed":          {say("\n{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\n  \"result\": {\n    \"version\": \"9.9\"\n  }\n}\n"), ""},
		"in pieces":               {say(pong[:7], pong[7:30], pong[30:]), ""},
		"a slow drip":             {drip(pong, 100*time.Millisecond), ""},
		"two documents in a line": {say(pong + `{"jsonrpc":"2.0","id":2,"result":{"version":"0"}}` + "\n"), ""},
		"another's reply first":   {say(`{"jsonrpc":"2.0","id":7,"result":{"version":"0"}}`, pong), ""},
		"notifications between":   {say(`{"jsonrpc":"2.0","method":"log","params":["a"]}`, `{"jsonrpc":"2.0","method":"log"}`+pong), ""},
		"extra members":           {say(`{"jsonrpc":"2.0","id":1,"took_ms":3,"result":{"version":"9.9","build":{"a":[1]}}}`), ""},
		"error null":              {say(`{"jsonrpc":"2.0","id":1,"error":null,"result":{"version":"9.9"}}`), ""},
		"garbage after the reply": {say(pong + "\x00\xff{{{"), ""},
		"3 MiB":                   {say(`{"jsonrpc":"2.0","id":1,"result":{"version":"9.9","x":"`+huge, huge, huge, `"}}`), ""},

		"garbage":                 {say("HTTP/1.1 400 Bad Request\r\n\r\n"), "not JSON"},
		"invalid utf-8 and nul":   {say("\x00\xff\xfe"), "not JSON"},
		"larger than the limit":   {say(`{"jsonrpc":"2.0","id":1,"result":{"version":"`+huge, huge, huge, huge, huge, `"}}`), "larger than 4194304 bytes"},
		"endless blanks":          {say(strings.Repeat(" ", 1<<20), strings.Repeat(" ", 4<<20)), "larger than 4194304 bytes"},
		"silence":                 {say(), "no reply within 10s"},
		"too slow a drip":         {drip(pong, time.Second), "no reply within 10s"},
		"only another's reply":    {say(`{"jsonrpc":"2.0","id":7,"result":{"version":"9.9"}}`), `one to the unknown request id "7"`},
		"id of another type":      {say(`{"jsonrpc":"2.0","id":"1","result":{"version":"9.9"}}`), `one to the unknown request id "\"1\""`},
		"only notifications":      {say(`{"jsonrpc":"2.0","method":"log"}`), "no reply within 10s"},
		"gone in the middle":      {leave(pong[:20]), "ended in the middle of a reply"},
		"gone without a word":     {leave(), "closed the connection without a reply"},
		"null":                    {say("null\n"), "jsonrpc"},
		"a number":                {say("42\n"), "not a JSON-RPC object"},
		"a batch":                 {say("[" + pong + "]"), "not a JSON-RPC object"},
		"no version":              {say(`{"id":1,"result":{"version":"9.9"}}`), "jsonrpc"},
		"result null":             {say(`{"jsonrpc":"2.0","id":1,"result":null}`), "null"},
		"result of another type":  {say(`{"jsonrpc":"2.0","id":1,"result":["9.9"]}`), "has an unexpected form"},
		"member of another type":  {say(`{"jsonrpc":"2.0","id":1,"result":{"version":9}}`), "has an unexpected form"},
		"result lacks the member": {say(`{"jsonrpc":"2.0","id":1,"result":{}}`), "it has no version"},
		"neither result nor error": {
			say(`{"jsonrpc":"2.0","id":1}`), "neither a result nor an error",
		},
		"error and result":      {say(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"},"result":{"version":"9.9"}}`), "boom (code -32603)"},
		"error, and gone":       {leave(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"}}`), "boom (code -32603)"},
		"error without message": {say(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603}}`), "an error without a message (code -32603)"},
		"error without code":    {say(`{"jsonrpc":"2.0","id":1,"error":{"message":"boom"}}`), "no code"},
		"error of another type": {say(`{"jsonrpc":"2.0","id":1,"error":"boom"}`), "not a JSON-RPC object"},
		"error with data":       {say(`{"jsonrpc":"2.0","id":1,"error":{"code":-32011,"message":"bad","data":{"errors":["exec"]}}}`), `bad "{\"errors\":[\"exec\"]}" (code -32011)`},
		"request not understood": {
			say(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`), "could not read the request: parse error",
		},
		"request not understood, as 0.3 says it": {
			say(`{"jsonrpc":"2.0","id":0,"error":{"code":-32700,"message":"parse error"}}`), "could not read the request: parse error",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := zinit.NewClient(dialTo(func(conn net.Conn) {
					if _, err := readLine(conn); err != nil {
						t.Errorf("read the request: %v", err)
					}
					c.reply(conn)
				}))
				began := time.Now()
				version, err := client.Ping(t.Context())
				expectReply(t, version, err, c.want)
				if took := time.Since(began); took > zinit.CallTimeout {
					t.Errorf("the call took %s", took)
				}
				time.Sleep(time.Minute) // until the fake supervisor has gone
			})
		})
	}
}

func expectReply(t *testing.T, version string, err error, want string) {
	t.Helper()
	g := NewWithT(t)
	if want == "" {
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(version).To(Equal("9.9"))
		return
	}
	g.Expect(err).To(MatchError(ContainSubstring(want)))
	g.Expect(err.Error()).To(HavePrefix("system.ping: "))
	g.Expect(err.Error()).NotTo(ContainSubstring("\n"), "an error is one line")
	g.Expect(version).To(BeEmpty())
	var answered *zinit.Error
	g.Expect(errors.Is(err, zinit.ErrConnection)).NotTo(Equal(errors.As(err, &answered)), "either no answer or one")
}

// TestCallEnds checks that a call ends with its context if the dial, the write or the read hangs.
func TestCallEnds(t *testing.T) {
	hangs := map[string]zinit.Dialer{
		"nobody accepts": func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"nobody reads":   dialTo(func(net.Conn) { time.Sleep(time.Hour) }),
		"nobody answers": dialTo(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }),
	}
	for name, dial := range hangs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				err := zinit.NewClient(dial).Start(ctx, "user.x")
				g.Expect(err).To(MatchError(context.DeadlineExceeded))
				g.Expect(err).To(MatchError(zinit.ErrConnection))
				g.Expect(err.Error()).To(HavePrefix(`service.start of "user.x": no answer`))
				g.Expect(time.Since(began)).To(Equal(3 * time.Second))

				began = time.Now()
				g.Expect(zinit.NewClient(dial).Start(t.Context(), "user.x")).To(MatchError(zinit.ErrConnection))
				g.Expect(time.Since(began)).To(Equal(zinit.CallTimeout))
				time.Sleep(2 * time.Hour) // until the fake supervisors have gone
			})
		})
	}
}

// TestErrorCodes checks which error each code stands for.
func TestErrorCodes(t *testing.T) {
	for code, want := range map[int]error{
		-32001: zinit.ErrNotFound, -32002: zinit.ErrAlreadyInState,
		-32003: zinit.ErrInvalidConfig, -32004: zinit.ErrDependencyCycle,
	} {
		g := NewWithT(t)
		client := zinit.NewClient(answering(t, func(request) string {
			return fmt.Sprintf(`"error":{"code":%d,"message":"it is so"}`, code)
		}))
		err := client.Stop(t.Context(), "user.x")
		g.Expect(err).To(MatchError(want))
		g.Expect(err).To(MatchError(fmt.Sprintf(`service.stop of "user.x": it is so (code %d)`, code)))
		g.Expect(err).NotTo(MatchError(zinit.ErrConnection))
	}
	g := NewWithT(t)
	client := zinit.NewClient(answering(t, func(request) string { return `"result":{"ok":false}` }))
	g.Expect(client.Stop(t.Context(), "user.x")).To(MatchError(ContainSubstring("ok is false")))
	g.Expect(client.Close()).To(Succeed())
	g.Expect(client.Stop(t.Context(), "user.x")).To(MatchError(ContainSubstring("client is closed")))
}

// TestManyAtOnce uses one client from many goroutines over a real socket. Its supervisor is gone for a while. No goroutine is left
// behind.
func TestManyAtOnce(t *testing.T) {
	g := NewWithT(t)
	before := gleak.Goroutines()
	socket := filepath.Join(t.TempDir(), "zinit.sock")
	client := zinit.NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	})
	_, err := client.Ping(t.Context())
	g.Expect(err).To(MatchError(zinit.ErrConnection))
	for range 2 { // the second time is a supervisor that came back
		stop := listen(t, socket)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if version, err := client.Ping(t.Context()); err != nil || version != "9.9" {
					t.Errorf("ping: %q, %v", version, err)
				}
			})
		}
		all.Wait()
		stop()
		_, err := client.Ping(t.Context())
		g.Expect(err).To(MatchError(ContainSubstring("connect to the supervisor")))
	}
	g.Eventually(gleak.Goroutines).WithTimeout(10 * time.Second).ShouldNot(gleak.HaveLeaked(before))
}

// listen serves pings on a socket until the returned function is called.
func listen(t *testing.T, socket string) (stop func()) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer func() { _ = conn.Close() }()
				if _, err := readLine(conn); err == nil {
					_, _ = io.WriteString(conn, pong)
				}
			})
		}
	})
	return func() {
		_ = listener.Close()
		served.Wait()
	}
}

// FuzzReply sends arbitrary bytes as the reply to service.status.
func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"result":{"name":"a","state":"Running","pid":3}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no"}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","method":"x"}{"jsonrpc":"2.0","id":1,"result":null}`))
	f.Add([]byte(`{"jsonrpc":"2.0","error":{"code":0,"message":"a\nb"}}`))
	f.Add([]byte("[[[[{\"id\":1e9}\x00"))
	f.Fuzz(func(t *testing.T, reply []byte) {
		client := zinit.NewClient(dialTo(func(conn net.Conn) {
			if _, err := readLine(conn); err == nil {
				_, _ = conn.Write(reply)
			}
		}))
		status, err := client.Status(t.Context(), "a")
		switch {
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("the error has several lines: %q", err)
		case err != nil && status != zinit.Status{}:
			t.Errorf("both a status and an error: %+v, %v", status, err)
		case err == nil && (status.Name == "" || status.State == ""):
			t.Errorf("a status without name or state was taken: %+v", status)
		}
	})
}
