package victim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// The first argument of a victim's copy says what it is.
const (
	modeIdle   = "idle"   // waits to be killed
	modeWorker = "worker" // accepts on the listener that it inherited as inheritedListener
)

// inheritedListener is the file descriptor of the listener in a worker.
const inheritedListener = 3

// family holds the workers that a victim started.
type family struct {
	mu      sync.Mutex
	workers []*worker
}

// worker is a process that accepts in the victim's place and reads its moods from stdin, a line each.
type worker struct {
	process *os.Process
	orders  io.WriteCloser
}

// startIdle starts the idle children.
func (f *family) startIdle(o Options, args []string) error {
	for i := range o.Children + 1 {
		if i == o.Children && !o.SetsidChild {
			break
		}
		child, err := prepareCopy(args, modeIdle)
		if err != nil {
			return err
		}
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: i == o.Children}
		child.Stdout = os.Stdout // a child holds the output, as one of a shell's does
		if err := start(child); err != nil {
			return err
		}
	}
	return nil
}

// startWorkers starts the workers and hands them the listener.
func (f *family) startWorkers(o Options, args []string, listener net.Listener) error {
	type filer interface{ File() (*os.File, error) }
	file, err := listener.(filer).File() // both kinds of listener that listen returns have it
	if err != nil {
		return fmt.Errorf("share the listener with workers: %w", err)
	}
	defer func() { _ = file.Close() }()
	f.mu.Lock()
	defer f.mu.Unlock()
	for range o.Workers {
		child, err := prepareCopy(args, append([]string{modeWorker}, args...)...)
		if err != nil {
			return err
		}
		orders, err := child.StdinPipe()
		if err != nil {
			return fmt.Errorf("open a worker's orders: %w", err)
		}
		child.ExtraFiles = []*os.File{file}
		if err := start(child); err != nil {
			return err
		}
		f.workers = append(f.workers, &worker{process: child.Process, orders: orders})
	}
	return nil
}

// instruct passes a conduct on to the workers.
func (f *family) instruct(m conduct) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write an order: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.workers {
		if _, err := w.orders.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("order worker %d to be %s: %w", w.process.Pid, m.Behaviour, err)
		}
	}
	return nil
}

// stopWorkers asks the workers to end.
func (f *family) stopWorkers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.workers {
		_ = w.process.Signal(syscall.SIGTERM) // one that is gone already needs no signal
	}
}

// serveForParent runs a worker until its parent ends it.
func (v *victim) serveForParent(ctx context.Context) error {
	file := os.NewFile(inheritedListener, "listener")
	listener, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("take over the listener: %w", err)
	}
	if unixListener, ok := listener.(*net.UnixListener); ok {
		unixListener.SetUnlinkOnClose(false)
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		orders := json.NewDecoder(os.Stdin)
		for {
			var m conduct
			if orders.Decode(&m) != nil {
				return // the parent is gone; an orphan goes on, as a real one does
			}
			v.server.setConduct(m)
		}
	}()
	go func() {
		if pause(ctx, v.options.ReadyDelay) {
			v.server.allowAnswers()
		}
	}()
	return v.server.accept(ctx, listener)
}

// idleLimit is after how long an idle child goes by itself: longer than any experiment, so that none stays that a supervisor forgot.
const idleLimit = 15 * time.Minute

// idle waits to be killed.
func idle(ctx context.Context) int {
	pause(ctx, idleLimit)
	return 0
}

// prepareCopy prepares a process of this program with other arguments in the place of args.
func prepareCopy(args []string, others ...string) (*exec.Cmd, error) {
	kept := len(os.Args) - len(args)
	if kept < 1 || !slices.Equal(os.Args[kept:], args) {
		return nil, errors.New("start a copy of the victim: this process was started with other arguments")
	}
	command := exec.Command("/proc/self/exe") // also there when the program was unlinked
	command.Args = slices.Concat(os.Args[:kept], others)
	return command, nil
}

// start starts a process and reaps it when it ends.
func start(command *exec.Cmd) error {
	if err := command.Start(); err != nil {
		return fmt.Errorf("start a copy of the victim: %w", err)
	}
	go func() { _ = command.Wait() }()
	return nil
}
