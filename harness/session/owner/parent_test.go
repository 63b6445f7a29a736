package owner

import (
	"io"
	"syscall"
	"testing"
	"time"
)

// TestTheSuitesEndWithTheirParent checks that nothing happens while the pipe is open, and what follows when it is closed.
func TestTheSuitesEndWithTheirParent(t *testing.T) {
	reader, writer := io.Pipe()
	sent := make(chan syscall.Signal, 2)
	go follow(reader, func(signal syscall.Signal) { sent <- signal }, time.Millisecond)
	if _, err := writer.Write([]byte("alive")); err != nil { // it has been read when this returns
		t.Fatal(err)
	}
	select {
	case signal := <-sent:
		t.Fatalf("%v was sent while the parent lives", signal)
	default:
	}
	_ = writer.Close()
	if first, second := <-sent, <-sent; first != syscall.SIGINT || second != syscall.SIGKILL {
		t.Errorf("%v and %v were sent", first, second)
	}
}
