package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// logLimit bounds how much of a container's log is read: an image may write without end.
const logLimit = 64 << 20

// Logs writes the last lines of the container's log (all for 0): both outputs in order, with Docker's time stamps and without secrets.
func (s *Sandbox) Logs(ctx context.Context, w io.Writer, lines int) error {
	about, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	count := "all"
	if lines > 0 {
		count = strconv.Itoa(lines)
	}
	log, err := s.daemon.api.ContainerLogs(ctx, s.id, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: count,
	})
	if err != nil && strings.Contains(err.Error(), "does not support reading") {
		_, err := fmt.Fprintf(w, "Docker keeps no log that can be read: the container's log driver is %s\n", about.HostConfig.LogConfig.Type)
		return err
	}
	if err != nil {
		return s.wrap("read the log of", err)
	}
	defer func() { _ = log.Close() }()
	var plain io.Reader = log
	if !about.Config.Tty { // the outputs are framed then
		out, in := io.Pipe()
		defer func() { _ = out.Close() }()
		go func() {
			_, err := stdcopy.StdCopy(in, in, log)
			_ = in.CloseWithError(err)
		}()
		plain = out
	}
	if err := s.redactor(about).copy(w, io.LimitReader(plain, logLimit)); err != nil {
		return s.wrap("read the log of", err)
	}
	if more, _ := plain.Read(make([]byte, 1)); more > 0 {
		_, err = fmt.Fprintf(w, "\nhero_chaos: the log goes on; only its first %d MB are kept\n", logLimit>>20)
	}
	return err
}

// Top returns a table with a line for each of the container's processes, as seen from the daemon's machine and without secrets.
func (s *Sandbox) Top(ctx context.Context) (string, error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return "", err
	}
	// The columns of ps on the daemon's machine; Docker needs PID among them.
	arguments := []string{"-eo", "pid,ppid,stat,lstart,time,args"}
	top, err := s.daemon.api.ContainerTop(ctx, s.id, client.ContainerTopOptions{Arguments: arguments})
	if err != nil {
		return "", s.wrap("list the processes of", err)
	}
	var table strings.Builder
	for _, row := range append([][]string{top.Titles}, top.Processes...) {
		_, _ = fmt.Fprintln(&table, strings.Join(row, "\t"))
	}
	return s.redactor(about).text(table.String()), nil
}

// Collect writes log.txt, ps.txt and inspect.json to dir, which it makes, without secrets. It collects what it can. The error names
// what is missing.
func (s *Sandbox) Collect(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("collect evidence: %w", err)
	}
	var failed []error
	for name, write := range map[string]func(context.Context, io.Writer) error{
		"log.txt":      func(ctx context.Context, w io.Writer) error { return s.Logs(ctx, w, 0) },
		"ps.txt":       s.writeTop,
		"inspect.json": s.writeInspect,
	} {
		if err := writeFile(filepath.Join(dir, name), func(w io.Writer) error { return write(ctx, w) }); err != nil {
			failed = append(failed, fmt.Errorf("collect %s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Sandbox) writeTop(ctx context.Context, w io.Writer) error {
	table, err := s.Top(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, table)
	return err
}

func (s *Sandbox) writeInspect(ctx context.Context, w io.Writer) error {
	about, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	clean := s.redactor(about)
	config := *about.Config
	config.Env = clean.environment(config.Env)
	about.Config = &config
	var text bytes.Buffer
	plain := json.NewEncoder(&text)
	plain.SetEscapeHTML(false) // an escaped secret would not be found
	plain.SetIndent("", "  ")
	if err := plain.Encode(about); err != nil {
		return err
	}
	return clean.copy(w, &text)
}

// Redact returns a text without the container's secrets.
func (s *Sandbox) Redact(ctx context.Context, text string) (string, error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return "", err
	}
	return s.redactor(about).text(text), nil
}

func (s *Sandbox) redactor(about container.InspectResponse) *redactor {
	return newRedactor(about.Config.Env, s.secrets)
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the record's directory is the caller's choice
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
