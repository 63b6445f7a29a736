package files_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/files"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// TestWhatIsNoFileIsNotRead: a pipe that nobody writes to, a device and a folder hold nothing up.
func TestWhatIsNoFileIsNotRead(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(folder, "zero")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, path := range []string{pipe, filepath.Join(folder, "zero"), folder} {
			if data, err := files.Read(context.Background(), protocol.FileParams{Path: path}); err == nil {
				t.Errorf("%s was read: %d bytes", path, len(data))
			}
			if err := files.Write(context.Background(), protocol.WriteParams{Path: path, Data: []byte("x")}); err == nil {
				t.Errorf("%s was written", path)
			}
		}
		sums, err := files.Hash(context.Background(), protocol.HashParams{Pattern: filepath.Join(folder, "*")})
		if err != nil || len(sums) != 0 {
			t.Errorf("%v, %v", sums, err)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a pipe keeps the agent waiting")
	}
}
