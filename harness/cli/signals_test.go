package cli

import (
	"os"
	"slices"
	"syscall"
	"testing"
)

// TestARunUnderNohupGoesOn checks that a signal that the program was started to ignore does not end it.
func TestARunUnderNohupGoesOn(t *testing.T) {
	none := func(os.Signal) bool { return false }
	if got := heededSignals(none); !slices.Equal(got, []os.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM}) {
		t.Errorf("%v are heeded, want the three", got)
	}
	hangup := func(s os.Signal) bool { return s == syscall.SIGHUP }
	if got := heededSignals(hangup); slices.Contains(got, os.Signal(syscall.SIGHUP)) {
		t.Errorf("%v are heeded under nohup", got)
	}
}
