package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
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
		"a folder":             {[]string{"run", "--target=./harness"}, []string{"harness is no file"}},
		"no YAML":              {[]string{"run", "--target=" + write(t, "a.yaml", "name: mine\nimage: [\n")}, []string{"a.yaml:2:"}},
		"an unknown key":       {[]string{"run", "--target=" + write(t, "b.yaml", described+"  buddgets: {}\n")}, []string{"b.yaml:"}},
		"a misspelled key":     {[]string{"run", "--target=" + write(t, "c.yaml", described+"buddgets: {}\n")}, []string{"c.yaml:3:1: ", `did you mean "budgets"?`}},
		"an unknown promise":   {[]string{"run", "--focus=restart.sigtem"}, []string{`no promise or theme "restart.sigtem"`, `did you mean "restart.sigterm"?`}},
		"an unknown theme":     {[]string{"run", "--focus=boot,hangs"}, []string{`no promise or theme "hangs"`, `did you mean "hang"?`}},
		"an unknown service":   {[]string{"run", "--service=user.hero_osis_serve"}, []string{"target embedded ships none of that name", `did you mean "user.hero_osis_server"?`}},
		"no service":           {[]string{"run", "--focus=restart/"}, []string{"no service follows the slash"}},
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

func TestTheExitCodeIsTheVerdict(t *testing.T) {
	const held, failed, inconclusive, notRun = record.Held, record.Failed, record.Inconclusive, record.NotRun
	for name, c := range map[string]struct {
		outcomes []record.Outcome
		broken   bool // Ginkgo itself failed
		spoil    func(*record.Record)
		code     outcome
		want     string // in the error
	}{
		"all held":                    {outcomes: []record.Outcome{held, held}, code: exitHeld},
		"one failed":                  {outcomes: []record.Outcome{held, inconclusive, failed, held}, broken: true, code: exitFailed},
		"one inconclusive":            {outcomes: []record.Outcome{held, inconclusive, held}, code: exitInconclusive},
		"one did not run":             {outcomes: []record.Outcome{held, notRun}, code: exitInconclusive},
		"one timed out":               {outcomes: []record.Outcome{held, inconclusive}, broken: true, code: exitInconclusive},
		"all held, but Ginkgo failed": {outcomes: []record.Outcome{held}, broken: true, code: exitError, want: "results are missing"},
		"nothing selected":            {code: exitError, want: "no spec of this target and profile was selected"},
		"killed": {
			outcomes: []record.Outcome{held}, spoil: func(r *record.Record) { r.End = nil },
			code: exitError, want: "its record is not complete",
		},
		"killed after a failure": {
			outcomes: []record.Outcome{failed}, spoil: func(r *record.Record) { r.End = nil },
			code: exitError, want: "its record is not complete",
		},
		"trouble": {
			outcomes: []record.Outcome{held}, spoil: func(r *record.Record) { r.End.Trouble = "the reaper is gone" },
			code: exitError, want: "the reaper is gone",
		},
		"an outcome that nobody knows": {outcomes: []record.Outcome{held, "promoted"}, code: exitInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			found := &record.Record{Schema: record.Schema, End: &record.End{Finished: time.Now()}}
			for _, one := range c.outcomes {
				found.Results = append(found.Results, record.Result{Promise: "restart.sigterm", Outcome: one})
			}
			if c.spoil != nil {
				c.spoil(found)
			}
			code, err := judge(found, !c.broken)
			if code != c.code {
				t.Errorf("exit code %d, not %d", code, c.code)
			}
			if (err != nil) != (c.code == exitError) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, not %q", err, c.want)
			}
		})
	}
}

func TestTheClosingLineCountsEveryResult(t *testing.T) {
	found := &record.Record{Results: []record.Result{
		{Outcome: record.Held}, {Outcome: record.Failed}, {Outcome: record.Inconclusive}, {Outcome: record.NotRun}, {Outcome: record.Held},
	}}
	if line := closingLine(found); line != "2 passed, 1 failed, 2 skipped" {
		t.Error(line)
	}
}

func TestSmokeAsksEveryPath(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hero_os/" {
			status = http.StatusTeapot
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	code, stdout, stderr := commandLine("smoke", "--base-url="+server.URL+"/")
	if code != exitHeld || stdout != "ok      "+server.URL+"/hero_os/ answers 200\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	status = http.StatusBadGateway
	code, stdout, _ = commandLine("smoke", "--base-url="+server.URL)
	if code != exitFailed || stdout != "failed  "+server.URL+"/hero_os/ answers 502, not 200\n" {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	server.Close()
	code, stdout, _ = commandLine("smoke", "--base-url="+server.URL)
	if code != exitFailed || !strings.HasPrefix(stdout, "failed  ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, stdout)
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
