package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestAConfigurationIsHandedOver(t *testing.T) {
	t.Setenv(Variable, `{"target":"/t.yaml","image":"i","root":"/r","output":"/o","focus":"hang","profile":"quick","seed":7,"procs":3}`)
	got, err := FromEnvironment()
	want := Config{Target: "/t.yaml", Image: "i", Root: "/r", Output: "/o", Focus: "hang", Profile: "quick", Seed: 7, Procs: 3}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	t.Setenv(Variable, `{"target":`)
	if _, err := FromEnvironment(); err == nil || !strings.HasPrefix(err.Error(), "read $"+Variable+": ") {
		t.Errorf("half a configuration: %v", err)
	}
}

func TestWithoutAConfigurationTheEmbeddedTargetIsRun(t *testing.T) {
	t.Setenv(Variable, "")
	configuration, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	if base := filepath.Base(configuration.Target); base != "embedded.yaml" {
		t.Errorf("the target is %s", base)
	}
	if _, err := os.Stat(filepath.Join(configuration.Root, "go.mod")); err != nil {
		t.Errorf("the root is no module: %v", err)
	}
	if !strings.HasPrefix(configuration.RecordPath(), configuration.Output) || configuration.Procs < 1 {
		t.Errorf("%+v", configuration)
	}
}

func TestTheProgramsOwnRoot(t *testing.T) {
	original := programPath
	t.Cleanup(func() { programPath = original })
	root := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(root, "fixtures", "targets"), 0o750), os.MkdirAll(filepath.Join(root, "other", "bin"), 0o750)); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root) // which says nothing
	for path, want := range map[string]string{"hero_chaos": root, "bin/hero_chaos": root, "other/hero_chaos": "", "other/bin/hero_chaos": "", "bin/bin/hero_chaos": ""} {
		programPath = func() (string, error) { return filepath.Join(root, path), nil }
		if found, err := ProgramRoot(); found != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", path, found, err)
		}
	}
}

// TestAnOutputFolderOfSomebodyElseIsRefused checks that nothing in it is removed.
func TestAnOutputFolderOfSomebodyElseIsRefused(t *testing.T) {
	theirs := t.TempDir()
	kept := filepath.Join(theirs, "record.json")
	if err := os.WriteFile(kept, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := (Config{Output: theirs}).PrepareOutput()
	if _, gone := os.Stat(kept); gone != nil || err == nil || !strings.Contains(err.Error(), "hero_chaos did not make it") {
		t.Errorf("%v, %v", err, gone)
	}
	if err := os.Symlink(kept, filepath.Join(theirs, markerName)); err != nil {
		t.Fatal(err)
	}
	if err := (Config{Output: theirs}).PrepareOutput(); err == nil {
		t.Error("a link is taken for the marker")
	}
	ours := Config{Output: filepath.Join(t.TempDir(), "new")}
	for range 2 {
		if err := ours.PrepareOutput(); err != nil {
			t.Error(err)
		}
	}
	original := programPath
	t.Cleanup(func() { programPath = original })
	root := t.TempDir()
	programPath = func() (string, error) { return filepath.Join(root, "bin", "hero_chaos"), nil }
	output := Config{Output: filepath.Join(root, "reports", "out", "mutants", "x")}
	if err := errors.Join(os.MkdirAll(filepath.Join(root, "fixtures", "targets"), 0o750), os.MkdirAll(filepath.Join(output.Output, "again"), 0o750)); err != nil {
		t.Fatal(err)
	}
	if err := output.PrepareOutput(); err != nil {
		t.Errorf("the checkout's own folder: %v", err)
	}
}

func TestOutsideOfACheckoutTheErrorSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir()) // the test binary is in a temporary folder, too
	if configuration, err := Default(); err == nil || !strings.Contains(err.Error(), "run this inside a checkout or a distribution of hero_chaos") {
		t.Errorf("%+v, %v", configuration, err)
	}
}

// TestPrepareOutputRemovesWhatAnEarlierRunLeft checks that it removes nothing of anybody else's.
func TestPrepareOutputRemovesWhatAnEarlierRunLeft(t *testing.T) {
	c := Config{Output: t.TempDir()}
	if err := c.PrepareOutput(); err != nil {
		t.Fatal(err)
	}
	c.WriteStartError(errors.New("no daemon\nanywhere"))
	if complaint := c.StartError(); complaint != "no daemon; anywhere" {
		t.Errorf("the complaint is %q", complaint)
	}
	stale := []string{"record.json", "record.jsonl", "junit.xml", "progress.jsonl", filepath.Join("evidence", "main", "log.txt")}
	for _, name := range append(stale, "notes.txt") {
		path := filepath.Join(c.Output, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte("old"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.PrepareOutput(); err != nil {
		t.Fatal(err)
	}
	if c.StartError() != "" {
		t.Error("an old error would be this run's")
	}
	left, err := filepath.Glob(filepath.Join(c.Output, "[^.]*"))
	if err != nil || !slices.Equal(left, []string{filepath.Join(c.Output, "notes.txt")}) {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := c.PrepareOutput(); err != nil {
		t.Errorf("with nothing to forget: %v", err)
	}
	for _, name := range []string{ShardsFolder, BaselineFolder} {
		if err := os.Mkdir(filepath.Join(c.Output, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.PrepareOutput(ShardsFolder); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.Output, "[^.]*s*")); len(left) != 2 { // notes.txt, too
		t.Errorf("kept are %v", left)
	}
}

// TestTwoRunsInOneFolderAreRefused checks that the error names the process that writes there, and that the lock ends.
func TestTwoRunsInOneFolderAreRefused(t *testing.T) {
	c := Config{Output: filepath.Join(t.TempDir(), "out")}
	release, err := c.LockOutput()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("write to %s: another run (process %d) writes there: wait for its end, or give another --output", c.Output, os.Getpid())
	if _, err := c.LockOutput(); err == nil || err.Error() != want {
		t.Errorf("the second run: %v, want %s", err, want)
	}
	if err := c.PrepareOutput(); err != nil {
		t.Errorf("the run that has the lock: %v", err)
	}
	release()
	if release, err = c.LockOutput(); err != nil {
		t.Fatalf("after the first run: %v", err)
	}
	release()
}
