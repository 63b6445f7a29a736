package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// readOnly are flags of docker run: the root file system is read-only, and what the stand-in writes to is not.
var readOnly = []string{"--read-only", "--volume", "/data", "--tmpfs", "/root/hero/var", "--tmpfs", "/root/hero/var/sockets", "--tmpfs", "/tmp"}

// asUser are flags of docker run: all runs as a user that is not root.
var asUser = []string{
	"--user", "1000:1000", "--tmpfs", "/data:uid=1000", "--tmpfs", "/root/hero/var:uid=1000", "--tmpfs", "/root/hero/var/sockets:uid=1000", "--tmpfs", "/tmp",
}

// attached returns an arrangement: a container with flags of docker run, to which hero_chaos attaches.
func attached(flags ...string) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, few)
		return l.attach(flags...)
	}
}

// asked returns an arrangement like attached, in which a theme is asked as well.
func asked(theme string, flags ...string) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, few+","+theme)
		return l.attach(flags...)
	}
}

// listContainers lists the environments of a container that hero_chaos attaches to.
func listContainers() []environment {
	return []environment{
		{name: "plain", arrange: attached(), line: noneFailed, code: codeRan},
		{name: "second-run", page: "another run is at work in this container", arrange: besideAnother, line: "another run is at work in this container (session ", code: codeError},
		{name: "host-pids", arrange: withHostPIDs, line: noneFailed, code: codeRan, check: isBystanderUntouched},
		{name: "neighbour-pids", arrange: withNeighbour("--pid=container:", "/root/hero/bin/entrypoint"), line: noneFailed, code: codeRan},
		{name: "neighbour-network", arrange: withNeighbour("--network=container:", "/bin/sh", "-c", "sleep 600"), line: noneFailed, code: codeRan},
		{name: "no-pidfd", page: "pidfds are refused here", arrange: withoutPidfd, line: noneFailed, code: codeRan, check: records("pidfds are refused here")},
		{name: "few-pids", page: "--pids-limit", arrange: attached("--pids-limit", "60"), line: "give it a larger --pids-limit", code: codeError},
		{name: "little-memory", page: "the limit that leaves no room is named", arrange: attached("--memory", "64m"), line: "give it a larger --memory", code: codeError},
		{name: "little-cpu", arrange: attached("--cpus", "0.3"), line: noneFailed, code: codeRan},
		{name: "few-descriptors", arrange: attached("--ulimit", "nofile=256:256"), line: noneFailed, code: codeRan},
		{name: "read-only", page: "its root file system is read-only", arrange: attached(readOnly...), line: "give it a volume for the harness's files", code: codeError},
		{name: "read-only-volume", arrange: attached(append(readOnly, "--volume", "/hero_chaos")...), line: noneFailed, code: codeRan},
		{name: "no-capabilities", arrange: attached("--cap-drop", "ALL"), line: noneFailed, code: codeRan},
		{name: "unconfined", arrange: attached("--security-opt", "seccomp=unconfined", "--security-opt", "no-new-privileges"), line: noneFailed, code: codeRan},
		{name: "user", arrange: attached(asUser...), line: noneFailed, code: codeRan},
		{name: "user-no-capabilities", page: "whose sockets and processes its root may not touch", arrange: attached(append(asUser, "--cap-drop", "ALL")...), line: "whose sockets and processes its root may not touch", code: codeError},
		{name: "no-network", arrange: attached("--network", "none"), line: noneFailed, code: codeRan},
		{name: "host-network", arrange: asked("image", "--network", "host", "--hostname", "a-name.example"), line: noneFailed, code: codeRan},
		{name: "port-rejected", page: "this machine gets no answer from the published port at", arrange: withoutPort("--publish", "127.0.0.1::6666"), line: noneFailed, code: codeInconclusive, check: records("this machine gets no answer from the published port at")},
		{name: "port-rejected-bridge", arrange: withoutPort(), line: noneFailed, code: codeInconclusive},
		{name: "port-on-ipv6", arrange: attached("--publish", "[::1]::6666"), line: noneFailed, code: codeRan},
		{name: "namespaces", arrange: attached("--userns", "host", "--ipc", "none", "--uts", "host", "--cgroupns", "host"), line: noneFailed, code: codeRan},
		{name: "init", arrange: attached("--init"), line: noneFailed, code: codeRan},
		{name: "shell-entrypoint", arrange: behindShell, line: noneFailed, code: codeRan},
		{name: "terminal", arrange: attached("--tty", "--interactive"), line: noneFailed, code: codeRan},
		{name: "variables", arrange: attached("--env", "TZ=Asia/Kathmandu", "--env", "LC_ALL=de_DE.UTF-8", "--env", "LD_PRELOAD=/nothing.so", "--env", "PATH=/nothing"), line: noneFailed, code: codeRan},
		{name: "small-shm", arrange: attached("--shm-size", "64k", "--tmpfs", "/tmp:size=64k,noexec"), line: noneFailed, code: codeRan},
		{name: "volume-over-image", arrange: attached("--volume", "/root/hero", "--volume", "/data"), line: noneFailed, code: codeRan},
		{name: "health-check", arrange: attached("--health-cmd", "zinit list", "--health-interval", "1s"), line: noneFailed, code: codeRan},
		{name: "restart-always", arrange: attached("--restart", "always"), line: noneFailed, code: codeRan},
		{name: "paused", page: "it is paused: resume it first", arrange: paused, line: "it is paused: resume it first", code: codeError},
		{name: "stopped", page: "start it first", arrange: stopped, line: "; start it first", code: codeError},
		{name: "no-such-container", page: "it does not exist; running are: ", arrange: unknown, line: "it does not exist; running are: ", code: codeError},
		{name: "no-supervisor", page: "has no supervisor: none of its processes listens for clients", arrange: withoutSupervisor, line: "has no supervisor: none of its processes listens for clients", code: codeError},
		{name: "no-log", arrange: attached("--log-driver", "none"), line: noneFailed, code: codeRan},
		{name: "short-log", arrange: attached("--log-opt", "max-size=1k", "--log-opt", "mode=non-blocking"), line: noneFailed, code: codeRan},
		{name: "by-id", arrange: byID, line: noneFailed, code: codeRan},
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

// withNeighbour lets the container share something with another one, which runs a program of the image.
func withNeighbour(flag, program string, arguments ...string) func(*lab) error {
	return func(l *lab) error {
		if err := l.startAs([]string{"--entrypoint", program}, arguments); err != nil {
			return err
		}
		return attached(flag + l.container)(l)
	}
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

// records returns a check that the record has some words.
func records(words string) func(*lab) error {
	return func(l *lab) error {
		content, err := os.ReadFile(filepath.Join(l.output, "record.json"))
		if err == nil && !strings.Contains(string(content), words) {
			err = fmt.Errorf("%q is not in the record", words)
		}
		return err
	}
}

// withoutPort rejects what this machine sends to the container, as a firewall would.
func withoutPort(flags ...string) func(*lab) error {
	return func(l *lab) error {
		if err := attached(flags...)(l); err != nil {
			return err
		}
		address, err := l.command("docker", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", l.container)
		if err != nil {
			return err
		}
		rule := []string{"OUTPUT", "--destination", address, "--protocol", "tcp", "--jump", "REJECT"}
		if _, err := l.command("iptables", append([]string{"--wait", "--insert"}, rule...)...); err != nil {
			return errors.Join(errNotHere, err)
		}
		l.later("iptables", append([]string{"--wait", "--delete"}, rule...)...)
		return nil
	}
}

// behindShell makes a shell process 1 of the container.
func behindShell(l *lab) error {
	l.args = append(l.args, few)
	if err := l.startAs([]string{"--entrypoint", "/bin/sh"}, []string{"-c", "/root/hero/bin/entrypoint & wait"}); err != nil {
		return err
	}
	return l.attachToStarted()
}

func paused(l *lab) error {
	if err := attached()(l); err != nil {
		return err
	}
	_, err := l.command("docker", "pause", l.container)
	return err
}

func stopped(l *lab) error {
	if err := attached()(l); err != nil {
		return err
	}
	_, err := l.command("docker", "kill", l.container)
	return err
}

func unknown(l *lab) error {
	l.args = append(l.args, "--container", "größe-"+newName(), few)
	return nil
}

// withoutSupervisor lets the container run a program that is no supervisor.
func withoutSupervisor(l *lab) error {
	l.args = append(l.args, few)
	if err := l.startAs([]string{"--entrypoint", "/bin/sh"}, []string{"-c", "sleep 600"}); err != nil {
		return err
	}
	l.args = append(l.args, "--container", l.container)
	return nil
}

// byID attaches to a container by the beginning of its id.
func byID(l *lab) error {
	if err := attached()(l); err != nil {
		return err
	}
	id, err := l.command("docker", "inspect", "--format", "{{.ID}}", l.container)
	if err == nil {
		l.args = append(l.args[:len(l.args)-1], id[:12])
	}
	return err
}
