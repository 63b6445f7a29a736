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
	"slices"
	"strings"
	"syscall"
	"time"
)

// lab holds the means of one environment: a folder, containers that are not hero_chaos's, and the command line.
type lab struct {
	ctx       context.Context //nolint:containedctx // a lab lives as long as one environment
	root      string          // the checkout
	program   string          // hero_chaos
	folder    string
	image     string // the stand-in
	container string // not hero_chaos's own, empty for none
	output    string // where the run writes
	args, env []string
	under     []string                // the program that runs hero_chaos, with its arguments; empty for none
	where     string                  // the working directory
	halfWay   func(*os.Process) error // is called once the run has a result
	bystander *exec.Cmd               // a process of the host
	state     string                  // what was in the container before
	undo      []func()
	ends      []func() // wait for what was started beside the run
}

func newLab(ctx context.Context, image string) (*lab, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "environment-")
	if err != nil {
		return nil, err
	}
	l := &lab{ctx: ctx, root: root, program: filepath.Join(root, "bin", "hero_chaos"), where: root, folder: folder, image: image, output: filepath.Join(folder, "out")}
	l.args = []string{"run", "--target", "embedded", "--output", l.output}
	l.undo = append(l.undo, func() { _ = os.RemoveAll(folder) })
	return l, nil
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

// later undoes something by a command when the environment ends.
func (l *lab) later(name string, args ...string) {
	l.undo = append(l.undo, func() { _ = exec.Command(name, args...).Run() }) //nolint:gosec // our own commands
}

// newName returns a name for something of this environment.
func newName() string { return "environment-" + strings.ToLower(rand.Text()[:8]) }

// start starts a container of the image that is not hero_chaos's, with flags of docker run.
func (l *lab) start(flags ...string) error { return l.startAs(flags, nil) }

// startAs starts a container with flags of docker run, and with arguments for its entry point.
func (l *lab) startAs(flags, arguments []string) error {
	l.container = newName()
	l.later("docker", "rm", "--force", "--volumes", l.container)
	_, err := l.command("docker", slices.Concat([]string{"run", "--detach", "--name", l.container}, flags, []string{l.image}, arguments)...)
	return err
}

// attach starts a container, waits until its services run, and lets hero_chaos attach to it.
func (l *lab) attach(flags ...string) error {
	if err := l.start(flags...); err != nil {
		return err
	}
	return l.attachToStarted()
}

func (l *lab) attachToStarted() error {
	l.args = append(l.args, "--container", l.container)
	err := l.await("the services", func() bool {
		listed, err := l.command("docker", "exec", l.container, "/usr/bin/zinit", "list")
		return err == nil && strings.Count(listed, "running") >= servicesOfStandIn
	})
	if err != nil {
		return err
	}
	l.state, err = l.stateOfContainer()
	return err
}

// derive makes an image of the stand-in with changes in the words of a Dockerfile, and takes it instead.
func (l *lab) derive(changes ...string) error {
	name := newName()
	if _, err := l.command("docker", "create", "--name", name, l.image); err != nil {
		return err
	}
	l.later("docker", "rm", "--force", name)
	args := []string{"commit"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	if _, err := l.command("docker", append(args, name, name)...); err != nil {
		return err
	}
	l.later("docker", "rmi", "--force", name)
	l.image = name
	return nil
}

const (
	servicesOfStandIn = 28
	pollInterval      = 200 * time.Millisecond
)

// await waits until something is seen.
func (l *lab) await(what string, seen func() bool) error {
	for !seen() {
		select {
		case <-time.After(pollInterval):
		case <-l.ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, l.ctx.Err())
		}
	}
	return nil
}

// hero returns a command of hero_chaos in the environment.
func (l *lab) hero(args ...string) *exec.Cmd {
	words := slices.Concat(l.under, []string{l.program}, args)
	command := exec.CommandContext(l.ctx, words[0], words[1:]...) //nolint:gosec // our own program
	command.Env, command.Dir = append(os.Environ(), l.env...), l.where
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	return command
}

// run runs hero_chaos, and returns what it writes, and its exit code.
func (l *lab) run() (output string, code int) {
	command := l.hero(l.args...)
	var halfWayErr error
	if l.halfWay != nil {
		go func() {
			if l.await("a result", l.hasResult) == nil {
				halfWayErr = l.halfWay(command.Process)
			}
		}()
	}
	text, err := command.CombinedOutput()
	for _, wait := range l.ends {
		wait()
	}
	if command.ProcessState == nil || halfWayErr != nil {
		return fmt.Sprint(err, halfWayErr), -1
	}
	return string(text), command.ProcessState.ExitCode()
}

// hasResult reports whether the record has a result.
func (l *lab) hasResult() bool {
	content, err := os.ReadFile(filepath.Join(l.output, "record.jsonl"))
	return err == nil && strings.Contains(string(content), `{"result":`)
}

// stateOfContainer describes what a run must leave as it was in the container that it was attached to, a line each.
func (l *lab) stateOfContainer() (string, error) {
	listed, err := l.command("docker", "exec", l.container, "/usr/bin/zinit", "list")
	if err != nil {
		return "", err
	}
	var lines []string
	for line := range strings.Lines(listed) {
		if fields := strings.Fields(line); len(fields) > 1 {
			state := strings.Replace(fields[1], "exited", "running", 1) // it waits for its next attempt, as its policy says
			lines = append(lines, "service "+fields[0]+" "+state)
		}
	}
	return strings.Join(lines, "\n"), nil
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
	if err != nil {
		return err
	}
	if session == "" { // nothing had begun in Docker
		return findLeftProcesses(l.output)
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
	if err := findLeftProcesses(session, l.output); err != nil || l.container == "" {
		return err
	}
	return l.findLeftInContainer()
}

// findLeftProcesses returns an error that names the processes of this machine that have one of the words.
func findLeftProcesses(words ...string) error {
	if left, err := findProcesses(words...); err != nil || left != "" {
		return fmt.Errorf("processes are left: %s (%w)", left, err)
	}
	return nil
}

// findProcesses names the processes of this machine whose command line or environment has one of the words.
func findProcesses(words ...string) (string, error) {
	var found []string
	folders, err := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		if folder == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		for _, word := range words {
			if strings.Contains(string(line)+string(environment), word) {
				found = append(found, filepath.Base(folder)+" "+strings.ReplaceAll(string(line), "\x00", " "))
				break
			}
		}
	}
	return strings.Join(found, ", "), err
}

func (l *lab) findLeftInContainer() error {
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
	if l.state == "" { // nothing ran in it
		return errors.Join(err, mountsErr, topErr)
	}
	state, stateErr := l.stateOfContainer()
	if state != l.state {
		return fmt.Errorf("the container is not as it was: before %q, now %q", lacking(l.state, state), lacking(state, l.state))
	}
	return errors.Join(err, mountsErr, topErr, stateErr)
}

// lacking returns the lines of one text that another one lacks.
func lacking(text, other string) (lines []string) {
	others := strings.Split(other, "\n")
	for line := range strings.SplitSeq(text, "\n") {
		if !slices.Contains(others, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// session returns the id of the run's session by its record, empty if there was none.
func (l *lab) session() (string, error) {
	content, err := os.ReadFile(filepath.Join(l.output, "record.jsonl"))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
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
	line, _, whole := strings.Cut(string(content), "\n")
	if !whole { // it was cut short before anything began
		return "", nil
	}
	err = json.Unmarshal([]byte(line), &first)
	return first.Run.ID, err
}
