package reap_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

// daemon is a fake Docker daemon with containers, networks and volumes, by their sessions.
type daemon struct {
	mu      sync.Mutex
	objects map[string]string // "containers/c1" → session
	removed []string
	refuse  string // the object whose removal fails once
	late    string // the object that appears at the third look: Docker was still creating it
	looks   int
	execs   []string // the commands that were started in containers
}

func (d *daemon) serve(t *testing.T) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "docker.sock")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: d, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	return socket
}

func (d *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	path := r.URL.Path
	if rest, versioned := strings.CutPrefix(path, "/v1.41"); versioned {
		path = rest
	}
	switch kind := strings.Split(path, "/")[1]; {
	case kind == "_ping":
		_, _ = io.WriteString(w, "OK")
	case kind == "info":
		_, _ = io.WriteString(w, `{"ID": "this one"}`)
	case strings.HasSuffix(path, "/exec"):
		command, _ := io.ReadAll(r.Body)
		d.execs = append(d.execs, path+" "+string(command))
		_, _ = io.WriteString(w, `{"Id": "e1"}`)
	case r.Method == http.MethodGet:
		d.list(w, kind, r.URL.Query().Get("filters"))
	case r.Method == http.MethodDelete:
		d.remove(w, strings.TrimPrefix(path, "/"))
	}
}

func (d *daemon) list(w io.Writer, kind, filters string) {
	if kind == "containers" {
		if d.looks++; d.late != "" && d.looks == 3 {
			d.objects[d.late] = "mine"
		}
	}
	found := []map[string]string{}
	for object, session := range d.objects {
		if rest, ok := strings.CutPrefix(object, kind+"/"); ok && strings.Contains(filters, `"`+reap.Label+"="+session+`"`) {
			found = append(found, map[string]string{"Id": rest, "Name": rest})
		}
	}
	var reply any = found
	if kind == "volumes" {
		reply = map[string]any{"Volumes": found}
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func (d *daemon) remove(w http.ResponseWriter, object string) {
	if object == d.refuse {
		d.refuse = ""
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"message":"device busy"}`)
		return
	}
	delete(d.objects, object)
	d.removed = append(d.removed, object)
	w.WriteHeader(http.StatusNoContent)
}

func TestRunRemovesTheSessionAndNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		input        string
		refuse, late string
	}{
		"after its own end":                         {input: reap.Done + "\n"},
		"after it was killed":                       {},
		"killed in the middle of a line":            {input: "do"},
		"an object that cannot be removed at first": {input: reap.Done, refuse: "networks/n1"},
		"an object that was being created":          {late: "containers/late"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &daemon{refuse: test.refuse, late: test.late, objects: map[string]string{
				"containers/c1": "mine", "containers/c2": "mine", "networks/n1": "mine", "volumes/v1": "mine",
				"containers/other": "theirs", "networks/other": "mine2", "volumes/other": "",
			}}
			out := new(bytes.Buffer)
			if err := reap.Run(t.Context(), "mine", d.serve(t), strings.NewReader(test.input), out); err != nil {
				t.Fatal(err)
			}
			want := []string{"containers/c1", "containers/c2", "networks/n1", "volumes/v1"}
			if test.late != "" {
				want = append(want, test.late)
			}
			slices.Sort(want)
			slices.Sort(d.removed)
			if !slices.Equal(d.removed, want) {
				t.Errorf("removed %v, want %v", d.removed, want)
			}
			if want := fmt.Sprintf("ready this one\nreaped %d\n", len(want)); out.String() != want {
				t.Errorf("wrote %q, want %q", out, want)
			}
		})
	}
}

// TestAKilledSessionsFilesAreRemoved checks that the file which was being copied to a container of somebody else does not stay there.
func TestAKilledSessionsFilesAreRemoved(t *testing.T) {
	const announced = reap.File + " c1 /the agent\n"
	for _, end := range []string{"", reap.Done + "\n"} {
		d := &daemon{objects: map[string]string{"containers/c1": ""}}
		if err := reap.Run(t.Context(), "mine", d.serve(t), strings.NewReader(announced+end), io.Discard); err != nil {
			t.Fatal(err)
		}
		isRemoved := len(d.execs) == 1 && strings.HasPrefix(d.execs[0], "/containers/c1/exec ") && strings.Contains(d.execs[0], `["rm","-f","/the agent"]`)
		if wasKilled := end == ""; isRemoved != wasKilled || !wasKilled && len(d.execs) > 0 {
			t.Errorf("after %q: started %q", end, d.execs)
		}
	}
}

func TestRunRemovesNothingWhileTheSessionLives(t *testing.T) {
	d := &daemon{objects: map[string]string{"containers/c1": "mine"}}
	session, end := io.Pipe()
	defer func() { _ = end.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	lines, out := io.Pipe()
	go func() { // ready, then told to stop
		_, _ = lines.Read(make([]byte, 64))
		cancel()
	}()
	err := reap.Run(ctx, "mine", d.serve(t), session, out)
	if err == nil || len(d.removed) != 0 {
		t.Errorf("error %v and removed %v; want an error and nothing removed", err, d.removed)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, test := range map[string]struct{ session, want string }{
		"no session":          {"", `session id "": use 1 to 128`},
		"a filter of its own": {`x","a=b`, "use 1 to 128"},
		"no daemon":           {"mine", "reach Docker at "},
	} {
		t.Run(name, func(t *testing.T) {
			err := reap.Run(t.Context(), test.session, filepath.Join(t.TempDir(), "none"), strings.NewReader(""), io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
