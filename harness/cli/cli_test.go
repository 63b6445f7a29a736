package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// TestMain runs the tests in the root of the module, where people call the program.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
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
		"a folder":             {[]string{"run", "--target=./harness"}, []string{"harness is not a file"}},
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
