package probe_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
)

func TestStatusFollowsNoRedirect(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/here", http.StatusFound)
		}
	}))
	defer server.Close()
	for path, want := range map[string]int{"/here": 200, "/away": 302} {
		if status, err := (probe.Route{}).Status(t.Context(), server.URL+path); status != want || err != nil {
			t.Errorf("%s: %d, %v", path, status, err)
		}
	}
	if _, err := (probe.Route{}).Status(t.Context(), "::"); err == nil {
		t.Error("no URL is asked")
	}
}

// TestStatusAsksNoProxy checks that a proxy of the environment is asked only if the route says so.
func TestStatusAsksNoProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	t.Setenv("NO_PROXY", "")
	refused := func(context.Context) (net.Conn, error) { return nil, errors.New("refused") }
	if _, err := (probe.Route{Dial: refused}).Status(t.Context(), "http://hero.example/"); !errors.Is(err, probe.ErrUnreachable) {
		t.Errorf("asked directly: %v", err)
	}
	if status, err := (probe.Route{Proxy: http.ProxyURL(mustParse(t, proxy.URL))}).Status(t.Context(), "http://hero.example/"); status != http.StatusTeapot {
		t.Errorf("asked through a proxy: %d, %v", status, err)
	}
}

// TestStatusSaysHowFarItCame serves what is no good reply, and checks that each kind has a sentence of its own.
func TestStatusSaysHowFarItCame(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  string
	}{
		"closes at once": {func(net.Conn) {}, "closes it without a reply"},
		"is mute":        {func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }, "does not answer in time"},
		"no HTTP":        {func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n") }, "does not speak HTTP"},
		"never ends": {func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
			_, _ = io.Copy(io.Discard, conn)
		}, "it answers 200, and the rest of the reply does not come: no reply"},
	} {
		t.Run(name, func(t *testing.T) {
			route := probe.Route{Dial: func(context.Context) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer func() { _ = theirs.Close() }()
					head := make([]byte, 1)
					_, _ = theirs.Read(head)
					go func() { _, _ = io.Copy(io.Discard, theirs) }()
					c.serve(theirs)
				}()
				return ours, nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := route.Status(ctx, "http://hero.example/"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if _, err := (probe.Route{}).Status(t.Context(), "http://"+listener.Addr().String()); !errors.Is(err, probe.ErrUnreachable) {
		t.Errorf("nobody listens: %v", err)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
