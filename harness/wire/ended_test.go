package wire_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/creachadair/jrpc2/handler"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// TestACallThatHangsKeepsNothingWaiting: it ignores the end of its context, as one does that reads a file system that hangs.
func TestACallThatHangsKeepsNothingWaiting(t *testing.T) {
	client, server := net.Pipe()
	began, forever, undone, ended := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan error, 1)
	defer close(forever)
	methods := handler.Map{"hang": handler.New(func(context.Context) error {
		close(began)
		<-forever
		return nil
	})}
	go func() {
		ended <- wire.Server{Methods: methods, Ended: func() { close(undone) }}.Serve(context.Background(), server)
	}()
	link, err := wire.NewLink(client)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = link.Call(deadline(t), "hang", nil, nil) }()
	<-began
	_ = link.Close()
	select {
	case <-undone:
	case <-time.After(testTimeout):
		t.Fatal("nothing was undone while a call hung")
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(testTimeout):
		t.Fatal("the server waits for a call that hangs")
	}
}
