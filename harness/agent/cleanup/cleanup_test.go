package cleanup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestACleanupTakesBackWhatWasMade(t *testing.T) {
	for name, there := range map[string]bool{"ours": false, "somebody else's": true} {
		t.Run(name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "home")
			if there {
				write(t, filepath.Join(home, "theirs"))
			}
			var c Cleanup
			params := protocol.CleanupParams{Zinit: "/nowhere/zinit.sock", Prefix: "hero_chaos.", Home: home}
			if _, err := c.Plan(t.Context(), params); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(home, "v.sock"))
			err := c.CarryOut()
			if err == nil || !strings.Contains(err.Error(), "delete our services: ") || !strings.Contains(err.Error(), "no such file") {
				t.Errorf("without a supervisor: %v", err)
			}
			if _, err := os.Stat(home); errors.Is(err, fs.ErrNotExist) == there {
				t.Errorf("the folder was there before: %v; now: %v", there, err)
			}
		})
	}
}

func TestACleanupLeavesAMountEmpty(t *testing.T) {
	home := t.TempDir()
	if err := unix.Mount("none", home, "tmpfs", 0, ""); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	defer func() { _ = unix.Unmount(home, unix.MNT_DETACH) }()
	var c Cleanup
	if _, err := c.Plan(t.Context(), protocol.CleanupParams{Prefix: "hero_chaos.", Home: home}); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, "v.sock"))
	if err := c.CarryOut(); err != nil {
		t.Error(err)
	}
	if held, err := os.ReadDir(home); err != nil || len(held) > 0 {
		t.Errorf("it holds %v, %v", held, err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestACleanupWithoutAPlanDoesNothing(t *testing.T) {
	var c Cleanup
	if err := c.CarryOut(); err != nil {
		t.Error(err)
	}
	whole := protocol.CleanupParams{Zinit: "/z", Prefix: "p.", Home: "/h"}
	for _, spoil := range []func(*protocol.CleanupParams){
		func(p *protocol.CleanupParams) { p.Prefix = "" }, // it would delete every service
		func(p *protocol.CleanupParams) { p.Home = "" },
	} {
		params := whole
		spoil(&params)
		if _, err := c.Plan(t.Context(), params); err == nil || c.params != nil {
			t.Errorf("%+v was taken: %v", params, err)
		}
	}
}
