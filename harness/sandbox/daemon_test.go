package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakeDaemon is a server of the part of Docker's API that Connect uses, on a unix socket.
type fakeDaemon struct {
	id      string
	name    string
	answers int32 // how often it answers /info before it fails or hangs; 0: always
	hangs   bool
	asked   atomic.Int32
}

func (f *fakeDaemon) serve(t *testing.T) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "fake") // a test's own directory has too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "docker.sock")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		_ = os.RemoveAll(dir)
	})
	return socket
}

func (f *fakeDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/_ping"):
		_, _ = io.WriteString(w, "OK")
	case strings.HasSuffix(r.URL.Path, "/info"):
		if n := f.asked.Add(1); f.answers != 0 && n > f.answers {
			if f.hangs {
				<-r.Context().Done()
			}
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"ID": f.id, "Name": f.name, "ServerVersion": "20.10.24"})
	case r.Method == http.MethodPost:
		_, _ = io.WriteString(w, "{}")
	default:
		_, _ = io.WriteString(w, "[]")
	}
}

func TestConnect(t *testing.T) {
	ours, theirs := &fakeDaemon{id: "OURS"}, &fakeDaemon{id: "THEIRS"}
	here, there := "unix://"+ours.serve(t), "unix://"+theirs.serve(t)
	copied := "unix://" + (&fakeDaemon{id: "OURS", name: "copy"}).serve(t)
	dying := "unix://" + (&fakeDaemon{id: "DYING", answers: 1}).serve(t)
	hanging := "unix://" + (&fakeDaemon{id: "HANGING", answers: 1, hangs: true}).serve(t)
	nameless := "unix://" + (&fakeDaemon{}).serve(t)
	for name, test := range map[string]struct {
		env        []string
		properties string
		want       []string
	}{
		"the configured daemon": {
			env:  []string{"DOCKER_HOST=" + here},
			want: []string{"connected: OURS", "ryuk disabled true"},
		},
		"a docker context": {
			env:  []string{"DOCKER_CONFIG=" + dockerConfig(t, "far", there), "DOCKER_CONTEXT=far"},
			want: []string{"connected: THEIRS"},
		},
		"testcontainers prefers its own file": {
			env: []string{"DOCKER_HOST=" + here}, properties: "tc.host=" + there,
			want: []string{"error: use one Docker", "has the id OURS", "talks to THEIRS", ".testcontainers.properties"},
		},
		"a copy of the machine": {
			env: []string{"DOCKER_HOST=" + here}, properties: "tc.host=" + copied,
			want: []string{"error: use one Docker", "talks to OURS (copy:"},
		},
		"nobody answers": {
			env:  []string{"DOCKER_HOST=unix:///nowhere/docker.sock"},
			want: []string{"error: reach Docker at unix:///nowhere/docker.sock (from $DOCKER_HOST)", "ci/docker.sh"},
		},
		// testcontainers silently goes to another daemon, if one exists.
		"the daemon fails after the first answer": {
			env:  []string{"DOCKER_HOST=" + dying},
			want: []string{"error: use ", "Docker"},
		},
		"the daemon hangs after the first answer": {
			env:  []string{"DOCKER_HOST=" + hanging},
			want: []string{"error: use Docker at", "deadline"},
		},
		"a daemon without an id": {
			env:  []string{"DOCKER_HOST=" + nameless},
			want: []string{"error: identify Docker", "has no id"},
		},
		"no address": {
			env:  []string{"DOCKER_HOST=nonsense"},
			want: []string{"error: read $DOCKER_HOST=nonsense", "ssh://USER@HOST"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			if test.properties != "" {
				writeTestFile(t, filepath.Join(home, ".testcontainers.properties"), test.properties)
			}
			out, err := role(t, "connect", append(test.env, "HOME="+home)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.Count(string(out), "\n"); lines != 1 {
				t.Errorf("printed %d lines, want one:\n%s", lines, out)
			}
			for _, want := range test.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("printed %q, want it to contain %q", out, want)
				}
			}
		})
	}
}

func TestConnectOverSSH(t *testing.T) {
	far := &fakeDaemon{id: "FAR"}
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=ssh SANDBOX_TEST_SOCKET=%s exec %s\n", roleEnv, far.serve(t), self)
	writeTestFile(t, filepath.Join(bin, "ssh"), script)
	if err := os.Chmod(filepath.Join(bin, "ssh"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	out, err := role(t, "connect", "DOCKER_HOST=ssh://somebody@machine.example", "PATH="+bin+":"+os.Getenv("PATH")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "connected: FAR published at machine.example ryuk disabled true\n"; string(out) != want {
		t.Errorf("printed %q, want %q", out, want)
	}
}

func TestResolve(t *testing.T) {
	config := dockerConfig(t, "far", "tcp://far.example:2376")
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing is set":          {map[string]string{}, "unix:///var/run/docker.sock (from the default)"},
		"the host wins":           {map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_CONTEXT": "far"}, "tcp://h:1 (from $DOCKER_HOST)"},
		"a context":               {map[string]string{"DOCKER_CONTEXT": "far", "DOCKER_CONFIG": config}, `tcp://far.example:2376 (from docker context "far")`},
		"the configured context":  {map[string]string{"DOCKER_CONFIG": config}, `tcp://far.example:2376 (from docker context "far")`},
		"the default context":     {map[string]string{"DOCKER_CONTEXT": "default", "DOCKER_CONFIG": config}, "unix:///var/run/docker.sock (from the default)"},
		"a context that is none":  {map[string]string{"DOCKER_CONTEXT": "near", "DOCKER_CONFIG": config}, `read docker context "near": `},
		"a broken configuration":  {map[string]string{"DOCKER_CONFIG": brokenConfig(t)}, "read Docker's configuration: "},
		"TLS, no certificates":    {map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1"}, "use TLS as $DOCKER_TLS_VERIFY asks: find the certificates: "},
		"TLS, certificates":       {map[string]string{"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}, "tcp://h:1 (from $DOCKER_HOST)"},
		"an ssh host with a path": {map[string]string{"DOCKER_HOST": "ssh://u:p@h?x"}, "read $DOCKER_HOST=ssh"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
				t.Setenv(variable, test.env[variable])
			}
			t.Setenv("HOME", t.TempDir())
			where, err := resolve()
			got := where.String()
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTunnelPassesBothWaysAndEachEnd(t *testing.T) {
	far, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Close() }()
	go func() { // it answers only when its input has ended
		conn, err := far.Accept()
		if err != nil {
			return
		}
		text, _ := io.ReadAll(conn)
		_, _ = fmt.Fprintf(conn, "got %s", text)
		_ = conn.Close()
	}()
	tun, err := openTunnel(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", far.Addr().String())
	})
	if err != nil {
		t.Fatal(err)
	}
	near, err := new(net.Dialer).DialContext(t.Context(), "unix", strings.TrimPrefix(tun.host(), "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := near.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // or a lost end hangs
		t.Fatal(err)
	}
	_, _ = io.WriteString(near, "a question")
	_ = near.(*net.UnixConn).CloseWrite()
	if answer, err := io.ReadAll(near); err != nil || string(answer) != "got a question" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if err := tun.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(tun.dir); !os.IsNotExist(err) {
		t.Errorf("the tunnel's directory is still there: %v", err)
	}
}

// dockerConfig writes a configuration directory with a current context, and returns its path.
func dockerConfig(t *testing.T, name, host string) string {
	t.Helper()
	dir := t.TempDir()
	writeTestFile(t, filepath.Join(dir, "config.json"), fmt.Sprintf(`{"currentContext":%q}`, name))
	// Docker files a context under the SHA-256 of its name.
	meta := filepath.Join(dir, "contexts", "meta", fmt.Sprintf("%x", sha256.Sum256([]byte(name))), "meta.json")
	writeTestFile(t, meta, fmt.Sprintf(`{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q}}}`, name, host))
	return dir
}

func brokenConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeTestFile(t, filepath.Join(dir, "config.json"), "{")
	return dir
}

func writeTestFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
