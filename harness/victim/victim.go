package victim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exit codes of Main besides Options.ExitCode.
const (
	exitFailed = 1 // it could not do what its options say
	exitUsage  = 2 // its options make no sense
)

// Main runs a victim until it is told to end, and returns its exit code. args are the last arguments of this process: a victim can
// start copies of itself. The victim handles SIGTERM itself, so ctx must not end on it. When ctx ends, the victim ends with 0.
func Main(ctx context.Context, args []string, stderr io.Writer) int {
	started := monotonic()
	mode := ""
	if len(args) > 0 && (args[0] == modeIdle || args[0] == modeWorker) {
		mode, args = args[0], args[1:]
	}
	if mode == modeIdle {
		return idle(ctx)
	}
	options, err := Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		help := options.flags()
		help.SetOutput(stderr)
		help.PrintDefaults()
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "victim: %v\n", err)
		return exitUsage
	}
	v, err := newVictim(options, args, started)
	if err == nil {
		allowTrace()
		var code int
		v.talk(os.Stdout, FirstWords)
		if code, err = v.live(ctx, mode); err == nil {
			v.talk(os.Stderr, LastWords)
			v.journal.note(EventEnded)
			return code
		}
	}
	_, _ = fmt.Fprintf(stderr, "victim: %v\n", err)
	return exitFailed
}

// victim is one process.
type victim struct {
	options Options
	args    []string
	journal *journal
	server  *server
	family  family
	flooded chan struct{} // closed once all of the flood was taken
	ended   chan int      // gets the exit code when it is told to end
	failed  chan error    // gets the reason if it cannot go on
}

func newVictim(o Options, args []string, started int64) (*victim, error) {
	events, err := openJournal(o.Journal)
	if err != nil {
		return nil, err
	}
	events.add(EventStarted, started)
	return &victim{
		options: o, args: args, journal: events, server: newServer(o, events),
		flooded: make(chan struct{}), ended: make(chan int, 1), failed: make(chan error, 1),
	}, nil
}

// allowTrace lets the agent trace this process where Yama lets a process trace its children alone (ptrace_scope 1). The kernel refuses the
// request where there is no Yama, and nothing has to be allowed.
func allowTrace() { _ = unix.Prctl(unix.PR_SET_PTRACER, unix.PR_SET_PTRACER_ANY, 0, 0, 0) }

// live runs the victim to its end.
func (v *victim) live(ctx context.Context, mode string) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM, v.stopSignal())
	defer signal.Stop(terms)
	faults := make(chan os.Signal, 1)
	signal.Notify(faults, syscall.SIGINT, syscall.SIGHUP, syscall.SIGSEGV)
	defer signal.Stop(faults)
	var crash <-chan time.Time
	if v.options.ExitDelay > 0 && mode != modeWorker {
		crash = time.After(v.options.ExitDelay)
	}
	go func() {
		if err := v.act(ctx, mode); err != nil {
			v.failed <- err
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return 0, nil
		case sent := <-terms:
			if sent != v.stopSignal() {
				v.journal.note(EventMistaken)
				continue
			}
			if err := v.terminate(); err != nil {
				return 0, err
			}
		case sent := <-faults:
			// Go's runtime would end with a code of its own, or not at all if our parent ignores the signal.
			if err := dieOf(sent.(syscall.Signal)); err != nil {
				return 0, err
			}
		case <-crash:
			go func() {
				if v.options.FloodPeriod > 0 {
					<-v.flooded
				}
				if err := v.endInTurn(); err != nil {
					v.failed <- err
				}
			}()
		case code := <-v.ended:
			return code, nil
		case err := <-v.failed:
			return 0, err
		}
	}
}

// act does what the options say, while live waits for the end.
func (v *victim) act(ctx context.Context, mode string) error {
	if mode == modeWorker {
		return v.serveForParent(ctx)
	}
	if err := v.family.startIdle(v.options, v.args); err != nil {
		return err
	}
	if v.options.FloodPeriod > 0 {
		go v.flood(ctx)
	}
	if v.options.Control != "" {
		if err := v.serveControl(ctx); err != nil {
			return err
		}
	}
	if !pause(ctx, v.options.StartDelay) || (v.options.Socket == "" && v.options.Port == 0) {
		return nil
	}
	listener, err := listen(v.options)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	v.journal.note(EventListening)
	if v.options.Workers > 0 {
		return v.family.startWorkers(v.options, v.args, listener)
	}
	go func() {
		if pause(ctx, v.options.ReadyDelay) {
			v.server.allowAnswers()
		}
	}()
	return v.server.accept(ctx, listener)
}

// stopSignal returns the signal that the victim takes for a stop.
func (v *victim) stopSignal() os.Signal {
	if v.options.StopSignal == "" {
		return syscall.SIGTERM
	}
	return unix.SignalNum(v.options.StopSignal)
}

// terminate handles a stop signal. It returns only if the victim lives on for now.
func (v *victim) terminate() error {
	v.journal.note(EventTerminating)
	switch v.options.OnTerm {
	case TermIgnore:
	case TermDie:
		v.family.stopWorkers()
		return dieOf(syscall.SIGTERM)
	default:
		v.family.stopWorkers()
		time.AfterFunc(v.options.TermDelay, func() { v.end(v.options.ExitCode) })
	}
	return nil
}

// end makes live return, unless it is about to.
func (v *victim) end(code int) {
	select {
	case v.ended <- code:
	default:
	}
}
