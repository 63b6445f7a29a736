package claim

import (
	"strings"
	"testing"
	"time"
)

// TestOneRunAtATime checks that a second run is refused while the first is there.
func TestOneRunAtATime(t *testing.T) {
	folder := t.TempDir()
	if err := Take(folder); err != nil {
		t.Fatal(err)
	}
	err := take(folder, 20*time.Millisecond)
	if err == nil || !strings.HasPrefix(err.Error(), "another run is at work in this container") {
		t.Errorf("the second run: %v", err)
	}
	if err := Take(t.TempDir()); err != nil {
		t.Errorf("another container: %v", err)
	}
}
