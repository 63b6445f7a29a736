package session

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// TestAFollowedRunIsAnnounced checks that a process announces what it does until it disconnects, if and only if the run is followed.
func TestAFollowedRunIsAnnounced(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "session.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for _, followed := range []bool{true, false} {
		c := config.Config{Output: t.TempDir()}
		if followed {
			c.Progress = c.ProgressPath()
		}
		chaos := For(c, &target.Target{})
		if err := chaos.Connect(t.Context(), socket, "7"); err != nil {
			t.Fatal(err)
		}
		chaos.Progress().Begin("hang.detected", "x")
		if err := chaos.Disconnect(); err != nil {
			t.Error(err)
		}
		chaos.Progress().End()
		text, _ := os.ReadFile(c.ProgressPath())
		if lines := strings.Count(string(text), "\n"); (lines == 1) != followed || strings.Contains(string(text), `"worker":"7"`) != followed {
			t.Errorf("followed %v: %q", followed, text)
		}
	}
}
