package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// maxStderr is how many bytes are kept of the end of a Stream's error output.
const maxStderr = 64 << 10

// Stream is a process that was executed in a container, with its standard input and output attached. It is for one reader and one
// writer at a time.
type Stream struct {
	box    *Sandbox
	exec   string
	conn   client.HijackedResponse
	out    *io.PipeReader
	head   headText
	stderr *tail
	ended  chan struct{}
}

// Exec runs a program in the container as root, without a shell, and attaches to it. The context bounds the start only. The process is
// not killed: it sees the end of its input when the stream is closed or this process dies. A program that cannot be executed ends
// with exit code 126 or 127.
func (s *Sandbox) Exec(ctx context.Context, argv ...string) (*Stream, error) {
	if len(argv) == 0 {
		return nil, fmt.Errorf("execute in container %s: no program is given", s.name)
	}
	operation := "execute " + argv[0] + " in"
	options := client.ExecCreateOptions{User: "0", Cmd: argv, AttachStdin: true, AttachStdout: true, AttachStderr: true}
	starting, cancel := makeWhole(ctx)
	defer cancel()
	created, err := s.daemon.api.ExecCreate(starting, s.id, options)
	if err != nil {
		return nil, s.wrap(operation, err)
	}
	attached, err := s.daemon.api.ExecAttach(starting, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, s.wrap(operation, err)
	}
	out, in := io.Pipe()
	stream := &Stream{
		box: s, exec: created.ID, conn: attached.HijackedResponse,
		out: out, stderr: &tail{limit: maxStderr}, ended: make(chan struct{}),
	}
	go func() {
		defer close(stream.ended)
		_, err := stdcopy.StdCopy(io.MultiWriter(&stream.head, in), stream.stderr, stream.conn.Reader)
		_ = in.CloseWithError(err) // nil reads as end of file
	}()
	return stream, nil
}

// Read reads from the process's standard output.
func (x *Stream) Read(p []byte) (int, error) { return x.out.Read(p) }

// Write writes to the process's standard input.
func (x *Stream) Write(p []byte) (int, error) { return x.conn.Conn.Write(p) }

// CloseWrite ends the process's standard input; its output can still be read.
func (x *Stream) CloseWrite() error { return x.conn.CloseWrite() }

// Close detaches from the process.
func (x *Stream) Close() error {
	return errors.Join(x.conn.Conn.Close(), x.out.Close())
}

// Stderr returns the end of what the process has written to its standard error so far.
func (x *Stream) Stderr() string { return x.stderr.String() }

// Head returns the beginning of the process's standard output. Docker writes there why it could not execute a program.
func (x *Stream) Head() string { return x.head.String() }

// headText keeps the beginning of what is written to it.
type headText struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps as much of p as still fits.
func (h *headText) Write(p []byte) (int, error) {
	const longest = 512
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = append(h.text, p[:min(len(p), longest-len(h.text))]...)
	return len(p), nil
}

func (h *headText) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}

// Wait waits until the process has ended and returns its exit code. Its output must be read meanwhile, or it may never end.
func (x *Stream) Wait(ctx context.Context) (int, error) {
	select {
	case <-x.ended:
	case <-ctx.Done():
		return 0, x.box.wrap("wait for an exec in", ctx.Err())
	}
	tick := time.NewTicker(5 * time.Millisecond) // Docker ends the output a little before it knows the exit code
	defer tick.Stop()
	for {
		state, err := x.box.daemon.api.ExecInspect(ctx, x.exec, client.ExecInspectOptions{})
		if err != nil {
			return 0, x.box.wrap("wait for an exec in", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, x.box.wrap("wait for an exec in", ctx.Err())
		}
	}
}
