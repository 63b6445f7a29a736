package victim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// TestRunsEndInTurn: the journal counts them, and after the last ending comes the first.
func TestRunsEndInTurn(t *testing.T) {
	options := victim.Options{Journal: filepath.Join(t.TempDir(), "journal"), ExitDelay: time.Millisecond, Endings: "3,SIGPIPE,0,SIGQUIT"}
	var ends []int
	for range 5 {
		command := exec.Command(os.Args[0], options.Args()...) //nolint:gosec // the test's own program
		command.Env = append(os.Environ(), asVictim+"=1")
		_ = command.Run() // how it ended is compared
		status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
		if !ok {
			t.Fatal("the process has no status")
		}
		if status.Signaled() {
			ends = append(ends, -int(status.Signal()))
			continue
		}
		ends = append(ends, status.ExitStatus())
	}
	NewWithT(t).Expect(ends).To(Equal([]int{3, -int(syscall.SIGPIPE), 0, -int(syscall.SIGQUIT), 3}))
}
