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

// says writes its parts, one write each, and then waits until the client goes away.
func says(parts ...string) func(net.Conn) {
	return func(conn net.Conn) {
		for _, part := range parts {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	}
}

// leaves writes its parts and closes the connection at once.
func leaves(parts ...string) func(net.Conn) {
	return func(conn net.Conn) {
		for _, part := range parts {
			_, _ = io.WriteString(conn, part)
		}
	}
}

func drips(text string, every time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		for _, letter := range text {
			time.Sleep(every)
			if _, err := io.WriteString(conn, string(letter)); err != nil {
				return
			}
		}
	}
}

// TestReplies holds a ping to what hostile and merely unusual supervisors answer. Time is synctest's,
// which also fails the test where a goroutine is left behind.
func TestReplies(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	cases := map[string]struct {
		reply func(net.Conn)
		want  string // of the error; empty: the right answer
	}{
		"plain":                   {says(pong + "\n"), ""},
		"without a line break":    {says(pong), ""},
		"and gone at once":        {leaves(pong), ""},
		"pretty printed":          {says("\n{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\n  \"result\": {\n    \"version\": \"9.9\"\n  }\n}\n"), ""},
		"in pieces":               {says(pong[:7], pong[7:30], pong[30:]), ""},
		"a slow drip":             {drips(pong, 100*time.Millisecond), ""},
		"two documents in a line": {says(pong + `{"jsonrpc":"2.0","id":2,"result":{"version":"0"}}` + "\n"), ""},
		"another's reply first":   {says(`{"jsonrpc":"2.0","id":7,"result":{"version":"0"}}`, pong), ""},
		"notifications between":   {says(`{"jsonrpc":"2.0","method":"log","params":["a"]}`, `{"jsonrpc":"2.0","method":"log"}`+pong), ""},
		"extra members":           {says(`{"jsonrpc":"2.0","id":1,"took_ms":3,"result":{"version":"9.9","build":{"a":[1]}}}`), ""},
		"error null":              {says(`{"jsonrpc":"2.0","id":1,"error":null,"result":{"version":"9.9"}}`), ""},
		"garbage after the reply": {says(pong + "\x00\xff{{{"), ""},
		"3 MiB":                   {says(`{"jsonrpc":"2.0","id":1,"result":{"version":"9.9","x":"`+huge, huge, huge, `"}}`), ""},

		"garbage":                 {says("HTTP/1.1 400 Bad Request\r\n\r\n"), "not JSON"},
		"invalid utf-8 and nul":   {says("\x00\xff\xfe"), "not JSON"},
		"larger than the limit":   {says(`{"jsonrpc":"2.0","id":1,"result":{"version":"`+huge, huge, huge, huge, huge, `"}}`), "larger than 4194304 bytes"},
		"endless blanks":          {says(strings.Repeat(" ", 1<<20), strings.Repeat(" ", 4<<20)), "larger than 4194304 bytes"},
		"silence":                 {says(), "no reply within 10s"},
		"too slow a drip":         {drips(pong, time.Second), "no reply within 10s"},
		"only another's reply":    {says(`{"jsonrpc":"2.0","id":7,"result":{"version":"9.9"}}`), `one with id "7"`},
		"id of another type":      {says(`{"jsonrpc":"2.0","id":"1","result":{"version":"9.9"}}`), `one with id "\"1\""`},
		"only notifications":      {says(`{"jsonrpc":"2.0","method":"log"}`), "no reply within 10s"},
		"gone in the middle":      {leaves(pong[:20]), "ended in the middle of a reply"},
		"gone without a word":     {leaves(), "closed the connection without a reply"},
		"null":                    {says("null\n"), "jsonrpc"},
		"a number":                {says("42\n"), "no JSON-RPC object"},
		"a batch":                 {says("[" + pong + "]"), "no JSON-RPC object"},
		"no version":              {says(`{"id":1,"result":{"version":"9.9"}}`), "jsonrpc"},
		"result null":             {says(`{"jsonrpc":"2.0","id":1,"result":null}`), "null"},
		"result of another type":  {says(`{"jsonrpc":"2.0","id":1,"result":["9.9"]}`), "not what was asked for"},
		"member of another type":  {says(`{"jsonrpc":"2.0","id":1,"result":{"version":9}}`), "not what was asked for"},
		"result lacks the member": {says(`{"jsonrpc":"2.0","id":1,"result":{}}`), "it has no version"},
		"neither result nor error": {
			says(`{"jsonrpc":"2.0","id":1}`), "neither a result nor an error",
		},
		"error and result":      {says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"},"result":{"version":"9.9"}}`), "boom (code -32603)"},
		"error, and gone":       {leaves(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"}}`), "boom (code -32603)"},
		"error without message": {says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603}}`), "an error without a message (code -32603)"},
		"error without code":    {says(`{"jsonrpc":"2.0","id":1,"error":{"message":"boom"}}`), "no code"},
		"error of another type": {says(`{"jsonrpc":"2.0","id":1,"error":"boom"}`), "no JSON-RPC object"},
		"error with data":       {says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32011,"message":"bad","data":{"errors":["exec"]}}}`), `bad "{\"errors\":[\"exec\"]}" (code -32011)`},
		"request not understood": {
			says(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}`), "could not read the request: parse error",
		},
		"request not understood, as 0.3 says it": {
			says(`{"jsonrpc":"2.0","id":0,"error":{"code":-32700,"message":"parse error"}}`), "could not read the request: parse error",
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

// TestCallEnds holds a call to its context wherever it hangs: in the dial, the write, the read.
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

// TestErrorsAreTold holds errors to their sentinels.
func TestErrorsAreTold(t *testing.T) {
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

// TestManyAtOnce uses one client from many goroutines over a real socket whose supervisor is gone
// for a while, and leaves no goroutine behind.
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
