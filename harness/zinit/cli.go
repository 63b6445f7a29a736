package zinit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// DialectCLI is the command line of zinit, without any RPC (suites/contract/zinit-0.4.md#cli).
const DialectCLI Dialect = "cli"

// VersionUnknown is the version that Ping returns for DialectCLI: no known command prints it.
const VersionUnknown = "unknown"

// Program runs zinit's command line inside the target and returns everything that it printed. An exit code other than 0 is no
// error. It returns an error if the program could not be run to its end.
type Program func(ctx context.Context, arguments ...string) (output string, exitCode int, err error)

// commandLine is a supervisor whose RPC is not understood. It runs the commands list, status, start, stop, kill and logs [S].
// How it reads their output is [A] cli-output. Nothing can be registered or read back.
type commandLine struct {
	run Program
	// reason is the answer of the RPC.
	reason string
}

// NewCommandLine returns a supervisor that is reached by its commands alone. reason is one line: which method of its RPC was not
// understood, and the error that came back. Every error that wraps ErrNotExpressible contains it.
func NewCommandLine(run Program, reason string) Supervisor {
	return commandLine{run: run, reason: reason}
}

// Dialect returns DialectCLI.
func (commandLine) Dialect() Dialect { return DialectCLI }

// Ping runs `zinit list` to see whether zinit answers.
func (c commandLine) Ping(ctx context.Context) (string, error) {
	_, err := c.command(ctx, "list")
	return VersionUnknown, err
}

// List returns a status for every line of `zinit list` that has a state.
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

// Status reads the service's line of `zinit status NAME` or, if it has none, of `zinit list`.
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
	return Status{}, fmt.Errorf("zinit status %s: neither it nor zinit list has a line with the name and a state; it printed %s",
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

// Restart stops and starts the service. No known command does both.
func (c commandLine) Restart(ctx context.Context, service string) error {
	if err := c.Stop(ctx, service); err != nil {
		return err
	}
	return c.Start(ctx, service)
}

// Kill runs `zinit kill NAME SIGNAL`. If that is refused, it runs `zinit kill NAME --signal SIGNAL`, the form of 0.3.9 [Z].
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

// Logs returns the lines of `zinit logs NAME`: the last count, or all if count is 0.
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

// Register returns ErrNotExpressible: no known command registers.
func (c commandLine) Register(context.Context, Definition) ([]string, error) {
	return nil, c.refuse("service.set")
}

// Delete returns ErrNotExpressible.
func (c commandLine) Delete(context.Context, string) error {
	return c.refuse("service.delete")
}

// Get returns ErrNotExpressible.
func (c commandLine) Get(context.Context, string) (Service, error) {
	return Service{}, c.refuse("service.get")
}

// Actions returns ErrNotExpressible.
func (c commandLine) Actions(context.Context, string) ([]Action, error) {
	return nil, c.refuse("action.list")
}

// Jobs returns ErrNotExpressible.
func (c commandLine) Jobs(context.Context, string, int) ([]Job, error) {
	return nil, c.refuse("job.list")
}

// Close does nothing: each command is a process of its own.
func (commandLine) Close() error { return nil }

// refuse returns an error that names the method of the RPC that would be needed. It names no service, so that many results share
// one reason.
func (c commandLine) refuse(method string) error {
	return fmt.Errorf("%s: zinit is reached by its command line alone (%s): %w", method, c.reason, ErrNotExpressible)
}

// command runs one command to its end. The error wraps ErrConnection if zinit could not be run.
func (c commandLine) command(ctx context.Context, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	output, code, err := c.run(ctx, arguments...)
	what := "zinit " + strings.Join(arguments, " ")
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w: %w", what, ErrConnection, err)
	case code != 0:
		return "", fmt.Errorf("%s: exit code %d: %s", what, code, excerpt([]byte(yamlfile.OneLine(output))))
	}
	return output, nil
}

// find returns a service's status from the first line that has its name and a state.
func find(output, service string) (Status, bool) {
	for _, line := range lines(output) {
		if status, ok := readStatus(line, service); ok {
			return status, true
		}
	}
	return Status{}, false
}

// readStatus reads a line with a name and a state word. The name is service or, if that is empty, the first word that is no
// state.
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

// words splits a line at blanks, punctuation and the lines of tables.
func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool {
		return !isLetter(r) && (r < '0' || r > '9') && !strings.ContainsRune("._-@/", r)
	})
}

// lines splits an output into lines, without colours and blank lines.
func lines(output string) []string {
	var kept []string
	for line := range strings.Lines(stripColours(output)) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

// stripColours removes the escape sequences that colour a terminal.
func stripColours(output string) string {
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
