package owner

import (
	"io"
	"os"
	"syscall"
	"time"
)

// orphanKillDelay bounds how long the suites may take to end once hero_chaos has ended. The reaper removes what is left after it.
const orphanKillDelay = time.Minute

// FollowParent ends the suites soon after hero_chaos, which may have been killed: nobody would read what they find. The descriptor
// is the read end of a pipe whose other end only hero_chaos holds. The suites have a process group of their own.
func FollowParent(descriptor int) {
	syscall.CloseOnExec(descriptor)
	pipe := os.NewFile(uintptr(descriptor), "parent") //nolint:gosec // a small number
	go follow(pipe, func(signal syscall.Signal) { _ = syscall.Kill(0, signal) }, orphanKillDelay)
}

// follow reads until the other end of a pipe is closed. It interrupts then, and kills after a delay.
func follow(pipe io.Reader, send func(syscall.Signal), killDelay time.Duration) {
	_, _ = io.Copy(io.Discard, pipe)
	send(syscall.SIGINT)
	time.Sleep(killDelay)
	send(syscall.SIGKILL)
}
