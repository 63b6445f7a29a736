package handle

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
)

// TestSignalsReachTheProcessThatWasMeant follows a process to its end, with a pidfd and without.
func TestSignalsReachTheProcessThatWasMeant(t *testing.T) {
	for name, byPidfd := range map[string]bool{"pidfd": true, "start time": false} {
		t.Run(name, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), "sleep", "60")
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			process, err := procfs.ReadProcess(child.Process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			h, err := open(process.Incarnation, byPidfd)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			if h.IsGuarded() != byPidfd || h.FD() >= 0 != byPidfd {
				t.Errorf("guarded %v, descriptor %d", h.IsGuarded(), h.FD())
			}
			if err := h.Signal(0); err != nil || h.HasEnded() {
				t.Errorf("while it lives: %v, ended %v", err, h.HasEnded())
			}
			if err := h.Signal(unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); !h.HasEnded(); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("it lives after SIGKILL")
				}
			}
			if err := h.Signal(0); err != nil {
				t.Errorf("a zombie: %v", err)
			}
			_ = child.Wait()
			if err := h.Signal(0); !errors.Is(err, unix.ESRCH) {
				t.Errorf("after its parent waited for it: %v", err)
			}
		})
	}
}

// TestAnotherIncarnationIsRefused checks that a pid alone does not make a process the one that was identified.
func TestAnotherIncarnationIsRefused(t *testing.T) {
	process, err := procfs.ReadProcess(unix.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	process.StartTime++
	for _, byPidfd := range []bool{true, false} {
		if _, err := open(process.Incarnation, byPidfd); err == nil || !strings.Contains(err.Error(), "no longer the one") {
			t.Errorf("pidfd %v: %v", byPidfd, err)
		}
	}
}
