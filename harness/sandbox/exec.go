package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

const (
	// maxStderr is how much is kept of the error output of a Stream: its end, in bytes.
	maxStderr = 64 << 10
	// maxOutput is how much is kept of each output of RunOnce: its end, in bytes.
	maxOutput = 4 << 20
)

// Stream is a process that was executed in a container, with its input and output attached: what is
// written goes to its standard input, what is read comes from its standard output. It is meant for
// one reader and one writer at a time.
type Stream struct {
	box    *Sandbox
	exec   string
	conn   client.HijackedResponse
	out    *io.PipeReader
	stderr *tail
	ended  chan struct{}
}

// Exec runs a program in the container as root, without a shell, and attaches to it. The context
// bounds the start only. The process sees the end of its input when the stream is closed or this
// process dies; it is not killed. A program that cannot be executed shows as exit code 126 or 127.
func (s *Sandbox) Exec(ctx context.Context, argv ...string) (*Stream, error) {
	options := client.ExecCreateOptions{User: "0", Cmd: argv, AttachStdin: true, AttachStdout: true, AttachStderr: true}
	return s.exec(ctx, options, maxStderr)
}

func (s *Sandbox) exec(ctx context.Context, options client.ExecCreateOptions, stderr int) (*Stream, error) {
	if len(options.Cmd) == 0 {
		return nil, fmt.Errorf("execute in container %s: no program is given", s.name)
	}
	operation := "execute " + options.Cmd[0] + " in"
	created, err := s.daemon.api.ExecCreate(ctx, s.id, options)
	if err != nil {
		return nil, s.told(operation, err)
	}
	attached, err := s.daemon.api.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, s.told(operation, err)
	}
	out, in := io.Pipe()
	stream := &Stream{
		box: s, exec: created.ID, conn: attached.HijackedResponse,
		out: out, stderr: &tail{limit: stderr}, ended: make(chan struct{}),
	}
	go func() {
		defer close(stream.ended)
		_, err := stdcopy.StdCopy(in, stream.stderr, stream.conn.Reader)
		_ = in.CloseWithError(err) // nil reads as end of file
	}()
	return stream, nil
}

// Read reads the process's standard output.
func (x *Stream) Read(p []byte) (int, error) { return x.out.Read(p) }

// Write writes to the process's standard input.
func (x *Stream) Write(p []byte) (int, error) { return x.conn.Conn.Write(p) }

// CloseWrite ends the process's standard input; its output can still be read.
func (x *Stream) CloseWrite() error { return x.conn.CloseWrite() }

// Close lets go of the process.
func (x *Stream) Close() error {
	return errors.Join(x.conn.Conn.Close(), x.out.Close())
}

// Stderr returns the end of what the process has written to its standard error so far.
func (x *Stream) Stderr() string { return x.stderr.String() }

// Wait waits until the process has ended and returns its exit code. Its output must be read
// meanwhile, or it may never end.
func (x *Stream) Wait(ctx context.Context) (int, error) {
	select {
	case <-x.ended:
	case <-ctx.Done():
		return 0, x.box.told("wait for an exec in", ctx.Err())
	}
	tick := time.NewTicker(5 * time.Millisecond) // Docker ends the output a little before it knows the code
	defer tick.Stop()
	for {
		state, err := x.box.daemon.api.ExecInspect(ctx, x.exec, client.ExecInspectOptions{})
		if err != nil {
			return 0, x.box.told("wait for an exec in", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, x.box.told("wait for an exec in", ctx.Err())
		}
	}
}

// Output is what a finished program has left.
type Output struct {
	Stdout, Stderr string // the last 4 MiB of each
	ExitCode       int
}

// RunOnce runs a program in the container as the image's user, without a shell and without input, and
// waits for its end. An exit code other than 0 is no error. When ctx ends, the program may go on.
func (s *Sandbox) RunOnce(ctx context.Context, argv ...string) (Output, error) {
	stream, err := s.exec(ctx, client.ExecCreateOptions{Cmd: argv, AttachStdout: true, AttachStderr: true}, maxOutput)
	if err != nil {
		return Output{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	defer func() { _ = stream.Close() }()
	stdout := &tail{limit: maxOutput}
	if _, err := io.Copy(stdout, stream); err != nil {
		return Output{}, s.told("read the output of "+argv[0]+" in", errors.Join(err, ctx.Err()))
	}
	code, err := stream.Wait(ctx)
	if err != nil {
		return Output{}, err
	}
	return Output{Stdout: stdout.String(), Stderr: stream.Stderr(), ExitCode: code}, nil
}
