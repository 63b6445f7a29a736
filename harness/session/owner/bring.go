package owner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

const (
	// agentName begins the name of the agent's file while it is being started; it unlinks itself. The session's id follows: the file
	// of another session that attaches at the same time may still be written to, and cannot be executed then.
	agentName = "hero_chaos_agent"
	// agentEndTimeout bounds the wait for the last words of an agent whose link has ended.
	agentEndTimeout = 3 * time.Second
)

// connectAgent brings the agent into a container and runs it by one attached exec for the whole session. It tries each folder that can be
// written to. The error says what the container lacks.
func (o *Owner) connectAgent(ctx context.Context, live *liveSandbox) error {
	folders, err := live.container.WritableFolders(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(folders, "/") && !slices.Contains(folders, protocol.VictimHome) {
		return fmt.Errorf("its root file system is read-only: give it a volume for the harness's files (docker run --volume NAME:%s)", protocol.VictimHome)
	}
	lacking, user, err := live.container.LacksOverUser(ctx)
	if err != nil {
		return err
	}
	if len(lacking) > 0 {
		return fmt.Errorf("it runs as user %s, whose sockets and processes its root may not touch: give it the capabilities (docker run --cap-add %s)", user, strings.Join(lacking, " --cap-add "))
	}
	var failures []error
	for _, folder := range folders {
		path := filepath.Join(folder, agentName+"-"+o.id)
		if live.attached {
			if err := o.reaper.AnnounceFile(live.container, path); err != nil {
				return err
			}
		}
		if err := live.container.CopyFile(ctx, path, 0o755, o.agent); err != nil {
			failures = append(failures, err)
			continue
		}
		started, err := live.startAgent(ctx, path, o.holder(live), o.agentSum)
		if err == nil || started {
			return err
		}
		failures = append(failures, fmt.Errorf("run it from %s: %w", folder, err))
		live.cleanup.Files = append(live.cleanup.Files, path)
	}
	if live.attached {
		failures = append(failures, live.removeFiles(ctx))
	}
	return errors.Join(failures...)
}

// removeFiles removes agents that could not be executed by the container's own rm. The error names those that are left.
func (l *liveSandbox) removeFiles(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), agentEndTimeout)
	defer cancel()
	if len(l.cleanup.Files) == 0 {
		return nil
	}
	stream, err := l.container.Exec(ctx, append([]string{"rm", "-f"}, l.cleanup.Files...)...)
	if err == nil {
		defer func() { _ = stream.Close() }()
		go func() { _, _ = io.Copy(io.Discard, stream) }()
		var code int
		if code, err = stream.Wait(ctx); err == nil && code == 0 {
			return nil
		}
	}
	return fmt.Errorf("left in the container, as its rm cannot be executed either: %s", strings.Join(l.cleanup.Files, ", "))
}

// holder returns what another run is told that attaches to the same container; it is empty for a container of our own.
func (o *Owner) holder(live *liveSandbox) string {
	if !live.attached {
		return ""
	}
	host, _ := os.Hostname()
	return fmt.Sprintf("session %s of process %d on %s", o.id, os.Getpid(), host)
}

// startAgent runs the agent from a path, and checks by its hash that it is what was copied there. started reports whether its program began:
// then no other place would do better.
func (l *liveSandbox) startAgent(ctx context.Context, path, holder, sum string) (started bool, err error) {
	arguments := []string{path, "link"}
	if holder != "" {
		arguments = append(arguments, holder)
	}
	if l.stream, err = l.container.Exec(ctx, arguments...); err != nil {
		return false, err
	}
	if l.link, err = wire.NewLink(l.stream); err != nil {
		return false, err
	}
	l.agent = newAgentClient(l.link)
	hello, err := l.agent.Hello(ctx)
	if errors.Is(err, wire.ErrLinkEnded) {
		return l.explainAgentEnd(ctx)
	}
	if err != nil {
		return true, err
	}
	if hello.SHA256 != sum {
		return true, fmt.Errorf("the program that runs from %s is not the agent that was copied there: its hash is %.12s, and ours %.12s", path, hello.SHA256, sum)
	}
	l.kernel = hello.Kernel
	return true, nil
}

// The exit codes of an exec whose program could not be executed, as of a shell.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)

// explainAgentEnd returns why the agent ended, with the limits of the container that it has met. executed is false if its program could
// not be executed.
func (l *liveSandbox) explainAgentEnd(ctx context.Context) (executed bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), agentEndTimeout)
	defer cancel()
	code, waitErr := l.stream.Wait(ctx)
	executed = waitErr != nil || (code != codeNotExecutable && code != codeNotFound)
	why := fmt.Sprintf("the agent ended with exit code %d", code)
	if waitErr != nil {
		why = "the connection to the agent ended"
	}
	if met := l.container.LimitsMet(ctx); met != "" {
		return true, fmt.Errorf("%s: %s", why, met)
	}
	said := l.stream.Stderr()
	if !executed {
		why, said = "the agent could not be executed", l.stream.Head()
	}
	if said = strings.TrimSpace(said); said != "" {
		const longest = 300
		why += ": " + oneLine(errors.New(said[:min(len(said), longest)]))
	}
	return executed, errors.New(why)
}
