package wire_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// TestListenInATemporaryFolderOfAnyLength checks that a socket's path fits whatever TMPDIR is, and that only this user can enter.
func TestListenInATemporaryFolderOfAnyLength(t *testing.T) {
	for _, length := range []int{10, 60, 80, 90, 100, 150} {
		folder := filepath.Join(t.TempDir(), strings.Repeat("x", length))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("TMPDIR", folder)
		listener, err := wire.Listen(t.Context(), "hero_chaos-*/session.sock")
		if err != nil {
			t.Errorf("%d: %v", length, err)
			continue
		}
		made := filepath.Dir(listener.Addr().String())
		if about, err := os.Stat(made); err != nil || about.Mode().Perm() != 0o700 {
			t.Errorf("%d: %s: %v, %v", length, made, about.Mode(), err)
		}
		_ = listener.Close()
		if err := os.RemoveAll(made); err != nil {
			t.Error(err)
		}
	}
}
