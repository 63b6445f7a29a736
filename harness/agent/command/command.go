// Package command runs programs in the container.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// outputLimit is how much of a program's output is kept, in bytes.
const outputLimit = 64 << 10

// tail keeps the end of what is written to it. os/exec writes both outputs from one goroutine.
type tail struct{ kept []byte }

// Write implements io.Writer.
func (t *tail) Write(data []byte) (int, error) {
	t.kept = append(t.kept, data...)
	if len(t.kept) > 2*outputLimit {
		t.kept = append(t.kept[:0], t.end()...)
	}
	return len(data), nil
}

func (t *tail) end() []byte { return t.kept[max(0, len(t.kept)-outputLimit):] }

// Run runs a program until it ends or its limit is over.
func Run(ctx context.Context, params protocol.RunParams) (protocol.CommandResult, error) {
	if len(params.Argv) == 0 {
		return protocol.CommandResult{}, errors.New("run a command: it is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, params.Limit)
	defer cancel()
	command := exec.CommandContext(ctx, params.Argv[0], params.Argv[1:]...) //nolint:gosec // running what it is told to is its purpose
	var output tail
	command.Stdout, command.Stderr = &output, &output
	entries := os.Environ()
	if params.EnvironmentOf != 0 {
		var err error
		if entries, err = procfs.ReadEnvironment(params.EnvironmentOf); err != nil {
			return protocol.CommandResult{}, fmt.Errorf("run %s: %w", params.Argv[0], err)
		}
	}
	command.Env, command.Dir = append(entries, params.Env...), params.Dir
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second // a descendant that left the group may hold the output open
	began := time.Now()
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return protocol.CommandResult{}, fmt.Errorf("run %s: %w", params.Argv[0], err)
	}
	return protocol.CommandResult{
		ExitCode: command.ProcessState.ExitCode(), TimedOut: errors.Is(ctx.Err(), context.DeadlineExceeded),
		Output: string(output.end()), Took: time.Since(began),
	}, nil
}
