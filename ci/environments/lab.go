package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// lab holds the means of one environment: a folder, containers that are not hero_chaos's, and the command line.
type lab struct {
	ctx       context.Context //nolint:containedctx // a lab lives as long as one environment
	folder    string
	image     string // the stand-in
	container string // not hero_chaos's own, empty for none
	args, env []string
	interrupt bool      // sends SIGINT once the run has a result
	bystander *exec.Cmd // a process of the host
	undo      []func()
	ends      []func() // wait for what was started beside the run
}

func newLab(ctx context.Context) (*lab, error) {
	folder, err := os.MkdirTemp("", "hero_chaos-environment-")
	if err != nil {
		return nil, err
	}
	l := &lab{ctx: ctx, folder: folder, args: []string{"run", "--target", "embedded", "--output", filepath.Join(folder, "out")}}
	l.undo = append(l.undo, func() { _ = os.RemoveAll(folder) })
	l.image, err = l.command("go", "run", "./fixtures/herozero/build")
	return l, err
}

// close undoes what the environment has arranged, the last first.
func (l *lab) close() {
	for i := len(l.undo) - 1; i >= 0; i-- {
		l.undo[i]()
	}
}

// command runs a program, and returns what it writes.
func (l *lab) command(name string, args ...string) (string, error) {
	output, err := exec.CommandContext(l.ctx, name, args...).Output() //nolint:gosec // our own commands
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSpace(string(output)), err
}

// start starts a container of the stand-in that is not hero_chaos's, with flags of docker run.
func (l *lab) start(flags ...string) error {
	l.container = "environment-" + strings.ToLower(rand.Text()[:8])
	name := l.container
	l.undo = append(l.undo, func() { _ = exec.Command("docker", "rm", "--force", "--volumes", name).Run() }) //nolint:gosec // our own container
	_, err := l.command("docker", append(append([]string{"run", "--detach", "--name", name}, flags...), l.image)...)
	return err
}

// attach starts a container, waits until its services run, and lets hero_chaos attach to it.
func (l *lab) attach(flags ...string) error {
	if err := l.start(flags...); err != nil {
		return err
	}
	l.args = append(l.args, "--container", l.container)
	for {
		listed, err := l.command("docker", "exec", l.container, "zinit", "list")
		if err == nil && strings.Count(listed, "running") >= servicesOfStandIn {
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-l.ctx.Done():
			return fmt.Errorf("wait for the services: %w: %s", l.ctx.Err(), listed)
		}
	}
}

const (
	servicesOfStandIn = 28
	pollInterval      = 200 * time.Millisecond
)

// hero returns a command of hero_chaos in the environment.
func (l *lab) hero(args ...string) *exec.Cmd {
	command := exec.CommandContext(l.ctx, "bin/hero_chaos", args...) //nolint:gosec // our own program
	command.Env = append(os.Environ(), l.env...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	return command
}

// run runs hero_chaos, and returns what it writes, and its exit code.
func (l *lab) run() (output string, code int) {
	command := l.hero(l.args...)
	if l.interrupt {
		go func() {
			if l.await("a result", l.hasResult) == nil {
				_ = command.Process.Signal(os.Interrupt)
			}
		}()
	}
	text, err := command.CombinedOutput()
	for _, wait := range l.ends {
		wait()
	}
	if command.ProcessState == nil {
		return err.Error(), -1
	}
	return string(text), command.ProcessState.ExitCode()
}

// findLeftovers returns an error that names what a run has left: its containers and volumes, or something in the container that it was
// attached to. What is being removed still has some seconds.
func (l *lab) findLeftovers() (err error) {
	const removalTimeout = 20 * time.Second
	for deadline := time.Now().Add(removalTimeout); ; time.Sleep(pollInterval) {
		if err = l.findLeft(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (l *lab) findLeft() error {
	session, err := l.session()
	if err != nil || session == "" {
		return err
	}
	for what, args := range map[string][]string{
		"containers": {"ps", "--all", "--quiet", "--filter", "label=hero_chaos.session=" + session},
		"reapers":    {"ps", "--all", "--quiet", "--filter", "label=hero_chaos.reaper=" + session},
		"volumes":    {"volume", "ls", "--quiet", "--filter", "label=hero_chaos.session=" + session},
	} {
		if left, err := l.command("docker", args...); err != nil || left != "" {
			return fmt.Errorf("%s are left: %s (%w)", what, left, err)
		}
	}
	if l.container == "" {
		return nil
	}
	if state, _ := l.command("docker", "inspect", "--format", "{{.State.Status}}", l.container); state != "running" {
		return nil
	}
	changed, err := l.command("docker", "diff", l.container)
	mounts, mountsErr := l.command("docker", "inspect", "--format", `{{range .Mounts}}{{.Destination}}{{"\n"}}{{end}}`, l.container)
	for mount := range strings.Lines(mounts) { // Docker made the folder, and it is empty
		changed = strings.ReplaceAll(changed+"\n", "A "+strings.TrimSpace(mount)+"\n", "")
	}
	if strings.Contains(changed, "/hero_chaos") {
		return fmt.Errorf("files are left in the container: %s", changed)
	}
	processes, topErr := l.command("docker", "top", l.container, "-eo", "pid,stat,args")
	if strings.Contains(processes, "hero_chaos") {
		return fmt.Errorf("processes are left in the container: %s", processes)
	}
	for line := range strings.Lines(processes) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "T") {
			return fmt.Errorf("a process is stopped: %s", line)
		}
	}
	listed, listErr := l.command("docker", "exec", l.container, "zinit", "list")
	if strings.Contains(listed, "hero_chaos.") {
		return fmt.Errorf("services are left: %s", listed)
	}
	return errors.Join(err, mountsErr, topErr, listErr)
}

// session returns the id of the run's session by its record, empty if there was none.
func (l *lab) session() (string, error) {
	content, err := os.ReadFile(filepath.Join(l.folder, "out", "record.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var first struct {
		Run struct {
			ID string `json:"id"`
		} `json:"run"`
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return first.Run.ID, json.Unmarshal([]byte(line), &first)
}
