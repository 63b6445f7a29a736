// Package ci_test tests the scripts that the workflows run, with stand-ins for the programs that they call.
package ci_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bench is a checkout in which the scripts are run: hero_chaos and go are stand-ins that write their arguments to files.
type bench struct {
	t      *testing.T
	folder string
}

const token = "not-for-logs"

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, folder: t.TempDir()}
	for _, script := range []string{"shard.sh", "gate.sh", "nightly.sh"} {
		text, err := os.ReadFile(script) //nolint:gosec // our own
		if err != nil {
			t.Fatal(err)
		}
		b.program("ci/"+script, strings.TrimPrefix(string(text), "#!/usr/bin/env bash\n"))
	}
	// Artifacts are folders of the folder kept.
	b.program("path/go", `echo "go $*" >>calls
[[ $3 == unpack ]] && { mkdir -p "$5"; exec tar -C "$5" -xzf "$4"; }
[[ $3 == put ]] && { mkdir -p "kept/$4"; exec cp -r "$5/." "kept/$4"; }
[[ -e kept/$4 ]] || { echo "get $4: this run has kept none of that name" >&2; exit 3; }
mkdir -p "$5"; cp -r "kept/$4/." "$5"`)
	b.program("path/make", `echo "make $*" >>calls; exit 1`)
	return b
}

// program writes a script, which is started in the bench's folder.
func (b *bench) program(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/usr/bin/env bash\n"+text+"\n"), 0o700); err != nil { //nolint:gosec // it is run
		b.t.Fatal(err)
	}
}

// run runs a script and returns its exit code and all that it has printed.
func (b *bench) run(environment []string, script string, arguments ...string) (code int, output string) {
	b.t.Helper()
	command := exec.CommandContext(b.t.Context(), "./ci/"+script, arguments...) //nolint:gosec // our own
	command.Dir = b.folder
	command.Env = append([]string{
		"PATH=" + filepath.Join(b.folder, "path") + ":" + os.Getenv("PATH"), "STATUS_TOKEN=" + token,
	}, environment...)
	text, _ := command.CombinedOutput()
	if strings.Contains(string(text), token) {
		b.t.Errorf("the token was printed:\n%s", text)
	}
	return command.ProcessState.ExitCode(), string(text)
}

func (b *bench) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(b.folder, name)) //nolint:gosec // the test's own
	return string(text)
}

// hero writes the stand-in of hero_chaos. It publishes to the file published, if it has the token, and does otherwise what text says.
func (b *bench) hero(text string) {
	b.t.Helper()
	b.program("bin/hero_chaos", `if [[ $1 == publish ]]; then shift; [[ ${STATUS_TOKEN-} == `+token+` && -z ${SIGNING_KEY-} ]] || exit 4; echo "$*" >>published; exit "$(cat refuses 2>/dev/null || echo 0)"; fi
`+text)
}

// published returns the arguments of all publications.
func (b *bench) published() string { return strings.TrimSpace(b.read("published")) }

func TestAShardKeepsWhatItFound(t *testing.T) {
	for name, c := range map[string]struct {
		environment []string
		program     string
		code        int
		call        string
	}{
		"held":         {[]string{"SHARD=1", "SHARDS=2", "PROFILE=faithful"}, "exit 0", 0, "run --shard 1/2 --output reports/shard --profile=faithful"},
		"failed":       {[]string{"SHARD=2", "SHARDS=2", "HERO_IMAGE=a b"}, "exit 1", 0, "run --shard 2/2 --output reports/shard --image=a b"},
		"inconclusive": {[]string{"SHARD=2", "SHARDS=2", "TARGET=embedded", "FOCUS=boot"}, "exit 2", 0, "run --shard 2/2 --output reports/shard --target=embedded --focus=boot"},
		"an error":     {[]string{"SHARD=1", "SHARDS=1"}, "echo 'no daemon' >&2; exit 3", 3, "run --shard 1/1 --output reports/shard"},
		"killed":       {[]string{"SHARD=1", "SHARDS=1"}, "kill -9 $$", 3, "run --shard 1/1 --output reports/shard"},
		"not asked":    {[]string{"SHARD=3", "SHARDS=2"}, "exit 9", 0, ""},
		"too many":     {[]string{"SHARD=1", "SHARDS=5"}, "exit 9", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.program("bin/hero_chaos", `echo "$*" >>called; touch reports/shard/record.json; `+c.program)
			code, output := b.run(c.environment, "shard.sh")
			if code != c.code || strings.TrimSpace(b.read("called")) != c.call {
				t.Errorf("%d, %q\n%s", code, b.read("called"), output)
			}
			if kept := strings.Contains(b.read("calls"), "artifact put shard-"); kept != (c.call != "") {
				t.Errorf("kept: %v\n%s", kept, output)
			}
		})
	}
}

// shards leaves what shards have found: an exit code each, none for one that left nothing.
func (b *bench) shards(codes ...string) {
	b.t.Helper()
	for i, code := range codes {
		if code == "" {
			continue
		}
		b.hero(`echo '{}' >reports/shard/record.json; [[ ` + code + ` == 137 ]] && kill -9 $$; echo 'reach Docker: no' >&2; exit ` + code)
		b.run([]string{"SHARD=" + string(rune('1'+i)), "SHARDS=4"}, "shard.sh")
	}
}

// judge is a hero_chaos that merges and promotes with those exit codes.
func judge(merge, promote, words string) string {
	return `echo "$*" >>called; [[ -z ${HERO_CHAOS_KEY-} ]] || cat "$HERO_CHAOS_KEY" >key; [[ -z ${STATUS_TOKEN-}${SIGNING_KEY-} ]] || exit 4
case $1 in merge) touch reports/out/record.json; echo 'merge: shards of two images' >&2; exit ` + merge + `;; *) printf '` + words + `'; exit ` + promote + `;; esac`
}

func TestTheGateEndsByTheVerdict(t *testing.T) {
	hold := `BASELINE  slower\n\n  by 3 s\n\nVERDICT  HOLD: the image must not be promoted\n         hero:x\n\nHOLD\n  restart.sigterm: failed [failed]\n      on user.a\nINCONCLUSIVE\n  x\n`
	for name, c := range map[string]struct {
		shards  []string
		result  string
		program string
		code    int
		status  string // what was published
	}{
		"promoted":     {[]string{"0", "2"}, "success", judge("0", "0", `VERDICT  PROMOTE: it may be promoted\n         hero:x\n\nNOTED\n  old\n`), 0, "--if-token reports/out"},
		"held back":    {[]string{"0", "1"}, "success", judge("1", "1", hold), 1, "--if-token reports/out"},
		"inconclusive": {[]string{"0", "0"}, "success", judge("0", "2", `VERDICT  INCONCLUSIVE: nobody knows\n\nINCONCLUSIVE\n  only quick [profile]\n`), 2, "--if-token reports/out"},
		"no verdict":   {[]string{"0", "0"}, "success", judge("0", "3", `hero_chaos: no policy\n`), 3, "--if-token --trouble INCONCLUSIVE: hero_chaos: no policy"},
		"no merge":     {[]string{"0", "0"}, "success", judge("3", "0", "x"), 3, "--if-token --trouble INCONCLUSIVE: merge: shards of two images"},
		"missing":      {[]string{"0", ""}, "success", "exit 9", 3, "--if-token --trouble INCONCLUSIVE: shard 2 left nothing (the jobs of the shards: success)"},
		"cancelled":    {[]string{"", "0"}, "cancelled", "exit 9", 3, "--if-token --trouble INCONCLUSIVE: shard 1 left nothing (the jobs of the shards: cancelled)"},
		"failing":      {[]string{"0", "3"}, "failure", "exit 9", 3, "--if-token --trouble INCONCLUSIVE: shard 2 proved nothing: reach Docker: no"},
		"killed":       {[]string{"0", "137"}, "failure", "exit 9", 3, "--if-token --trouble INCONCLUSIVE: shard 2 proved nothing: exit code 137"},
		"ended badly":  {[]string{"0", "0"}, "failure", "exit 9", 3, "--if-token --trouble INCONCLUSIVE: a shard's job ended as failure"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.shards(c.shards...)
			b.hero(c.program)
			code, output := b.run([]string{"SHARDS=2", "SHARDS_RESULT=" + c.result}, "gate.sh")
			if code != c.code || b.published() != c.status {
				t.Errorf("%d, %q, not %d, %q\n%s", code, b.published(), c.code, c.status, output)
			}
			if !strings.Contains(b.read("calls"), "artifact put gate reports/out") {
				t.Errorf("the reports were not kept:\n%s", b.read("calls"))
			}
		})
	}
}

// TestAVerdictThatCannotBePublishedIsAnError: who waits for the status would wait for ever.
func TestAVerdictThatCannotBePublishedIsAnError(t *testing.T) {
	b := newBench(t)
	b.shards("0")
	b.hero(judge("0", "0", `VERDICT  PROMOTE: it may be promoted\n`))
	if err := os.WriteFile(filepath.Join(b.folder, "refuses"), []byte("3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, output := b.run([]string{"SHARDS=1", "SHARDS_RESULT=success"}, "gate.sh"); code != 3 || b.published() != "--if-token reports/out" {
		t.Errorf("%d, %q\n%s", code, b.published(), output)
	}
}

// TestTheGateRunsNothingThatItIsTold gives the scripts texts that shell arithmetic would run.
func TestTheGateRunsNothingThatItIsTold(t *testing.T) {
	for _, text := range []string{"PATH[$(touch ran)0]", "PATH[`touch ran`0]", "$(touch ran)", "SHARDS=$(touch ran)", "09", "-1", "5", "1 ", ""} {
		b := newBench(t)
		b.shards("0", "0")
		for _, environment := range [][]string{{"SHARD=1", "SHARDS=" + text}, {"SHARDS=2", "SHARD=" + text}} {
			if text == "5" && environment[0] == "SHARDS=2" {
				continue // a job of the matrix that has nothing to do
			}
			if code, output := b.run(environment, "shard.sh"); code != 3 {
				t.Errorf("shard.sh, %q: %d\n%s", environment, code, output)
			}
		}
		if code, output := b.run([]string{"SHARDS=" + text, "SHARDS_RESULT=success"}, "gate.sh"); code != 3 || !strings.HasPrefix(b.published(), "--if-token --trouble INCONCLUSIVE") {
			t.Errorf("gate.sh, SHARDS=%q: %d, %q\n%s", text, code, b.published(), output)
		}
		b.packed(1, text)
		if code, output := b.run([]string{"SHARDS=2", "SHARDS_RESULT=success"}, "gate.sh"); code != 3 || !strings.Contains(b.published(), "shard 1 proved nothing") {
			t.Errorf("gate.sh, exit-code %q: %d, %q\n%s", text, code, b.published(), output)
		}
		if _, err := os.Stat(filepath.Join(b.folder, "ran")); err == nil {
			t.Errorf("%q was run", text)
		}
	}
}

// packed leaves a shard's artifact with any text as its exit code.
func (b *bench) packed(shard int, code string) {
	b.t.Helper()
	kept := filepath.Join(b.folder, "kept", fmt.Sprint("shard-", shard))
	b.program("pack", `mkdir -p files; printf %s "$1" >files/exit-code; echo '{}' >files/record.json; tar -C files -czf "$2/shard.tar.gz" .`)
	command := exec.CommandContext(b.t.Context(), filepath.Join(b.folder, "pack"), code, kept) //nolint:gosec // our own
	command.Dir = b.folder
	if output, err := command.CombinedOutput(); err != nil {
		b.t.Fatalf("%v\n%s", err, output)
	}
}

// TestAGateThatIsNotToldHowItsShardsEndedProvesNothing: the variable is unset, or holds something else than the server's words.
func TestAGateThatIsNotToldHowItsShardsEndedProvesNothing(t *testing.T) {
	for _, told := range [][]string{{"SHARDS=2"}, {"SHARDS=2", "SHARDS_RESULT=::set-env name=PATH::x"}} {
		b := newBench(t)
		b.shards("0", "0")
		if code, output := b.run(told, "gate.sh"); code != 3 || !strings.Contains(b.published(), "ended as unknown") {
			t.Errorf("%q: %d, %q\n%s", told, code, b.published(), output)
		}
	}
}

func TestTheGateSignsWithAKeyThatNobodyElseSees(t *testing.T) {
	b := newBench(t)
	b.shards("0")
	b.hero(judge("0", "0", `VERDICT  PROMOTE: it may be promoted\n`) + "\n")
	code, output := b.run([]string{"SHARDS=1", "SHARDS_RESULT=success", "SIGNING_KEY=the key"}, "gate.sh")
	if code != 0 || b.read("key") != "the key\n" || strings.Contains(output, "the key") {
		t.Errorf("%d, %q\n%s", code, b.read("key"), output)
	}
	if calls := b.read("called"); strings.Contains(calls, "the key") || !strings.Contains(calls, "merge reports/shards/1/files/record.json --output reports/out") {
		t.Errorf("%s", calls)
	}
}

func TestANightThatFailsIsLoud(t *testing.T) {
	b := newBench(t)
	if code, output := b.run(nil, "nightly.sh", "mutants"); code != 1 || !strings.Contains(b.read("calls"), "make mutants") || !strings.Contains(b.read("calls"), "put nightly-mutants") {
		t.Errorf("%d\n%s", code, output)
	}
	if code, output := b.run(nil, "nightly.sh"); code != 3 {
		t.Errorf("%d\n%s", code, output)
	}
}
