package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// environment is a machine, a daemon or a container as users have them.
type environment struct {
	name string
	// page is a part of TROUBLESHOOTING that is about it, word by word; empty if it runs as anywhere.
	page    string
	arrange func(*lab) error
	line    string // in what hero_chaos says
	code    int    // codeRan: it came to its end, whatever a busy host left unproved
	check   func(*lab) error
}

// The exit codes of a run.
const (
	codeRan          = -1 // 0 or 2
	codeInconclusive = 2
	codeError        = 3
)

// few are the flags of a run that takes some seconds.
const few = "--focus=boot.running,restart.sigterm/user.hero_redis_server"

// longer are the flags of a run that takes a minute.
const longer = "--focus=restart,hang"

const noneFailed = " 0 failed"

// readOnly are flags of docker run: the root file system is read-only, and what the stand-in writes to is not.
var readOnly = []string{"--read-only", "--volume", "/data", "--tmpfs", "/root/hero/var", "--tmpfs", "/root/hero/var/sockets", "--tmpfs", "/tmp"}

// attached returns an arrangement: a container with flags of docker run, to which hero_chaos attaches.
func attached(flags ...string) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, few)
		return l.attach(flags...)
	}
}

func environments() []environment {
	return []environment{
		{name: "plain", arrange: attached(), line: noneFailed, code: codeRan},
		{name: "second-run", page: "another run is at work in this container", arrange: besideAnother, line: "another run is at work in this container (session ", code: codeError},
		{name: "second-output", page: "writes there: wait for its end, or give another --output", arrange: intoOneFolder, line: "writes there: wait for its end, or give another --output", code: codeError},
		{name: "host-pids", arrange: withHostPIDs, line: noneFailed, code: codeRan, check: isBystanderUntouched},
		{name: "no-pidfd", page: "pidfds are refused here", arrange: withoutPidfd, line: noneFailed, code: codeRan, check: saysNoPidfd},
		{name: "few-pids", page: "--pids-limit", arrange: attached("--pids-limit", "60"), line: "give it a larger --pids-limit", code: codeError},
		{name: "read-only", page: "its root file system is read-only", arrange: attached(readOnly...), line: "give it a volume for the harness's files", code: codeError},
		{name: "read-only-volume", arrange: attached(append(readOnly, "--volume", "/hero_chaos")...), line: noneFailed, code: codeRan},
		{name: "no-capabilities", arrange: attached("--cap-drop", "ALL"), line: noneFailed, code: codeRan},
		{name: "no-network", arrange: attached("--network", "none"), line: noneFailed, code: codeRan},
		{name: "init", arrange: attached("--init"), line: noneFailed, code: codeRan},
		{name: "little-memory", page: "the limit that leaves no room is named", arrange: attached("--memory", "64m"), line: "give it a larger --memory", code: codeError},
		{name: "paused", page: "it is paused: resume it first", arrange: paused, line: "it is paused: resume it first", code: codeError},
		{name: "no-log", arrange: attached("--log-driver", "none"), line: noneFailed, code: codeRan},
		{name: "long-tmpdir", arrange: withLongFolder, line: noneFailed, code: codeRan},
		{name: "interrupted", page: "interrupted after ", arrange: interruptedHalfWay, line: "interrupted after ", code: codeError},
	}
}

// besideAnother starts a run on a container, and another one when the first has begun.
func besideAnother(l *lab) error {
	if err := l.attach(); err != nil {
		return err
	}
	if err := l.startBeside("first"); err != nil {
		return err
	}
	l.args = append(l.args, few)
	return l.await("the first agent", func() bool {
		processes, _ := l.command("docker", "top", l.container)
		return strings.Contains(processes, "hero_chaos_agent")
	})
}

// intoOneFolder starts a run, and another one into its folder.
func intoOneFolder(l *lab) error {
	if err := l.attach(); err != nil {
		return err
	}
	if err := l.startBeside("out"); err != nil {
		return err
	}
	l.args = append(l.args, few)
	return l.await("the first record", func() bool {
		_, err := os.Stat(filepath.Join(l.folder, "out", "record.jsonl"))
		return err == nil
	})
}

// startBeside starts a longer run on the same container, with a folder for its output.
func (l *lab) startBeside(output string) error {
	first := l.hero("run", "--target", "embedded", "--container", l.container, "--output", filepath.Join(l.folder, output), longer)
	if err := first.Start(); err != nil {
		return err
	}
	l.ends = append(l.ends, func() { _ = first.Wait() })
	return nil
}

// withHostPIDs lets the container see the host's processes, one of which looks like a loop that starts services.
func withHostPIDs(l *lab) error {
	l.bystander = exec.CommandContext(l.ctx, "sh", "-c", "while sleep 600; do zinit start hero; done")
	if err := l.bystander.Start(); err != nil {
		return err
	}
	l.undo = append(l.undo, func() { _ = l.bystander.Process.Kill(); _ = l.bystander.Wait() })
	l.args = append(l.args, few+",image.no-watchdog")
	return l.attach("--pid", "host")
}

func isBystanderUntouched(l *lab) error {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.bystander.Process.Pid))
	if err != nil || !strings.Contains(string(state), ") S ") {
		return fmt.Errorf("a process of the host was touched: %s (%w)", state, err)
	}
	return nil
}

// withoutPidfd gives the container a seccomp profile that allows all but pidfds.
func withoutPidfd(l *lab) error {
	const profile = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["pidfd_open","pidfd_send_signal"],"action":"SCMP_ACT_ERRNO"}]}`
	path := filepath.Join(l.folder, "seccomp.json")
	if err := os.WriteFile(path, []byte(profile), 0o600); err != nil {
		return err
	}
	return attached("--security-opt", "seccomp="+path)(l)
}

func saysNoPidfd(l *lab) error {
	content, err := os.ReadFile(filepath.Join(l.folder, "out", "record.json"))
	if err == nil && !strings.Contains(string(content), "pidfds are refused here") {
		err = fmt.Errorf("no landing says that there were no pidfds")
	}
	return err
}

func paused(l *lab) error {
	if err := attached()(l); err != nil {
		return err
	}
	_, err := l.command("docker", "pause", l.container)
	return err
}

// withLongFolder sets a TMPDIR in which no socket's path fits.
func withLongFolder(l *lab) error {
	long := filepath.Join(l.folder, strings.Repeat("long-", 30))
	l.env = append(l.env, "TMPDIR="+long)
	if err := os.Mkdir(long, 0o700); err != nil {
		return err
	}
	return attached()(l)
}

// interruptedHalfWay sends SIGINT once results are there.
func interruptedHalfWay(l *lab) error {
	l.args = append(l.args, longer)
	l.interrupt = true
	return l.attach()
}

// hasResult reports whether the record has a result.
func (l *lab) hasResult() bool {
	content, err := os.ReadFile(filepath.Join(l.folder, "out", "record.jsonl"))
	return err == nil && strings.Contains(string(content), `{"result":`)
}

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
