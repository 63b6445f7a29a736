package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/syntax"
)

// listMachines lists the environments of hero_chaos itself: its daemon, its folders, its limits and its variables.
func listMachines() []environment {
	return []environment{
		{name: "second-output", page: "writes there: wait for its end, or give another --output", arrange: intoOneFolder, line: "writes there: wait for its end, or give another --output", code: codeError},
		{name: "two-runs", arrange: besideOwn, line: noneFailed, code: codeRan},
		{name: "other-socket", arrange: throughSocket, line: noneFailed, code: codeRan},
		{name: "other-context", arrange: throughContext, line: noneFailed, code: codeRan},
		{name: "no-daemon", page: "reach Docker at ...", arrange: with("DOCKER_HOST=unix:///nothing.sock"), line: "reach Docker at unix:///nothing.sock", code: codeError},
		{name: "odd-daemon", page: "reach Docker at ...", arrange: with("DOCKER_HOST=nonsense"), line: "nonsense", code: codeError},
		{name: "tls-without-certificates", page: "DOCKER_TLS_VERIFY", arrange: with("DOCKER_HOST=tcp://127.0.0.1:9", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nothing"), line: "/nothing", code: codeError},
		{name: "variables-of-tools", arrange: with("GOMAXPROCS=1", "HTTP_PROXY=http://127.0.0.1:9", "ALL_PROXY=http://127.0.0.1:9", "NO_COLOR=1", "CI=true", "TERM=dumb", "COLUMNS=1",
			"LC_ALL=tr_TR.UTF-8", "GOFLAGS=-mod=nonsense", "GINKGO_EDITOR_INTEGRATION=true", "TESTCONTAINERS_RYUK_DISABLED=false", "GITHUB_STEP_SUMMARY=/nothing/summary.md"), line: noneFailed, code: codeRan},
		{name: "no-home", arrange: with("HOME=", "XDG_CONFIG_HOME=/nothing", "USER="), line: noneFailed, code: codeRan},
		{name: "read-only-home", arrange: with("HOME=/proc"), line: noneFailed, code: codeRan},
		{name: "no-temporary-folder", arrange: with("TMPDIR=/nothing"), line: noneFailed, code: codeRan},
		{name: "long-tmpdir", arrange: withLongFolder, line: noneFailed, code: codeRan},
		{name: "linked-checkout", arrange: throughLink, line: noneFailed, code: codeRan},
		{name: "elsewhere", arrange: fromElsewhere, line: noneFailed, code: codeRan},
		{name: "umask", arrange: under("umask 077"), line: noneFailed, code: codeRan},
		{name: "few-own-descriptors", page: "raise the limit (ulimit -n", arrange: under("ulimit -n 64"), line: "raise the limit (ulimit -n", code: codeError},
		{name: "small-files", page: "write to the folder for the reports, which need", arrange: under("ulimit -f 1"), line: "file too large", code: codeError},
		{name: "no-input", arrange: under("exec <&-"), line: noneFailed, code: codeRan},
		{name: "full-output", arrange: under("exec >/dev/full"), code: codeRan, check: isJudged},
		{name: "closed-output", arrange: under("exec >&- 2>&-"), code: codeRan, check: isJudged},
		{name: "small-terminal", arrange: inTerminal("stty cols 3 rows 1"), line: noneFailed, code: codeRan},
		{name: "output-elsewhere", arrange: intoMemory("64m"), line: noneFailed, code: codeRan},
		{name: "output-full", page: "write to the folder for the reports, which need", arrange: intoMemory("32k"), line: "no space left on device", code: codeError},
		{name: "output-fills", page: "no space left on device", arrange: filling, line: "no space left on device", code: codeError},
		{name: "output-is-file", page: "make the folder for the reports", arrange: into("/etc/passwd"), line: "/etc/passwd", code: codeError},
		{name: "output-of-others", page: "it is not empty, and hero_chaos did not make it", arrange: into("/etc"), line: "it is not empty, and hero_chaos did not make it", code: codeError},
		{name: "output-read-only", page: "make the folder for the reports", arrange: into("/proc/out"), line: "/proc/out", code: codeError},
		{name: "output-odd-name", arrange: intoOddName, line: noneFailed, code: codeRan},
	}
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
		_, err := os.Stat(filepath.Join(l.output, "record.jsonl"))
		return err == nil
	})
}

// besideOwn starts another run that has containers of its own on the same daemon.
func besideOwn(l *lab) error {
	first := l.hero("run", "--target", "embedded", "--output", filepath.Join(l.folder, "first"), few)
	if err := first.Start(); err != nil {
		return err
	}
	l.ends = append(l.ends, func() { _ = first.Wait() })
	l.args = append(l.args, few)
	return nil
}

// with returns an arrangement: variables of hero_chaos, which need not build the stand-in.
func with(variables ...string) func(*lab) error {
	return func(l *lab) error {
		l.env = append(l.env, variables...)
		l.args = append(l.args, "--image", l.image, few)
		return nil
	}
}

// throughSocket lets the daemon answer at another path alone.
func throughSocket(l *lab) error {
	path := filepath.Join(l.folder, "other docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	l.undo = append(l.undo, func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(near)
		}
	}()
	return with("DOCKER_HOST=unix://" + path)(l)
}

// relay connects a client to the daemon, and passes on what both say.
func relay(near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial("unix", "/var/run/docker.sock")
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.(*net.UnixConn).CloseWrite()
	}()
	_, _ = io.Copy(near, far)
}

// throughContext names the daemon by a context of the docker command.
func throughContext(l *lab) error {
	if err := throughSocket(l); err != nil {
		return err
	}
	host := strings.TrimPrefix(l.env[len(l.env)-1], "DOCKER_HOST=")
	l.env = append(l.env[:len(l.env)-1], "DOCKER_CONFIG="+filepath.Join(l.folder, "docker"))
	create := l.dockerCommand("context", "create", "other", "--docker", "host="+host)
	if err := create.Run(); err != nil {
		return err
	}
	return l.dockerCommand("context", "use", "other").Run()
}

// dockerCommand returns a command of docker in the environment.
func (l *lab) dockerCommand(args ...string) *exec.Cmd {
	command := exec.CommandContext(l.ctx, "docker", args...) //nolint:gosec // our own command
	command.Env = append(os.Environ(), l.env...)
	return command
}

// withLongFolder sets a TMPDIR in which no socket's path fits.
func withLongFolder(l *lab) error {
	long := filepath.Join(l.folder, strings.Repeat("long-", 30))
	if err := os.Mkdir(long, 0o700); err != nil {
		return err
	}
	return with("TMPDIR=" + long)(l)
}

// throughLink reaches the checkout through a link of another depth.
func throughLink(l *lab) error {
	deep := filepath.Join(l.folder, "a", "b", "c")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		return err
	}
	link := filepath.Join(deep, "checkout")
	l.program, l.where = filepath.Join(link, "bin", "hero_chaos"), link
	l.args = append(l.args, few)
	return os.Symlink(l.root, link)
}

// fromElsewhere runs in a folder that has been removed.
func fromElsewhere(l *lab) error {
	return under(`mkdir "` + l.folder + `/gone"; cd "` + l.folder + `/gone"; rmdir "` + l.folder + `/gone"`)(l)
}

// under returns an arrangement: a shell does something, and becomes hero_chaos.
func under(script string) func(*lab) error {
	return func(l *lab) error {
		l.under = []string{"sh", "-c", script + `; exec "$@"`, "sh"}
		return own(few)(l)
	}
}

// inTerminal returns an arrangement: a shell does something with a terminal, in which hero_chaos runs then.
func inTerminal(script string) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, few)
		return l.enterTerminal(script)
	}
}

// enterTerminal lets hero_chaos run in a terminal of its own, after a shell's script.
func (l *lab) enterTerminal(script string) error {
	script += "; exec"
	for _, word := range append([]string{l.program}, l.args...) {
		quoted, err := syntax.Quote(word, syntax.LangPOSIX)
		if err != nil {
			return err
		}
		script += " " + quoted
	}
	l.program, l.args = "script", []string{"--quiet", "--return", "--command", script, "/dev/null"}
	return nil
}

// into returns an arrangement: another folder for the output.
func into(folder string) func(*lab) error {
	return func(l *lab) error {
		l.output = folder
		return own("--output", folder, few)(l)
	}
}

// intoOddName writes to a folder whose name has blanks, a line break and letters that are not ASCII.
func intoOddName(l *lab) error {
	return into(filepath.Join(l.folder, "a 'b'\n\"größe\" $HOME;"))(l)
}

// filling fills the disk of the output once the run has a result.
func filling(l *lab) error {
	if err := intoMemory("16m")(l); err != nil {
		return err
	}
	l.args = append(l.args, longer)
	l.halfWay = func(*os.Process) error {
		ballast, err := os.Create(filepath.Join(filepath.Dir(l.output), "ballast"))
		if err != nil {
			return err
		}
		for err == nil {
			_, err = ballast.Write(make([]byte, 1<<16))
		}
		if errors.Is(err, syscall.ENOSPC) {
			err = nil
		}
		return errors.Join(err, ballast.Close())
	}
	return nil
}

// intoMemory returns an arrangement: the output is on a file system in memory of a size.
func intoMemory(size string) func(*lab) error {
	return func(l *lab) error {
		folder := filepath.Join(l.folder, "memory")
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		if _, err := l.command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", folder); err != nil {
			return errors.Join(errNotHere, err)
		}
		l.later("umount", folder)
		return into(filepath.Join(folder, "out"))(l)
	}
}
