package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
)

// outer bounds a test that has gone wrong; nothing is judged by it.
const outer = 30 * time.Second

func TestArguments(t *testing.T) {
	got := arguments(config.Config{Procs: 72, Seed: -7, Focus: "hang", RunLimit: 30 * time.Minute}, "/bin/suites.test")
	for _, want := range []string{"run", "--no-color", "--procs=72", "--seed=-7", "--timeout=30m0s"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %s", got, want)
		}
	}
	if got[0] != "run" || got[len(got)-1] != "/bin/suites.test" {
		t.Errorf("%q: the command comes first and the suites last", got)
	}
	if strings.Contains(strings.Join(got, " "), "focus") {
		t.Errorf("%q: what Ginkgo filters out would leave no trace in the record", got)
	}
}

// play returns tools whose Ginkgo is a script, and a configuration for them.
func play(t *testing.T, script string) (Tools, config.Config) {
	t.Helper()
	ginkgo := filepath.Join(t.TempDir(), "ginkgo")
	if err := os.WriteFile(ginkgo, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return Tools{Ginkgo: ginkgo, Suites: "/suites.test", Agent: "/agent"},
		config.Config{Output: filepath.Join(t.TempDir(), "out"), Procs: 2, Seed: 1}
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), outer)
	t.Cleanup(cancel)
	return ctx
}

// TestTheSuitesCanFollowTheirParent checks that Ginkgo inherits the pipe that the configuration names.
func TestTheSuitesCanFollowTheirParent(t *testing.T) {
	tools, configuration := play(t, `case $HERO_CHAOS_RUN in *'"parent_pipe":3'*) ;; *) exit 1 ;; esac; [ -p /dev/fd/3 ]`)
	if passed, err := tools.Run(deadline(t), configuration); err != nil || !passed {
		t.Errorf("passed %v, %v", passed, err)
	}
}

// TestARunOfNothingIsRefusedBeforeItStarts checks that Ginkgo is not started, except for a part of a run that may be empty.
func TestARunOfNothingIsRefusedBeforeItStarts(t *testing.T) {
	tools, configuration := play(t, "")
	tools.Suites = filepath.Join(filepath.Dir(tools.Ginkgo), "suites.test")
	if err := os.WriteFile(tools.Suites, []byte("#!/bin/sh\necho '[]' >&3"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	if passed, err := tools.Run(deadline(t), configuration); err == nil || passed || !strings.HasPrefix(err.Error(), "nothing was checked") {
		t.Errorf("passed %v, %v", passed, err)
	}
	configuration.Part = &config.Part{}
	if passed, err := tools.Run(deadline(t), configuration); err != nil || !passed {
		t.Errorf("an empty part: passed %v, %v", passed, err)
	}
}

func TestARunIsToldItsConfigurationAndLeavesALog(t *testing.T) {
	tools, configuration := play(t, `echo "$*"; echo "$HERO_CHAOS_RUN" >&2`)
	passed, err := tools.Run(deadline(t), configuration)
	if err != nil || !passed {
		t.Fatalf("passed %v, %v", passed, err)
	}
	log, err := os.ReadFile(filepath.Join(configuration.Output, "ginkgo.log"))
	if err != nil || !strings.Contains(string(log), "--procs=2") || !strings.Contains(string(log), `"agent":"/agent"`) {
		t.Errorf("the log is %q, %v", log, err)
	}
}

// TestARunBeginsBesideTheSuites checks that no path from a folder that is reached through a link has to lead to them.
func TestARunBeginsBesideTheSuites(t *testing.T) {
	tools, configuration := play(t, `echo "$PWD"; /bin/pwd -P`)
	tools.Suites = filepath.Join(filepath.Dir(tools.Ginkgo), "suites.test")
	if _, err := tools.Run(deadline(t), configuration); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(configuration.Output, "ginkgo.log"))
	if want := strings.Repeat(filepath.Dir(tools.Suites)+"\n", 2); err != nil || string(log) != want {
		t.Errorf("the suites ran in %q, not in %q, %v", log, want, err)
	}
}

func TestTheExitCodeIsNoErrorButKnown(t *testing.T) {
	tools, configuration := play(t, "exit 1")
	if passed, err := tools.Run(deadline(t), configuration); err != nil || passed {
		t.Errorf("passed %v, %v", passed, err)
	}
}

func TestTheSuitesListTheirSpecs(t *testing.T) {
	for text, want := range map[string]string{
		`survey=$(echo "$HERO_CHAOS_RUN" | sed 's/.*"survey":"\([^"]*\)".*/\1/'); echo '[{"key":{"promise":"a.b","name":"n"},"group":"g"}]' > "$survey"`: "",
		"echo no such target; exit 1": "list the specs: exit status 1: no such target",
		"true":                        "list the specs: unexpected end",
	} {
		tools, configuration := play(t, text)
		tools.Suites = tools.Ginkgo
		t.Setenv("TMPDIR", t.TempDir())
		specs, err := tools.Specs(deadline(t), configuration)
		if written, readErr := os.ReadDir(os.TempDir()); readErr != nil || len(written) > 0 {
			t.Errorf("a list of specs wrote %v, %v", written, readErr)
		}
		if want == "" && (err != nil || len(specs) != 1 || specs[0].Key.Promise != "a.b" || specs[0].Group != "g") {
			t.Errorf("%+v, %v", specs, err)
		}
		if want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestAComplaintIsTheError(t *testing.T) {
	tools, configuration := play(t, "")
	script := fmt.Sprintf("#!/bin/sh\nprintf 'no daemon' > %s; exit 1", filepath.Join(configuration.Output, "complaint.txt"))
	if err := os.WriteFile(tools.Ginkgo, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	if _, err := tools.Run(deadline(t), configuration); err == nil || err.Error() != "no daemon" {
		t.Errorf("%v", err)
	}
	tools, again := play(t, "")
	again.Output = configuration.Output
	if _, err := tools.Run(deadline(t), again); err != nil {
		t.Errorf("the complaint of the run before: %v", err)
	}
}

func TestWhatCannotBeRunIsAnError(t *testing.T) {
	tools, configuration := play(t, "")
	tools.Ginkgo += ".not"
	if _, err := tools.Run(deadline(t), configuration); err == nil || !strings.HasPrefix(err.Error(), "run the suites: ") {
		t.Errorf("%v", err)
	}
	tools, configuration = play(t, "")
	configuration.Output = filepath.Join(tools.Ginkgo, "out") // below what is no folder
	if _, err := tools.Run(deadline(t), configuration); err == nil || !strings.HasPrefix(err.Error(), "make the folder for the reports: ") {
		t.Errorf("%v", err)
	}
}

// TestAnInterruptIsPassedOn: Ginkgo and its workers are asked to end, and what they then leave behind is waited for.
func TestAnInterruptIsPassedOn(t *testing.T) {
	tools, configuration := play(t, `trap 'echo cleaned up; exit 1' INT
sh -c 'trap "exit 1" INT; echo ready; while :; do sleep 0.01; done' # a worker: the shell above waits for its end`)
	log := filepath.Join(configuration.Output, "ginkgo.log")
	ctx, interrupt := context.WithCancel(deadline(t))
	go func() {
		for ctx.Err() == nil {
			if text, _ := os.ReadFile(log); strings.Contains(string(text), "ready") { //nolint:gosec // the test's own
				interrupt()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	passed, err := tools.Run(ctx, configuration)
	text, _ := os.ReadFile(log) //nolint:gosec // the test's own
	if passed || !strings.Contains(string(text), "cleaned up") {
		t.Errorf("passed %v, %v; the log is %q", passed, err, text)
	}
}

// TestARunIsWatched: what the suites announce is followed until they have ended, and is not kept.
func TestARunIsWatched(t *testing.T) {
	tools, configuration := play(t, `path=$(echo "$HERO_CHAOS_RUN" | sed 's/.*"progress":"\([^"]*\)".*/\1/')
echo announced > "$path"; while [ ! -e "$path.seen" ]; do sleep 0.01; done`)
	announced := ""
	tools.Watch = func(ctx context.Context, path string) {
		for !strings.HasSuffix(announced, "\n") && ctx.Err() == nil {
			text, _ := os.ReadFile(path) //nolint:gosec // the test's own
			announced = string(text)
			time.Sleep(time.Millisecond)
		}
		if err := os.WriteFile(path+".seen", nil, 0o600); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		announced += "ended"
	}
	if passed, err := tools.Run(deadline(t), configuration); err != nil || !passed {
		t.Fatalf("passed %v, %v", passed, err)
	}
	if announced != "announced\nended" {
		t.Errorf("seen was %q", announced)
	}
	if _, err := os.Stat(configuration.ProgressPath()); !os.IsNotExist(err) {
		t.Errorf("the announcements are left behind: %v", err)
	}
}

// TestHowManyResultsAreDueIsAnnounced: by a process that only lists the specs.
func TestHowManyResultsAreDueIsAnnounced(t *testing.T) {
	tools, configuration := play(t, `path=$(echo "$HERO_CHAOS_RUN" | sed 's/.*"progress":"\([^"]*\)".*/\1/')
while ! grep -q planned "$path" 2>/dev/null; do sleep 0.01; done; cp "$path" "$path.kept"`)
	tools.Suites = filepath.Join(t.TempDir(), "suites.test")
	list := `#!/bin/sh
echo '[{"key":{"promise":"hang.group"}},{"key":{"promise":"hang.wrapped"}},{"key":{"promise":"boot.running"}}]' > "$(echo "$HERO_CHAOS_RUN" | sed 's/.*"survey":"\([^"]*\)".*/\1/')"`
	if err := os.WriteFile(tools.Suites, []byte(list), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	tools.Watch = func(context.Context, string) {}
	if passed, err := tools.Run(deadline(t), configuration); err != nil || !passed {
		t.Fatalf("passed %v, %v", passed, err)
	}
	if text, err := os.ReadFile(configuration.ProgressPath() + ".kept"); err != nil || !strings.Contains(string(text), `"planned":{"boot":1,"hang":2}`) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestAStoppedTerminalHoldsNothingUp: what shows the run does not come back, and the run ends all the same.
func TestAStoppedTerminalHoldsNothingUp(t *testing.T) {
	tools, configuration := play(t, "")
	release := make(chan struct{})
	defer close(release)
	tools.Watch = func(context.Context, string) { <-release }
	if passed, err := tools.Run(deadline(t), configuration); err != nil || !passed {
		t.Errorf("passed %v, %v", passed, err)
	}
}

func TestFindToolsSaysHowToMakeThem(t *testing.T) {
	// Beside the test binary is nothing of the kind.
	if _, err := FindTools(); err == nil || err.Error() != "find ginkgo beside hero_chaos: run `make build`" {
		t.Errorf("%v", err)
	}
}

// TestTooFewDescriptorsAreSaid checks the limit at its edge.
func TestTooFewDescriptorsAreSaid(t *testing.T) {
	of := func(n uint64) func(int, *unix.Rlimit) error {
		return func(_ int, limit *unix.Rlimit) error {
			*limit = unix.Rlimit{Cur: n, Max: n}
			return nil
		}
	}
	if err := checkDescriptors(of(255)); err == nil || !strings.Contains(err.Error(), "255 files may be open, and they need 256: raise the limit (ulimit -n 1024)") {
		t.Errorf("255: %v", err)
	}
	if err := checkDescriptors(of(256)); err != nil {
		t.Errorf("256: %v", err)
	}
}
