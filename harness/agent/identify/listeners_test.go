package identify

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// TestListenersAreFound opens a socket and a port in this process, and looks for both.
func TestListenersAreFound(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "a.sock")
	atSocket, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = atSocket.Close() }()
	atPort, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = atPort.Close() }()
	found, err := ListListeners(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []protocol.Listener{
		{PID: os.Getpid(), Socket: socket}, {PID: os.Getpid(), Port: atPort.Addr().(*net.TCPAddr).Port},
	} {
		if !slices.Contains(found, want) {
			t.Errorf("%+v is not among %+v", want, found)
		}
	}
}
