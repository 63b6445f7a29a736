// Package live serves a page about a run while it goes on: what is waited for and until when, what comes in, and a button that stops the
// run. It reads the files that the run writes, and changes nothing but by that button.
package live

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/progress"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// readInterval is the time between two readings of the run's files.
	readInterval = time.Second
	// requestTimeout bounds the headers of a request: the stream of events goes on for as long as the run.
	requestTimeout = 10 * time.Second
	// closeTimeout bounds how long pages may take to read the last event.
	closeTimeout = 2 * time.Second
	// mostRecoveries is the number of recoveries that a page which opens late is told of. The record has all.
	mostRecoveries = 500
	// mostFailures is the same of failures.
	mostFailures = 100
)

// Options describe the run that is shown.
type Options struct {
	// Socket is the path of a unix socket to serve on. If it is empty, the page is on a free port of the loopback interface.
	Socket string
	// Progress and Record are the files that the run writes.
	Progress, Record string
	// Title names what is tested, and Style is the page's style sheet.
	Title, Style string
	// Stop interrupts the run. It is called once at most.
	Stop func()
}

// Server serves the page.
type Server struct {
	// Address goes into a browser or, for a unix socket, after curl.
	Address string

	options Options
	token   string
	policy  string
	page    []byte
	server  http.Server
	stop    sync.Once
	done    context.CancelFunc
	reading sync.WaitGroup
	serving sync.WaitGroup

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed at the next change
}

// state holds everything that the page shows.
type state struct {
	Number     int               `json:"number"` // of changes
	Now        time.Time         `json:"now"`
	Run        progress.Snapshot `json:"run"`
	Held       int               `json:"held"`
	Failed     int               `json:"failed"`
	Unclear    int               `json:"unclear"`
	Failures   []failure         `json:"failures"`
	Recoveries []recovery        `json:"recoveries"`
	Left       int               `json:"left"` // recoveries that are not in the list
	Stopping   bool              `json:"stopping"`
	Ended      string            `json:"ended"` // what the run came to
}

// failure is a promise that failed, in one line.
type failure struct {
	Promise string `json:"promise"`
	Service string `json:"service"`
	Text    string `json:"text"`
}

// Serve begins to serve the page. The caller closes the server.
func Serve(o Options) (*Server, error) {
	s := &Server{options: o, token: rand.Text(), changed: make(chan struct{})}
	feed, tail := progress.NewFeed(o.Progress, time.Now()), record.NewTail(o.Record)
	s.state = state{Run: feed.Read(), Failures: []failure{}, Recoveries: []recovery{}}
	s.page, s.policy = render(o.Title, o.Style)
	listener, err := s.listen()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{token}/{$}", s.guard(s.servePage))
	mux.HandleFunc("GET /{token}/events", s.guard(s.serveEvents))
	mux.HandleFunc("POST /{token}/stop", s.guard(s.serveStop))
	ctx, done := context.WithCancel(context.Background())
	s.done = done
	s.server = http.Server{Handler: mux, ReadHeaderTimeout: requestTimeout, BaseContext: func(net.Listener) context.Context { return ctx }}
	s.reading.Go(func() { s.follow(ctx, feed, tail) })
	s.serving.Go(func() { _ = s.server.Serve(listener) })
	return s, nil
}

// listen opens the socket, and sets the address.
func (s *Server) listen() (net.Listener, error) {
	network, address := "tcp", "127.0.0.1:0"
	if s.options.Socket != "" {
		network, address = "unix", s.options.Socket
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), network, address)
	if err == nil && network == "unix" {
		err = os.Chmod(address, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("serve the live page: %w", err)
	}
	if network == "unix" {
		s.Address = fmt.Sprintf("--unix-socket %s http://localhost/%s/", address, s.token)
	} else {
		s.Address = fmt.Sprintf("http://%s/%s/", listener.Addr(), s.token)
	}
	return listener, nil
}

// guard serves only who knows the token, by a name of this machine, and from no other site's page.
func (s *Server) guard(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", s.policy)
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		isOurs := host == "localhost" || host == "127.0.0.1"
		origin := r.Header.Get("Origin")
		isForeign := origin != "" && origin != "http://"+r.Host
		if subtle.ConstantTimeCompare([]byte(r.PathValue("token")), []byte(s.token)) != 1 || !isOurs || isForeign {
			http.NotFound(w, r)
			return
		}
		serve(w, r)
	}
}

func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(s.page)
}

// serveStop stops the run. It may be asked again, and does nothing then.
func (s *Server) serveStop(w http.ResponseWriter, _ *http.Request) {
	s.stop.Do(func() {
		s.update(func(now *state) bool {
			now.Stopping = true
			return true
		})
		s.options.Stop()
	})
	w.WriteHeader(http.StatusAccepted)
}

// serveEvents sends the state now and at every change.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	for {
		text, changed, err := s.look()
		if err == nil {
			_, err = fmt.Fprintf(w, "data: %s\n\n", text)
		}
		if err != nil || flusher.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// look returns the state as JSON, and what is closed at its next change.
func (s *Server) look() (text []byte, changed <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Now = time.Now()
	text, err = json.Marshal(s.state)
	return text, s.changed, err
}

// update changes the state, and wakes the pages if change says that something changed.
func (s *Server) update(change func(*state) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !change(&s.state) {
		return
	}
	s.state.Number++
	close(s.changed)
	s.changed = make(chan struct{})
}

// follow reads what the run writes, until ctx ends.
func (s *Server) follow(ctx context.Context, feed *progress.Feed, tail *record.Tail) {
	ticker := time.NewTicker(readInterval)
	defer ticker.Stop()
	for {
		s.read(feed, tail)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// read adds what the run has written since the last call.
func (s *Server) read(feed *progress.Feed, tail *record.Tail) {
	run := feed.Read()
	results, recoveries := tail.Next()
	s.update(func(now *state) bool {
		before, _ := json.Marshal(now.Run)
		after, _ := json.Marshal(run)
		now.Run = run
		for _, result := range results {
			now.count(result)
		}
		for _, one := range recoveries {
			now.Recoveries = append(now.Recoveries, describe(one))
		}
		if extra := len(now.Recoveries) - mostRecoveries; extra > 0 {
			now.Recoveries, now.Left = now.Recoveries[extra:], now.Left+extra
		}
		return len(results)+len(recoveries) > 0 || string(before) != string(after)
	})
}

// count adds a result.
func (s *state) count(result record.Result) {
	switch result.Outcome {
	case record.Held:
		s.Held++
	case record.Failed:
		s.Failed++
		headline, _, _ := strings.Cut(strings.TrimSpace(result.Failure), "\n")
		if len(s.Failures) < mostFailures {
			s.Failures = append(s.Failures, failure{result.Promise, result.Service, headline})
		}
	default:
		s.Unclear++
	}
}

// Close tells the pages what the run came to, and ends the server.
func (s *Server) Close(ended string) error {
	s.update(func(now *state) bool {
		now.Ended = ended
		return true
	})
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	time.AfterFunc(closeTimeout/2, s.done) // the streams end then
	err := s.server.Shutdown(ctx)
	s.done()
	s.reading.Wait()
	s.serving.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return s.server.Close()
	}
	return err
}
