package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// TestMain runs the tests in the root of the module, where people call the program.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	programRoot = os.Getwd
	os.Exit(m.Run())
}

// commandLine carries a command line out as the program does.
func commandLine(arguments ...string) (code int, stdout, stderr string) {
	var out, complaint bytes.Buffer
	code = Run(arguments, &out, &complaint)
	return code, out.String(), complaint.String()
}

// write writes a file of a temporary folder.
func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatCannotBeRunIsOneLineAndExit3: nothing of the target was proved, and nothing was started.
func TestWhatCannotBeRunIsOneLineAndExit3(t *testing.T) {
	const described = "name: mine\nimage: {reference: mine:latest}\n"
	for name, c := range map[string]struct {
		arguments []string
		want      []string // in the line
	}{
		"no command":           {nil, []string{"expected one of", "run"}},
		"an unknown command":   {[]string{"rum"}, []string{"unexpected argument rum", `did you mean "run"?`}},
		"an unknown flag":      {[]string{"run", "--targe=x"}, []string{"unknown flag --targe"}},
		"a seed of letters":    {[]string{"run", "--seed=x"}, []string{"--seed", `"x"`}},
		"too many samples":     {[]string{"run", "--samples=1001"}, []string{"give --samples from 1 to 1000"}},
		"an unknown profile":   {[]string{"run", "--profile=slow"}, []string{"--profile", `"slow"`}},
		"an unknown target":    {[]string{"run", "--target=embeddde"}, []string{`there is no target "embeddde"`, `did you mean "embedded"?`}},
		"no target file":       {[]string{"run", "--target=./none.yaml"}, []string{"read the target", "none.yaml"}},
		"a folder":             {[]string{"run", "--target=./harness"}, []string{"harness: not a regular file"}},
		"no YAML":              {[]string{"run", "--target=" + write(t, "a.yaml", "name: mine\nimage: [\n")}, []string{"a.yaml:2:"}},
		"an unknown key":       {[]string{"run", "--target=" + write(t, "b.yaml", described+"  buddgets: {}\n")}, []string{"b.yaml:"}},
		"a misspelled key":     {[]string{"run", "--target=" + write(t, "c.yaml", described+"buddgets: {}\n")}, []string{"c.yaml:3:1: ", `did you mean "budgets"?`}},
		"an unknown promise":   {[]string{"run", "--focus=restart.sigtem"}, []string{`no promise or theme "restart.sigtem"`, `did you mean "restart.sigterm"?`}},
		"an unknown theme":     {[]string{"run", "--focus=boot,hangs"}, []string{`no promise or theme "hangs"`, `did you mean "hang"?`}},
		"an unknown service":   {[]string{"run", "--service=user.hero_osis_serve"}, []string{"target embedded ships none of that name", `did you mean "user.hero_osis_server"?`}},
		"no service":           {[]string{"run", "--focus=restart/"}, []string{"has no service after the slash"}},
		"no programs beside":   {[]string{"run"}, []string{"beside hero_chaos: run `make build`"}},
		"smoke without target": {[]string{"smoke", "--target=her_zero"}, []string{`there is no target "her_zero"`, `did you mean "hero_zero"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := commandLine(c.arguments...)
			if code != exitError || stdout != "" {
				t.Errorf("exit code %d, standard output %q", code, stdout)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "hero_chaos: ") || !strings.HasSuffix(stderr, "\n") {
				t.Errorf("not one line of ours: %q", stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("%q lacks %q", stderr, want)
				}
			}
		})
	}
}

// TestNothingIsNoDefault passes empty arguments, as a script does whose variable is not set.
func TestNothingIsNoDefault(t *testing.T) {
	good := exampleRecord("good")
	for want, arguments := range map[string][]string{
		"--digest is empty":    {"promote", good, "--digest", ""},
		"--digest is empty: ":  {"promote", good, "--digest="},
		"--policy is empty":    {"promote", good, "--policy="},
		"--key is empty":       {"attest", good, "--key", ""},
		"--key is empty: ":     {"verify", good, "--key=", "--digest=x"},
		"--output is empty":    {"run", "--output", ""},
		"--output is empty: ":  {"merge", good, "--output="},
		"an argument is empty": {"promote", ""},
	} {
		code, stdout, stderr := commandLine(arguments...)
		if code != exitError || stdout != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit code %d, %q, %q", arguments, code, stdout, stderr)
		}
	}
}

// TestAFlagIsGivenOnce: the later of two digests would promote the image that the earlier one names.
func TestAFlagIsGivenOnce(t *testing.T) {
	good := exampleRecord("good")
	for _, arguments := range [][]string{
		{"promote", good, "--digest", "sha256:" + strings.Repeat("a", 64), "--digest=sha256:" + strings.Repeat("b", 64)},
		{"promote", good, "--policy", "nowhere", "--policy", "ci/policy.yaml"},
		{"verify", "nowhere", "--key", "x", "--key", "y", "--digest", "z"},
	} {
		stdout, stderr := new(strings.Builder), new(strings.Builder)
		if code := Run(arguments, stdout, stderr); code != exitError || stdout.Len() > 0 || !strings.Contains(stderr.String(), "is given twice: leave one out") {
			t.Errorf("%q: %d, %q, %q", arguments, code, stdout, stderr)
		}
	}
}

// TestWhatIsReadIsNotOverwritten: an attestation or a page in place of a record would destroy the evidence.
func TestWhatIsReadIsNotOverwritten(t *testing.T) {
	text, err := os.ReadFile(exampleRecord("good"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "other.json")
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"attest", path, "--without-key", "--output", path}, {"attest", path, "--without-key", "--output", link}, {"history", path, "--output", link},
	} {
		stderr := new(strings.Builder)
		code := Run(arguments, new(strings.Builder), stderr)
		kept, err := os.ReadFile(path) //nolint:gosec // into a folder of this test
		if code != exitError || err != nil || string(kept) != string(text) || !strings.Contains(stderr.String(), "is a file that is read") {
			t.Errorf("%q: %d, %v, %q", arguments, code, err, stderr)
		}
	}
}

// TestThePolicyOfTheWorkingDirectoryIsNotTaken prepares one that waives everything.
func TestThePolicyOfTheWorkingDirectoryIsNotTaken(t *testing.T) {
	good, err := filepath.Abs(exampleRecord("good"))
	if err != nil {
		t.Fatal(err)
	}
	prepared := t.TempDir()
	if err := errors.Join(
		os.MkdirAll(filepath.Join(prepared, "ci"), 0o750), os.MkdirAll(filepath.Join(prepared, "fixtures", "targets"), 0o750),
		os.WriteFile(filepath.Join(prepared, "ci", "policy.yaml"), []byte("max_age: 90000h\nallowed_slowdown: 100%\nlimits: {tolerance: 1h, restart: 1h, serving: 1h, stop_timeout: 1h, health: 1h}\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	t.Chdir(prepared)
	t.Cleanup(func() { programRoot = os.Getwd })
	programRoot = config.ProgramRoot
	code, stdout, stderr := commandLine("promote", good)
	if code != exitError || stdout != "" || !strings.Contains(stderr, "name one by --policy") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// TestFilesThatAreNoFiles passes a pipe that nobody writes to, and a device without an end, in every place for a file.
func TestFilesThatAreNoFiles(t *testing.T) {
	private, public := keyFiles(t)
	good, pipe := exampleRecord("good"), filepath.Join(t.TempDir(), "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, odd := range []string{pipe, "/dev/zero"} {
		for _, arguments := range [][]string{
			{"promote", odd},
			{"promote", good, "--policy", odd},
			{"promote", good, "--baseline", odd},
			{"merge", odd, "--output", t.TempDir()},
			{"attest", odd, "--key", private},
			{"attest", good, "--key", odd},
			{"verify", odd, "--key", public, "--digest", attestedDigest},
			{"verify", good, "--key", odd, "--digest", attestedDigest},
			{"run", "--target", pipe},
			{"shard", "2", "--target", pipe},
		} {
			began := time.Now()
			code, stdout, stderr := commandLine(arguments...)
			if took := time.Since(began); code != exitError || stdout != "" || !strings.Contains(stderr, "not a regular file") || took > time.Second {
				t.Errorf("%q: exit code %d, %q, %q, %v", arguments, code, stdout, stderr, took)
			}
		}
	}
}

// TestAnInterruptEndsACommand that does not listen.
func TestAnInterruptEndsACommand(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	began := time.Now()
	if err := waitFor(ctx, interruptDelay, func() error { select {} }); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	want := errors.New("its own")
	if err := waitFor(ctx, interruptDelay, func() error { return want }); !errors.Is(err, want) {
		t.Errorf("%v, not the error of the command", err)
	}
}

func TestListNamesEveryPromise(t *testing.T) {
	code, stdout, stderr := commandLine("list")
	if code != exitHeld || !strings.Contains(stdout, "restart.sigterm ") || !strings.Contains(stdout, "blocking") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// TestEveryMutantClaimsAPromise that there is: a mutant that nobody can catch proves nothing of the harness.
func TestEveryMutantClaimsAPromise(t *testing.T) {
	for _, m := range mutant.All() {
		for _, id := range m.Promises {
			if _, ok := promise.Find(id); !ok {
				t.Errorf("mutant %s is to be caught by %s, and there is no such promise", m.ID, id)
			}
		}
	}
}

// TestTheVersionNamesItself: of a test binary nobody knows the commit.
func TestTheVersionNamesItself(t *testing.T) {
	if line := versionLine(); !strings.HasPrefix(line, "hero_chaos ") || !strings.HasSuffix(line, "(commit unknown)") {
		t.Errorf("%q", line)
	}
}

func TestAnErrorMovesNoCursor(t *testing.T) {
	folder := t.TempDir()
	for _, command := range []string{"merge", "verify", "promote"} {
		code, _, stderr := commandLine(command, folder+"/\x1b[2J\r\u202e.json")
		if code != exitError || strings.ContainsAny(stderr, "\x1b\r\u202e") {
			t.Errorf("%s: %d, %q", command, code, stderr)
		}
	}
}
