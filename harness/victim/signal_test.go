package victim_test

import (
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// TestItDiesOfTheSignalThatItIsSent as a process does that is not written in Go: by the signal, and silently.
func TestItDiesOfTheSignalThatItIsSent(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGSEGV} {
		t.Run(signal.String(), func(t *testing.T) {
			v := run(t, victim.Options{}).await(t, victim.EventServing)
			v.signal(t, signal)
			NewWithT(t).Expect(v.exit(t)).To(Equal(-int(signal)))
			NewWithT(t).Expect(v.stderr.String()).To(BeEmpty())
		})
	}
}
