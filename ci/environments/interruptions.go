package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// listInterruptions lists the environments of a run that is disturbed half-way.
func listInterruptions() []environment {
	return []environment{
		{name: "interrupted", page: "interrupted after ", arrange: halfWay(signalled(syscall.SIGINT)), line: "interrupted after ", code: codeError},
		{name: "terminated", page: "interrupted after ", arrange: halfWay(signalled(syscall.SIGTERM)), line: "interrupted after ", code: codeError},
		{name: "hung-up", page: "interrupted after ", arrange: halfWay(signalled(syscall.SIGHUP)), line: "interrupted after ", code: codeError},
		{name: "closed-terminal", arrange: closedTerminal, code: codeRan, check: isJudged},
		{name: "nohup", arrange: ignoring, line: noneFailed, code: codeRan},
		{name: "suspended", page: "the link to the container ended", arrange: halfWay(suspended), line: "the link", code: codeError},
		{name: "container-restarted", page: "the run had trouble of its own", arrange: disturbed("docker", "restart", "--time", "0"), line: "the run had trouble of its own", code: codeError},
		{name: "container-killed", page: "the run had trouble of its own", arrange: disturbed("docker", "kill"), line: "the run had trouble of its own", code: codeError},
		{name: "container-removed", page: "the run had trouble of its own", arrange: disturbed("docker", "rm", "--force"), line: "the run had trouble of its own", code: codeError},
		{name: "agent-killed", page: "the run had trouble of its own", arrange: agentKilled, line: "the run had trouble of its own", code: codeError},
	}
}

// halfWay returns an arrangement: something happens to hero_chaos once its run on a container has a result.
func halfWay(do func(*os.Process) error) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, longer)
		l.halfWay = do
		return l.attach()
	}
}

func signalled(signal os.Signal) func(*os.Process) error {
	return func(process *os.Process) error { return process.Signal(signal) }
}

// suspended stops all processes of a run for longer than the agent waits for a heartbeat, as a machine that sleeps.
func suspended(process *os.Process) error {
	const period = 20 * time.Second
	tree, err := findTree(process.Pid)
	for _, pid := range tree {
		err = errors.Join(err, syscall.Kill(pid, syscall.SIGSTOP))
	}
	time.Sleep(period)
	for _, pid := range tree {
		err = errors.Join(err, syscall.Kill(pid, syscall.SIGCONT))
	}
	return err
}

// findTree returns a process and its descendants.
func findTree(root int) (tree []int, err error) {
	tasks, err := filepath.Glob("/proc/[0-9]*/stat")
	parents := map[int]int{}
	for _, path := range tasks {
		text, err := os.ReadFile(path) //nolint:gosec // the kernel's own
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		pid, pidErr := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, parentErr := strconv.Atoi(strings.Fields(rest)[1])
		if pidErr == nil && parentErr == nil {
			parents[pid] = parent
		}
	}
	for tree = []int{root}; ; {
		known := len(tree)
		for pid, parent := range parents {
			if slices.Contains(tree, parent) && !slices.Contains(tree, pid) {
				tree = append(tree, pid)
			}
		}
		if len(tree) == known {
			return tree, err
		}
	}
}

// closedTerminal closes the terminal of a run half-way.
func closedTerminal(l *lab) error {
	if err := l.attach(); err != nil {
		return err
	}
	l.args = append(l.args, longer)
	l.halfWay = signalled(syscall.SIGKILL) // of the program that has the terminal
	return l.enterTerminal("true")
}

// isJudged waits for the record of a run whose words nobody has read.
func isJudged(l *lab) error {
	return l.await("the record", func() bool {
		_, err := os.Stat(filepath.Join(l.output, "report.html"))
		return err == nil
	})
}

// ignoring hangs up a run that nohup has started.
func ignoring(l *lab) error {
	l.under = []string{"nohup"}
	l.halfWay = signalled(syscall.SIGHUP)
	return own(few + ",restart.sigkill")(l)
}

// disturbed returns an arrangement: a command about the container runs half-way.
func disturbed(command ...string) func(*lab) error {
	return func(l *lab) error {
		return halfWay(func(*os.Process) error {
			_, err := l.command(command[0], append(command[1:], l.container)...)
			return err
		})(l)
	}
}

// agentKilled kills the agent half-way.
func agentKilled(l *lab) error {
	return halfWay(func(*os.Process) error {
		pid, err := l.findInContainer("hero_chaos_agent", " link ")
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	})(l)
}
