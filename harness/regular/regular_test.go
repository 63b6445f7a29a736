package regular_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
)

func TestReadRefusesWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	small, large, sparse, pipe, link := in("small"), in("large"), in("sparse"), in("pipe"), in("link")
	if err := errors.Join(
		os.WriteFile(small, []byte("12345678"), 0o600), os.WriteFile(large, []byte("123456789"), 0o600),
		os.WriteFile(sparse, nil, 0o600), os.Truncate(sparse, 1<<40), syscall.Mkfifo(pipe, 0o600), os.Symlink("/dev/zero", link),
	); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		large: "more than 8 bytes", sparse: "more than 8 bytes", pipe: "a pipe", link: "a device", "/dev/zero": "a device",
		folder: "a folder", in("none"): "no such file", "/proc/self/status": "more than 8 bytes",
	} {
		if data, err := regular.Read(path, 8); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || data != nil {
			t.Errorf("%s: %q, %v; want %q", path, data, err, want)
		}
	}
	if data, err := regular.Read(small, 8); err != nil || string(data) != "12345678" {
		t.Errorf("%q, %v", data, err)
	}
	refused := errors.New("refused")
	if _, err := regular.Read(small, 8, func(fs.FileInfo) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("%v, not what the check says", err)
	}
}
