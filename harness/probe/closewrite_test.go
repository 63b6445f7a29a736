package probe_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
)

// TestAServiceThatWaitsForTheEndOfTheQuestionIsWell asks a service that reads all of its input before it answers.
func TestAServiceThatWaitsForTheEndOfTheQuestionIsWell(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.ReadAll(conn)
		_, _ = io.WriteString(conn, `{"jsonrpc":"2.0","id":1,"result":{"status":"ok"}}`+"\n")
	}()
	conn, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := (&probe.JSONRPC{}).Ask(ctx, conn); err != nil {
		t.Error(err)
	}
}
