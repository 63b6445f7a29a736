package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/live"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// hostile is a text that a service could have as its name, or say.
const hostile = `</script><img src=x onerror="window.hacked=true">`

// outer bounds a test that has gone wrong; nothing is judged by it.
const outer = 30 * time.Second

// shown is a run with its page.
type shown struct {
	*live.Server
	announcer *progress.Announcer
	writer    *record.Writer
	stops     atomic.Int32
}

// show begins a run in a folder in which an earlier one has left its files.
func show(t *testing.T, change func(*live.Options)) *shown {
	t.Helper()
	folder := t.TempDir()
	options := live.Options{Progress: filepath.Join(folder, "progress.jsonl"), Record: filepath.Join(folder, "record.json"), Title: "Testing " + hostile, Style: ".v{}"}
	earlier, err := record.Create(options.Record, record.Run{ID: "earlier", Target: "embedded"}, record.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	if err := earlier.Recovery(record.Recovery{ID: "old", Promise: "old.one"}); err != nil {
		t.Fatal(err)
	}
	s := new(shown)
	options.Stop = func() { s.stops.Add(1) }
	change(&options)
	if s.Server, err = live.Serve(options); err != nil {
		t.Fatal(err)
	}
	if s.writer, err = record.Create(options.Record, record.Run{ID: "this", Target: "embedded"}, record.Redactor{}); err != nil {
		t.Fatal(err)
	}
	s.announcer = progress.Announce(options.Progress, "1")
	t.Cleanup(func() { _ = s.Close("") })
	return s
}

func usual(*live.Options) {}

// tell lets the run go on: a recovery and a failure are in, and a spec waits.
func (s *shown) tell(t *testing.T) {
	t.Helper()
	at := func(ms int64) *record.Interval {
		return &record.Interval{Lo: ms * int64(time.Millisecond), Hi: ms * int64(time.Millisecond)}
	}
	s.announcer.Plan(map[string]int{"restart": 2, "hang": 1})
	s.announcer.Begin("restart.sigterm", "user.a")
	s.announcer.End()
	s.announcer.Begin("hang.detected", hostile)
	s.announcer.Due(time.Minute)
	for _, err := range []error{
		s.writer.Recovery(record.Recovery{
			ID: "new", Promise: "restart.sigterm", Service: "user.a", Fault: "SIGTERM", Injected: *at(1000), Landing: &record.Landing{At: *at(1001)},
			Exited: at(1001), Respawned: at(6001), Serving: at(6020), Observed: record.Interval{Hi: at(7000).Hi},
		}),
		s.writer.Recovery(record.Recovery{ID: "none", Promise: "restart.sigterm", Service: hostile, Fault: "SIGTERM"}),
		s.writer.Result(record.Result{Promise: "restart.sigterm", Service: "user.a", Outcome: record.Failed, Failure: hostile + "\nmore"}),
		s.writer.Result(record.Result{Promise: "boot.running", Outcome: record.Held}),
		s.writer.Result(record.Result{Promise: "boot.second", Outcome: record.NotRun}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), outer)
	t.Cleanup(cancel)
	return ctx
}

// ask sends a request, and returns the answer. header may be nil.
func ask(t *testing.T, client *http.Client, method, address string, header map[string]string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(deadline(t), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// event holds what the tests read of an event.
type event struct {
	Run                   progress.Snapshot
	Held, Failed, Unclear int
	Failures, Recoveries  []struct{ Promise, Service, Text string }
	Stopping              bool
	Ended                 string
}

// await reads events until one is as it should be.
func await(t *testing.T, client *http.Client, address string, isRight func(event) bool) event {
	t.Helper()
	stream := bufio.NewScanner(ask(t, client, http.MethodGet, address+"events", nil).Body)
	stream.Buffer(nil, 1<<20)
	var last event
	for stream.Scan() {
		text, isEvent := strings.CutPrefix(stream.Text(), "data: ")
		if !isEvent {
			continue
		}
		last = event{}
		if err := json.Unmarshal([]byte(text), &last); err != nil {
			t.Fatal(err)
		}
		if isRight(last) {
			return last
		}
	}
	t.Fatalf("the stream ended with %+v: %v", last, stream.Err())
	return last
}

func TestThePageFollowsTheRun(t *testing.T) {
	s := show(t, usual)
	s.tell(t)
	seen := await(t, http.DefaultClient, s.Address, func(e event) bool { return e.Unclear == 1 && e.Run.In == 1 })
	if seen.Held != 1 || seen.Failed != 1 || seen.Run.Due != 3 || len(seen.Run.Themes) != 2 {
		t.Errorf("the counts: %+v", seen)
	}
	if len(seen.Run.Waits) != 1 || seen.Run.Waits[0].Promise != "hang.detected" || time.Until(seen.Run.Waits[0].Until) < 30*time.Second {
		t.Errorf("what is waited for: %+v", seen.Run.Waits)
	}
	if len(seen.Failures) != 1 || seen.Failures[0].Text != hostile {
		t.Errorf("the failures: %+v", seen.Failures)
	}
	if len(seen.Recoveries) != 2 || seen.Recoveries[0].Text != "exit 1.00 ms after the fault, respawn 5.00 s after the exit, serving 5.02 s after the exit" ||
		seen.Recoveries[1].Text != "the fault did not take effect" {
		t.Errorf("the recoveries, and none of the earlier run: %+v", seen.Recoveries)
	}
}

// TestOnlyWhoKnowsTheTokenIsServed: and only by a name of this machine, and from no other page.
func TestOnlyWhoKnowsTheTokenIsServed(t *testing.T) {
	s := show(t, usual)
	root, _, _ := strings.Cut(strings.TrimPrefix(s.Address, "http://"), "/")
	for name, c := range map[string]struct {
		method, address string
		header          map[string]string
		status          int
	}{
		"the page":                  {http.MethodGet, s.Address, nil, http.StatusOK},
		"the page, by its name":     {http.MethodGet, s.Address, map[string]string{"Host": "localhost:80"}, http.StatusOK},
		"without a token":           {http.MethodGet, "http://" + root + "/", nil, http.StatusNotFound},
		"with another token":        {http.MethodGet, "http://" + root + "/" + strings.Repeat("A", 26) + "/", nil, http.StatusNotFound},
		"with an empty token":       {http.MethodPost, "http://" + root + "/%20/stop", nil, http.StatusNotFound},
		"by another name":           {http.MethodGet, s.Address, map[string]string{"Host": "evil.example"}, http.StatusNotFound},
		"what is not there":         {http.MethodGet, s.Address + "record.json", nil, http.StatusNotFound},
		"a stop by another token":   {http.MethodPost, "http://" + root + "/x/stop", nil, http.StatusNotFound},
		"a stop from another page":  {http.MethodPost, s.Address + "stop", map[string]string{"Origin": "http://evil.example"}, http.StatusNotFound},
		"a stop that is only read":  {http.MethodGet, s.Address + "stop", nil, http.StatusMethodNotAllowed},
		"a page that is written":    {http.MethodPut, s.Address, nil, http.StatusMethodNotAllowed},
		"a page that is removed":    {http.MethodDelete, s.Address, nil, http.StatusMethodNotAllowed},
		"events that are written":   {http.MethodPost, s.Address + "events", nil, http.StatusMethodNotAllowed},
		"a path out of the folder":  {http.MethodGet, s.Address + "../../etc/passwd", nil, http.StatusNotFound},
		"the events, from a script": {http.MethodGet, s.Address + "events", map[string]string{"Origin": "http://" + root}, http.StatusOK},
	} {
		if response := ask(t, http.DefaultClient, c.method, c.address, c.header); response.StatusCode != c.status {
			t.Errorf("%s: status %d, not %d", name, response.StatusCode, c.status)
		}
	}
	if s.stops.Load() != 0 {
		t.Error("the run was stopped by somebody who may not")
	}
}

// TestThePageLoadsNothing checks the policy, and that the title is text.
func TestThePageLoadsNothing(t *testing.T) {
	s := show(t, usual)
	response := ask(t, http.DefaultClient, http.MethodGet, s.Address, nil)
	text := new(strings.Builder)
	if _, err := bufio.NewReader(response.Body).WriteTo(text); err != nil {
		t.Fatal(err)
	}
	if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "connect-src 'self'") {
		t.Errorf("the policy %q", policy)
	}
	if response.Header.Get("Referrer-Policy") != "no-referrer" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the token may get about: %v", response.Header)
	}
	if found := regexp.MustCompile(`(?i)<img|<[^>]*\ssrc=|<link|@import|url\(|https?://`).FindAllString(text.String(), -1); len(found) > 0 {
		t.Errorf("the page has %q", found)
	}
}

// TestAStopStopsOnce: whoever presses twice does not kill the program, as a second interrupt would.
func TestAStopStopsOnce(t *testing.T) {
	s := show(t, usual)
	for range 2 {
		if response := ask(t, http.DefaultClient, http.MethodPost, s.Address+"stop", nil); response.StatusCode != http.StatusAccepted {
			t.Errorf("status %d", response.StatusCode)
		}
	}
	if s.stops.Load() != 1 {
		t.Errorf("%d stops", s.stops.Load())
	}
	await(t, http.DefaultClient, s.Address, func(e event) bool { return e.Stopping })
}

// TestTheEndIsToldToOpenPages: a page that is open does not keep the program from its end.
func TestTheEndIsToldToOpenPages(t *testing.T) {
	s := show(t, usual)
	told := make(chan event, 1)
	opened := make(chan struct{})
	go func() {
		first := true
		told <- await(t, http.DefaultClient, s.Address, func(e event) bool {
			if first {
				close(opened)
				first = false
			}
			return e.Ended != ""
		})
	}()
	<-opened
	began := time.Now()
	if err := s.Close("13 passed"); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > outer/2 {
		t.Errorf("the end took %s", took)
	}
	if seen := <-told; seen.Ended != "13 passed" {
		t.Errorf("told %+v", seen)
	}
}

func TestAUnixSocketIsItsOwnersAlone(t *testing.T) {
	folder, err := os.MkdirTemp("", "live") // a test's own directory has too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "live.sock")
	s := show(t, func(o *live.Options) { o.Socket = socket })
	about, err := os.Stat(socket)
	if err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", about.Mode(), err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	s.tell(t)
	_, address, ok := strings.Cut(s.Address, socket+" ")
	if !ok {
		t.Fatalf("the address is %q", s.Address)
	}
	await(t, client, address, func(e event) bool { return e.Failed == 1 })
	if _, err := live.Serve(live.Options{Socket: filepath.Join(socket, "below")}); err == nil {
		t.Error("a page is served below a file")
	}
}
