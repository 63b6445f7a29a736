package session

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/shell"
	"pgregory.net/rapid"
)

func TestAConfigurationIsHandedOver(t *testing.T) {
	t.Setenv(ConfigurationVariable, `{"target":"/t.yaml","image":"i","root":"/r","output":"/o","focus":"hang","profile":"quick","seed":7,"procs":3}`)
	got, err := FromEnvironment()
	want := Configuration{Target: "/t.yaml", Image: "i", Root: "/r", Output: "/o", Focus: "hang", Profile: "quick", Seed: 7, Procs: 3}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	t.Setenv(ConfigurationVariable, `{"target":`)
	if _, err := FromEnvironment(); err == nil || !strings.HasPrefix(err.Error(), "read $"+ConfigurationVariable+": ") {
		t.Errorf("half a configuration: %v", err)
	}
}

func TestWithoutAConfigurationTheEmbeddedTargetIsRun(t *testing.T) {
	t.Setenv(ConfigurationVariable, "")
	configuration, err := FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	chaos, err := New(configuration)
	if err != nil || chaos.Target.Name != "embedded" {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(configuration.Root, "go.mod")); err != nil {
		t.Errorf("the root is no module: %v", err)
	}
	if !strings.HasPrefix(configuration.RecordPath(), configuration.Output) || configuration.Procs < 1 {
		t.Errorf("%+v", configuration)
	}
}

func TestOutsideOfACheckoutTheErrorSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir()) // the test binary is in a temporary folder, too
	if configuration, err := Default(); err == nil || !strings.Contains(err.Error(), "run this inside a checkout or a distribution of hero_chaos") {
		t.Errorf("%+v, %v", configuration, err)
	}
}

// TestForgetRemovesWhatAnEarlierRunHasLeft: and nothing of anybody else's.
func TestForgetRemovesWhatAnEarlierRunHasLeft(t *testing.T) {
	c := Configuration{Output: t.TempDir()}
	c.Complain(errors.New("no daemon\nanywhere"))
	if complaint := c.Complaint(); complaint != "no daemon; anywhere" {
		t.Errorf("the complaint is %q", complaint)
	}
	stale := []string{"record.json", "record.jsonl", "junit.xml", "progress.jsonl", filepath.Join("evidence", "main", "log.txt")}
	for _, name := range append(stale, "notes.txt") {
		path := filepath.Join(c.Output, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte("old"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Forget(); err != nil {
		t.Fatal(err)
	}
	if c.Complaint() != "" {
		t.Error("an old complaint would be this run's")
	}
	left, err := filepath.Glob(filepath.Join(c.Output, "*"))
	if err != nil || !slices.Equal(left, []string{filepath.Join(c.Output, "notes.txt")}) {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := c.Forget(); err != nil {
		t.Errorf("with nothing to forget: %v", err)
	}
	for _, name := range []string{ShardsFolder, BaselineFolder} {
		if err := os.Mkdir(filepath.Join(c.Output, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Forget(ShardsFolder); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(c.Output, "*s*")); len(left) != 2 { // notes.txt, too
		t.Errorf("kept are %v", left)
	}
}

func TestACommandLineIsTheWordsForAShell(t *testing.T) {
	for want, words := range map[string][]string{
		"/hero_chaos/victim victim --socket=/hero_chaos/a.sock": {"/hero_chaos/victim", "victim", "--socket=/hero_chaos/a.sock"},
		"a '' b":           {"a", "", "b"},
		"echo 'two words'": {"echo", "two words"},
		`'it'\''s'`:        {"it's"},
		"'$HOME' '*' '~'":  {"$HOME", "*", "~"},
	} {
		if got := commandLine(words); got != want {
			t.Errorf("%q is %s, not %s", words, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		// Whoever reads the line here takes a carriage return before a line's end away; a shell does not.
		word := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 && r != '\r' }))
		words := rapid.SliceOfN(word, 1, 5).Draw(t, "words")
		read, err := shell.Fields(commandLine(words), func(string) string { return "expanded" })
		if err != nil || !slices.Equal(read, words) {
			t.Fatalf("%q reads as %q, %v", words, read, err)
		}
	})
}
