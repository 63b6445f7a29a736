package zinit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// DialectCLI is a supervisor that is reached by its commands alone (contract zinit-0.4, "The CLI").
const DialectCLI Dialect = "cli"

// VersionUnknown is what Ping returns where no command that is known of tells the version.
const VersionUnknown = "unknown"

// Program runs zinit's command line inside the target with the given arguments, and returns all that it printed.
// An exit code other than 0 is no error; that it could not be run to its end is one.
type Program func(ctx context.Context, arguments ...string) (output string, exitCode int, err error)

// commandLine is a supervisor whose RPC is not understood, so that only its commands are left: list, status,
// start, stop, kill and logs [S]. Of their output it takes a line that holds a name and a state word, and a
// number after "pid", for granted: [A] cli-output. Nothing can be registered or read back.
type commandLine struct {
	run Program
	// because is how the RPC answered.
	because string
}

// NewCommandLine returns a supervisor that is reached by its commands alone. because says in one line why: which
// method of its RPC was not understood, and the error that came back. It is a part of every error that
// wraps ErrNotExpressible.
func NewCommandLine(run Program, because string) Supervisor {
	return commandLine{run: run, because: because}
}

// Dialect returns DialectCLI.
func (commandLine) Dialect() Dialect { return DialectCLI }

// Ping lists the services; the version stays unknown.
func (c commandLine) Ping(ctx context.Context) (string, error) {
	_, err := c.command(ctx, "list")
	return VersionUnknown, err
}

// List returns every line of `zinit list` that tells a state.
func (c commandLine) List(ctx context.Context) ([]Status, error) {
	output, err := c.command(ctx, "list")
	if err != nil {
		return nil, err
	}
	var list []Status
	for _, line := range lines(output) {
		if status, ok := readStatus(line, ""); ok {
			list = append(list, status)
		}
	}
	return list, nil
}

// Status takes the service's line of `zinit status NAME`, or where that has none its line of `zinit list`.
func (c commandLine) Status(ctx context.Context, service string) (Status, error) {
	output, err := c.command(ctx, "status", service)
	if err != nil {
		return Status{}, err
	}
	if status, ok := find(output, service); ok {
		return status, nil
	}
	all, err := c.command(ctx, "list")
	if err != nil {
		return Status{}, err
	}
	if status, ok := find(all, service); ok {
		return status, nil
	}
	return Status{}, fmt.Errorf("zinit status %s: no line of it or of zinit list holds the name and a state: it printed %s",
		service, excerpt([]byte(output)))
}

// Start runs `zinit start NAME`.
func (c commandLine) Start(ctx context.Context, service string) error {
	_, err := c.command(ctx, "start", service)
	return err
}

// Stop runs `zinit stop NAME`.
func (c commandLine) Stop(ctx context.Context, service string) error {
	_, err := c.command(ctx, "stop", service)
	return err
}

// Restart stops and starts the service: no command is known that does both.
func (c commandLine) Restart(ctx context.Context, service string) error {
	if err := c.Stop(ctx, service); err != nil {
		return err
	}
	return c.Start(ctx, service)
}

// Kill runs `zinit kill NAME SIGNAL`, and where that is refused `zinit kill NAME --signal SIGNAL`, as 0.3.9 wants
// it [Z].
func (c commandLine) Kill(ctx context.Context, service, signal string) error {
	if signal == "" {
		signal = "SIGTERM"
	}
	_, err := c.command(ctx, "kill", service, signal)
	if err == nil || errors.Is(err, ErrConnection) {
		return err
	}
	if _, again := c.command(ctx, "kill", service, "--signal", signal); again == nil {
		return nil
	}
	return err
}

// Logs returns the lines of `zinit logs NAME`; the last of them where lines is not 0.
func (c commandLine) Logs(ctx context.Context, name string, count int) ([]string, error) {
	output, err := c.command(ctx, "logs", name)
	if err != nil {
		return nil, err
	}
	log := lines(output)
	if count > 0 {
		log = log[max(0, len(log)-count):]
	}
	return log, nil
}

// Register answers ErrNotExpressible: no command is known that registers.
func (c commandLine) Register(context.Context, Definition) ([]string, error) {
	return nil, c.without("service.set")
}

// Delete answers ErrNotExpressible.
func (c commandLine) Delete(context.Context, string) error {
	return c.without("service.delete")
}

// Get answers ErrNotExpressible.
func (c commandLine) Get(context.Context, string) (Service, error) {
	return Service{}, c.without("service.get")
}

// Actions answers ErrNotExpressible.
func (c commandLine) Actions(context.Context, string) ([]Action, error) {
	return nil, c.without("action.list")
}

// Jobs answers ErrNotExpressible.
func (c commandLine) Jobs(context.Context, string, int) ([]Job, error) {
	return nil, c.without("job.list")
}

// Close does nothing: each command is a process of its own.
func (commandLine) Close() error { return nil }

// without says which method of the RPC would be needed, and what the RPC answered. No subject is a part of the text,
// so that many results share one reason.
func (c commandLine) without(method string) error {
	return fmt.Errorf("%s: zinit is reached by its command line alone (%s): %w", method, c.because, ErrNotExpressible)
}

// command runs one command to its end. Its error wraps ErrConnection where zinit could not be run.
func (c commandLine) command(ctx context.Context, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	output, code, err := c.run(ctx, arguments...)
	what := "zinit " + strings.Join(arguments, " ")
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w: %w", what, ErrConnection, err)
	case code != 0:
		return "", fmt.Errorf("%s: exit code %d: %s", what, code, excerpt([]byte(strings.Join(strings.Fields(output), " "))))
	}
	return output, nil
}

// find returns the status that the first fitting line tells of a service.
func find(output, service string) (Status, bool) {
	for _, line := range lines(output) {
		if status, ok := readStatus(line, service); ok {
			return status, true
		}
	}
	return Status{}, false
}

// readStatus reads a line that holds a name and a state word; the name is the given one or, where that is empty,
// the first word that is none of zinit's own.
func readStatus(line, service string) (Status, bool) {
	status := Status{Name: service}
	var named bool
	words := words(line)
	for i, word := range words {
		lower := strings.ToLower(word)
		switch {
		case word == service && service != "":
			named = true
		case isState(lower) && status.State == "":
			status.State = State(lower)
		case lower == "pid" && i+1 < len(words):
			status.PID, _ = strconv.Atoi(words[i+1])
		case service == "" && !named && strings.ContainsFunc(word, isLetter):
			status.Name, named = word, true
		}
	}
	return status, named && status.State != ""
}

func isState(word string) bool {
	switch State(word) {
	case StateInactive, StateBlocked, StateStarting, StateRunning, StateStopping, StateExited, StateFailed:
		return true
	}
	return false
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// words splits a line at blanks and at what tables and punctuation are drawn with, which no name has in it.
func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool {
		return !isLetter(r) && (r < '0' || r > '9') && !strings.ContainsRune("._-@/", r)
	})
}

// lines splits an output, without its colours and blank lines.
func lines(output string) []string {
	var kept []string
	for line := range strings.Lines(plain(output)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// plain removes the escape sequences that colour a terminal.
func plain(output string) string {
	var text strings.Builder
	for {
		before, after, found := strings.Cut(output, "\x1b[")
		text.WriteString(before)
		if !found {
			return text.String()
		}
		output = strings.TrimLeft(after, "0123456789;")
		output = output[min(1, len(output)):]
	}
}
