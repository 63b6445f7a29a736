package zinit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// request is a request as the fake supervisors read it.
type request struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// dialTo returns a dialer. serve serves each of its connections, which are closed when it returns.
func dialTo(serve func(conn net.Conn)) zinit.Dialer {
	return func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer func() { _ = there.Close() }()
			serve(there)
		}()
		return here, nil
	}
}

// readLine reads one request, so that the client's write ends.
func readLine(conn net.Conn) (request, error) {
	var asked request
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil {
		return asked, err
	}
	return asked, json.Unmarshal(line, &asked)
}

// answering returns a dialer to a supervisor that answers every request with answer's result or error member.
func answering(t *testing.T, answer func(asked request) string) zinit.Dialer {
	t.Helper()
	return dialTo(func(conn net.Conn) {
		asked, err := readLine(conn)
		if err != nil {
			t.Errorf("read a request: %v", err)
			return
		}
		_, _ = fmt.Fprintf(conn, `{"jsonrpc":"2.0","id":%d,%s}`+"\n", asked.ID, answer(asked))
		_, _ = io.Copy(io.Discard, conn)
	})
}
