package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// folder makes a distribution to be completed, its files written in the order of their names or the other way round.
func folder(t *testing.T, backwards bool) string {
	t.Helper()
	root, names := t.TempDir(), []string{"ci/policy.yaml", "fixtures/targets/a.yaml", "hero_chaos"}
	if backwards {
		slices.Reverse(names)
	}
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		mode := map[bool]os.FileMode{true: 0o711, false: 0o600}[name == "hero_chaos"]
		if err := os.WriteFile(path, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now(), time.Unix(int64(len(root)), 0)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func sums(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, sumsName)) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	one, other := folder(t, false), folder(t, true)
	for _, root := range []string{one, other, one} { // the last one again: what it has made itself is not distributed
		if err := complete(root); err != nil {
			t.Fatal(err)
		}
	}
	if sums(t, one) != sums(t, other) {
		t.Errorf("%s\n%s", sums(t, one), sums(t, other))
	}
	var listed []string
	for line := range strings.Lines(sums(t, one)) {
		listed = append(listed, strings.Fields(line)[1])
	}
	if want := []string{"ci/policy.yaml", "fixtures/targets/a.yaml", "hero_chaos", imageName}; !slices.Equal(listed, want) {
		t.Errorf("%q, not %q", listed, want)
	}
	if want := "382bce6c99d0146751ee3a7bfdb050039d1034bcde8d546d356189abbb808f97  ci/policy.yaml\n"; !strings.HasPrefix(sums(t, one), want) { // printf ci/policy.yaml | sha256sum
		t.Errorf("%s lacks %s", sums(t, one), want)
	}
	if err := os.WriteFile(filepath.Join(other, "hero_chaos"), []byte("changed"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := complete(other); err != nil || sums(t, one) == sums(t, other) {
		t.Errorf("a change is not seen: %v", err)
	}
}

func TestTheImageHoldsTheFolder(t *testing.T) {
	root := folder(t, false)
	if err := complete(root); err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(filepath.Join(root, imageName), nil)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			t.Errorf("%s belongs to %d:%d %s", header.Name, header.Uid, header.Gid, header.Uname)
		}
		modes[header.Name] = header.Mode
	}
	for name, mode := range map[string]int64{"hero_chaos": 0o755, "ci/policy.yaml": 0o644, "fixtures/targets/": 0o755, "tmp/": 0o1777, "reports/": 0o755} {
		if modes[name] != mode {
			t.Errorf("%s has mode %o, not %o", name, modes[name], mode)
		}
	}
	config, err := image.ConfigFile()
	if err != nil || !slices.Equal(config.Config.Entrypoint, []string{"/hero_chaos"}) {
		t.Errorf("%+v, %v", config.Config, err)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	root := folder(t, false)
	if err := os.Symlink("hero_chaos", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := complete(root); err == nil || err.Error() != "link is not a regular file" {
		t.Errorf("%v", err)
	}
	if err := complete(filepath.Join(root, "none")); err == nil {
		t.Error("a folder that is not there was completed")
	}
}
