package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// tracingDaemon is a server of the part of Docker's API that a plan uses. It keeps every request.
type tracingDaemon struct {
	mu    sync.Mutex
	asked []string
}

func (d *tracingDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, r.Method+" "+r.URL.Path)
	d.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	var answer any
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/_ping"):
		_, _ = io.WriteString(w, "OK")
		return
	case strings.HasSuffix(path, "/info"):
		answer = map[string]any{"ID": "TRACED", "Name": "here", "ServerVersion": "28.0", "OSType": "linux", "CPUCfsQuota": true, "CPUCfsPeriod": true}
	case strings.HasSuffix(path, "/networks"):
		answer = []any{map[string]any{"Name": "bridge"}}
	case strings.HasSuffix(path, "/containers/hero-local/json"):
		answer = map[string]any{"Id": strings.Repeat("c", 64), "Image": "sha256:" + strings.Repeat("1", 64)}
	default:
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"message": "no such thing"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// serveTraced starts the daemon on a socket that DOCKER_HOST names.
func serveTraced(t *testing.T) *tracingDaemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "traced") // a test's own directory has too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	daemon := new(tracingDaemon)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: daemon, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		_ = os.RemoveAll(dir)
	})
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(dir, "docker.sock"))
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	return daemon
}

// listSpecs returns tools whose suites list two specs, and leave a trace if they are run.
func listSpecs(t *testing.T) runner.Tools {
	t.Helper()
	const script = `#!/bin/sh
case "$HERO_CHAOS_RUN" in *'"survey":"/dev/fd/3"'*) ;; *) exit 1 ;; esac
echo '[{"key":{"promise":"host.cpu","service":"cpu-starved","name":"n"},"sandbox":"host"},{"key":{"promise":"restart.sigkill","service":"user.a","fault":"SIGKILL","name":"m"}}]' >&3
`
	path := filepath.Join(t.TempDir(), "suites.test")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return runner.Tools{Ginkgo: "/none", Suites: path, Agent: "/none"}
}

// TestAPlanStartsNothingAndWritesNothing traces what a plan asks the daemon, and what it leaves behind.
func TestAPlanStartsNothingAndWritesNothing(t *testing.T) {
	daemon := serveTraced(t)
	tools := listSpecs(t)
	empty := t.TempDir()
	t.Setenv("TMPDIR", empty)
	described := &target.Target{Name: "mine", Image: target.Image{Reference: "mine:latest"}, Services: []target.Service{{Name: "user.a"}}}
	for container, want := range map[string][]string{
		"": {
			"nothing is started, and nothing is written", "image mine:latest is not here: it would be pulled",
			"cpu-starved", "cgroup", "docker", "2 specs of 2 promises in the quick profile, 2 steps, of which 0 are not allowed here",
		},
		"hero-local": {"container hero-local, id cccccccccccc", "no: cpu-starved is done to the container as a whole", "ALLOW_DESTRUCTIVE=1", "2 steps, of which 2 are not allowed here"},
	} {
		var text bytes.Buffer
		configuration := config.Config{Container: container, Profile: config.Quick, Output: filepath.Join(empty, "out")}
		if err := planRun(t.Context(), &text, tools, configuration, described); err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(text.String(), part) {
				t.Errorf("%q: it lacks %q:\n%s", container, part, text.String())
			}
		}
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("a plan left %v, %v", left, err)
	}
	daemon.mu.Lock()
	defer daemon.mu.Unlock()
	for _, request := range daemon.asked {
		if method, _, _ := strings.Cut(request, " "); method != http.MethodGet && method != http.MethodHead {
			t.Errorf("a plan asked %s", request)
		}
	}
	if len(daemon.asked) == 0 {
		t.Error("a plan asked the daemon nothing")
	}
}
