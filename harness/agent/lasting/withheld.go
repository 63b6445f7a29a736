package lasting

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// stateTraced is the state of a task that a tracer has stopped, as in /proc/PID/stat.
const stateTraced = "t"

// withheld is a service whose end the kernel withholds, because the agent traces it.
type withheld struct {
	control string // socket by which the victim takes orders
	service *subject
	tracer  int // the thread that traces
	release chan struct{}
}

func holdEnd(params protocol.LastingParams) held {
	return &withheld{control: params.Path, release: make(chan struct{})}
}

func (w *withheld) begin(ctx context.Context) (err error) {
	if w.service, err = openSubject(ctx, w.control); err != nil {
		return err
	}
	traced := make(chan tracing, 1)
	go trace(w.service.pid, w.release, traced)
	began := <-traced
	w.tracer = began.tracer
	return began.err
}

// tracing says which thread traces, or why none does.
type tracing struct {
	tracer int
	err    error
}

// trace stops a process until release is closed, and keeps it from ending. The trace ends with the thread of this goroutine, whatever ends it.
func trace(pid int, release <-chan struct{}, traced chan<- tracing) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	if unix.Gettid() == unix.Getpid() {
		defer runtime.UnlockOSThread() // the first thread does not end
		done := make(chan struct{})
		go func() {
			defer close(done)
			trace(pid, release, traced)
		}()
		<-done
		return
	}
	if err := seize(pid); err != nil {
		traced <- tracing{err: err}
		return
	}
	traced <- tracing{tracer: unix.Gettid()}
	<-release
}

// seize begins to trace the first task of a process, and stops it.
func seize(pid int) error {
	if _, _, failure := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, unix.PTRACE_O_TRACEEXIT, 0, 0); failure != 0 {
		return fmt.Errorf("trace process %d: %w", pid, failure)
	}
	if err := unix.PtraceInterrupt(pid); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	return nil
}

func (w *withheld) prove(context.Context) (proof, missing string) {
	process, err := procfs.ReadProcess(w.service.pid)
	if err != nil {
		return "", "the service has ended"
	}
	switch tracer := procfs.ReadTracer(w.service.pid); {
	case tracer != w.tracer:
		return "", fmt.Sprintf("process %d is traced by %d, and not by the agent", w.service.pid, tracer)
	case process.State != stateTraced:
		return "", fmt.Sprintf("process %d is in state %s", w.service.pid, process.State)
	}
	return fmt.Sprintf(record.EndWithheld, w.service.pid, process.State, w.tracer), ""
}

func (w *withheld) revert() {
	close(w.release)
	w.service.close()
}

func (w *withheld) released(context.Context) string {
	if _, err := procfs.ReadProcess(w.service.pid); err != nil {
		return fmt.Sprintf(record.WithheldEnded, w.service.pid)
	}
	if procfs.ReadTracer(w.service.pid) != 0 {
		return ""
	}
	return fmt.Sprintf(record.WithheldFree, w.service.pid)
}
