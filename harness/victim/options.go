// Package victim is a service of ours that misbehaves on demand: it starts late, hangs, lies, crashes or forks, by its flags or its
// control socket. It writes down when it did what.
package victim

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Behaviour names the way in which a victim answers a request.
type Behaviour string

// The behaviours of a victim. The empty one is Good.
const (
	Good        Behaviour = "good"         // the correct reply
	Mute        Behaviour = "mute"         // reads, never answers
	AcceptClose Behaviour = "accept-close" // accepts a connection and closes it
	Error       Behaviour = "error"        // a JSON-RPC error, or HTTP 500
	WrongID     Behaviour = "wrong-id"     // the correct reply to another request (JSON-RPC only)
	Half        Behaviour = "half"         // the first half of the reply, and then silence
	Drip        Behaviour = "drip"         // the correct reply, a byte every 200 ms
	Unhealthy   Behaviour = "unhealthy"    // a well-formed reply that says "unhealthy"
)

// Behaviours lists every behaviour.
func Behaviours() []Behaviour {
	return []Behaviour{Good, Mute, AcceptClose, Error, WrongID, Half, Drip, Unhealthy}
}

// String returns the behaviour's flag value.
func (b *Behaviour) String() string { return string(*b) }

// Set reads a flag value.
func (b *Behaviour) Set(text string) error {
	if !slices.Contains(Behaviours(), Behaviour(text)) {
		return fmt.Errorf("use one of %v", Behaviours())
	}
	*b = Behaviour(text)
	return nil
}

// TermAction names the reaction of a victim to SIGTERM.
type TermAction string

// What a victim does on SIGTERM. The empty action is TermExit.
const (
	TermExit   TermAction = "exit"   // ends with Options.ExitCode after Options.TermDelay
	TermIgnore TermAction = "ignore" // goes on
	TermDie    TermAction = "die"    // ends by the signal, as a process without a handler
)

// String returns the action's flag value.
func (a *TermAction) String() string { return string(*a) }

// Set reads a flag value.
func (a *TermAction) Set(text string) error {
	if text != string(TermExit) && text != string(TermIgnore) && text != string(TermDie) {
		return fmt.Errorf("use %s, %s or %s", TermExit, TermIgnore, TermDie)
	}
	*a = TermAction(text)
	return nil
}

// Options says how a victim behaves. The zero value is a process that serves nothing and ends with 0 on SIGTERM.
type Options struct {
	Socket  string // JSON-RPC on this unix socket, mode 0600
	Port    int    // or HTTP on this port of 127.0.0.1
	Control string // unix socket to control the victim by
	Journal string // file to append a JSON line per Event to

	OnTerm     TermAction
	TermDelay  time.Duration // from the stop signal to the end
	StopSignal string        // the signal that it takes for a stop, such as SIGUSR1, instead of SIGTERM
	ExitCode   int           // how it ends, on SIGTERM and by ExitDelay: 0 to 255

	Endings string // how its runs end by ExitDelay, in turn and instead of by ExitCode: exit codes and signals, such as "1,SIGPIPE"

	StartDelay  time.Duration // before it listens
	ReadyDelay  time.Duration // from listening to the first answer
	ExitDelay   time.Duration // ends by itself so long after the start, and not before its flood was taken; 0: never
	ReplyDelay  time.Duration // before each reply
	FloodPeriod time.Duration // writes to its output for so long
	FloodRate   int           // MB a second; 0 is 1
	Behaviour   Behaviour

	Workers     int  // child processes that accept on the same listener, in the victim's place
	Deadlock    bool // health is answered, server.work (HTTP: /work) never is
	Children    int  // idle child processes
	SetsidChild bool // one idle child process in a session of its own
	AwaitEnd    bool // answers once the client has closed its writing side
	Talks       bool // writes FirstWords to its output and LastWords to its error output

	RenameSocket bool // binds the socket under another name, and renames it
}

// Parse reads the flags that Args renders. The error is flag.ErrHelp if help was asked for.
func Parse(args []string) (Options, error) {
	options := Options{}.withDefaults()
	flags := options.flags()
	if err := flags.Parse(args); err != nil {
		return Options{}, err
	}
	if flags.NArg() > 0 {
		return Options{}, fmt.Errorf("unexpected argument %q: every option is a --flag", flags.Arg(0))
	}
	return options, options.check()
}

// Args renders the options as flags that Parse reads; what is at its default is left out.
func (o Options) Args() []string {
	standard, own := Options{}.withDefaults(), o.withDefaults()
	defaults := standard.flags()
	var args []string
	own.flags().VisitAll(func(f *flag.Flag) {
		if f.DefValue != defaults.Lookup(f.Name).DefValue {
			args = append(args, "--"+f.Name+"="+f.DefValue)
		}
	})
	return args
}

// withDefaults returns the options with empty words replaced by the words they mean.
func (o Options) withDefaults() Options {
	if o.OnTerm == "" {
		o.OnTerm = TermExit
	}
	if o.Behaviour == "" {
		o.Behaviour = Good
	}
	return o
}

// flags binds a flag to every field; a field's value is its flag's default.
func (o *Options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("victim", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Socket, "socket", o.Socket, "serve JSON-RPC on this unix `path`")
	flags.IntVar(&o.Port, "port", o.Port, "serve HTTP on this port of 127.0.0.1")
	flags.StringVar(&o.Control, "control", o.Control, "take orders on this unix `path`")
	flags.StringVar(&o.Journal, "journal", o.Journal, "append events to this `file`")
	flags.Var(&o.OnTerm, "on-term", "exit, ignore or die")
	flags.DurationVar(&o.TermDelay, "term-delay", o.TermDelay, "from SIGTERM to the end")
	flags.StringVar(&o.StopSignal, "stop-signal", o.StopSignal, "end on this `signal`, and not on SIGTERM")
	flags.IntVar(&o.ExitCode, "exit-code", o.ExitCode, "exit code on SIGTERM and of --exit-after")
	flags.StringVar(&o.Endings, "endings", o.Endings, "a `list` of exit codes and signals, by which its runs end in turn")
	flags.DurationVar(&o.StartDelay, "start-delay", o.StartDelay, "before it listens")
	flags.DurationVar(&o.ReadyDelay, "ready-delay", o.ReadyDelay, "from listening to the first answer")
	flags.DurationVar(&o.ExitDelay, "exit-after", o.ExitDelay, "end so long after the start")
	flags.DurationVar(&o.ReplyDelay, "reply-delay", o.ReplyDelay, "before each reply")
	flags.DurationVar(&o.FloodPeriod, "flood", o.FloodPeriod, "write to the output for so long")
	flags.IntVar(&o.FloodRate, "flood-rate", o.FloodRate, "MB a second of --flood; 0 is 1")
	flags.Var(&o.Behaviour, "behaviour", "how requests are answered")
	flags.IntVar(&o.Workers, "workers", o.Workers, "child processes that accept in its place")
	flags.BoolVar(&o.Deadlock, "deadlock", o.Deadlock, "answer health, but never work")
	flags.IntVar(&o.Children, "children", o.Children, "idle child processes")
	flags.BoolVar(&o.AwaitEnd, "await-end", o.AwaitEnd, "answer once the client has closed its writing side")
	flags.BoolVar(&o.Talks, "talks", o.Talks, "write to the output at the start, and to the error output at the end")
	flags.BoolVar(&o.RenameSocket, "rename-socket", o.RenameSocket, "bind the socket under another name, and rename it")
	flags.BoolVar(&o.SetsidChild, "setsid-child", o.SetsidChild, "an idle child in its own session")
	return flags
}

// check refuses what cannot be meant.
func (o Options) check() error {
	switch {
	case o.Socket != "" && o.Port != 0:
		return errors.New("--socket and --port exclude each other")
	case o.Port < 0 || o.Port > 65535:
		return fmt.Errorf("--port %d is no port: use 1 to 65535", o.Port)
	case o.Port != 0 && o.Behaviour == WrongID:
		return errWrongIDOverHTTP
	case o.StopSignal != "" && unix.SignalNum(o.StopSignal) == 0:
		return fmt.Errorf("--stop-signal %s is no signal: use a name such as SIGUSR1", o.StopSignal)
	case o.ExitCode < 0 || o.ExitCode > 255:
		return fmt.Errorf("--exit-code %d is no exit code: use 0 to 255", o.ExitCode)
	case o.Endings != "" && o.Journal == "":
		return errors.New("--endings needs --journal: it counts the runs")
	case min(o.TermDelay, o.StartDelay, o.ReadyDelay, o.ExitDelay, o.ReplyDelay, o.FloodPeriod) < 0:
		return errors.New("a delay is negative")
	case min(o.Workers, o.Children, o.FloodRate) < 0:
		return errors.New("--workers, --children or --flood-rate is negative")
	case o.Workers > 0 && o.Socket == "" && o.Port == 0:
		return errors.New("--workers needs --socket or --port")
	case o.Endings != "":
		_, err := parseEndings(o.Endings)
		return err
	}
	return nil
}

var errWrongIDOverHTTP = errors.New("behaviour wrong-id needs --socket: HTTP has no ids")
