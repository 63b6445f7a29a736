package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// conforms holds a policy against its schema, as an editor does.
func conforms(t *testing.T, text []byte) error {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile("ci/policy.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

func TestThePolicyIsValid(t *testing.T) {
	text, err := os.ReadFile("ci/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := conforms(t, text); err != nil {
		t.Error(err)
	}
	policy, err := loadPolicy("")
	if err != nil || policy.AgeLimit == 0 || policy.MinimumSamples["restart.sigterm"] != 28 {
		t.Errorf("%+v, %v", policy, err)
	}
	// What stands in its comments as an example can be written.
	example := string(text)
	for _, part := range []string{"severities", "waivers"} {
		before, after, _ := strings.Cut(example, part+": []")
		start := strings.LastIndex(before, "\n\n")
		item := ""
		for line := range strings.SplitSeq(before[start:], "\n") {
			if strings.HasPrefix(line, "#   ") {
				item += "\n" + line[1:]
			}
		}
		example = before + part + ":" + item + after
	}
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil { //nolint:gosec // into a folder of this test
		t.Fatal(err)
	}
	policy, err = loadPolicy(path)
	if err != nil || len(policy.Waivers) != 1 || len(policy.Severities) != 1 {
		t.Errorf("%+v, %v:\n%s", policy, err, example)
	}
	if err := conforms(t, []byte(example)); err != nil {
		t.Error(err)
	}
	if conforms(t, []byte(strings.ReplaceAll(example, "owner:", "blame:"))) == nil {
		t.Error("the schema takes a waiver without an owner")
	}
}

// promote runs the command an hour after the runs of the examples of reports/verdict began.
func promote(t *testing.T, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, complaints := new(strings.Builder), new(strings.Builder)
	code = Run(append([]string{"promote", "--now", "2026-05-04T04:02:01Z"}, flags...), out, complaints)
	return code, out.String(), complaints.String()
}

func exampleRecord(name string) string {
	return filepath.Join("reports", "verdict", "testdata", "records", name+".json")
}

func TestPromoteSaysWhatItFound(t *testing.T) {
	for name, want := range map[string]struct {
		code int
		says string
	}{
		"failed": {exitFailed, "VERDICT  HOLD"}, "quick": {exitInconclusive, "VERDICT  INCONCLUSIVE"},
		// The example's record is good, and knows four promises: this program knows more, and asks for their evidence.
		"good": {exitInconclusive, "unknown to the program that wrote the record"},
	} {
		if code, stdout, stderr := promote(t, exampleRecord(name)); code != want.code || !strings.Contains(stdout, want.says) || stderr != "" {
			t.Errorf("%s: exit code %d, %q, %q", name, code, stdout, stderr)
		}
	}
	for _, answer := range []verdict.Answer{verdict.Promote, verdict.Hold, verdict.Inconclusive, "MAYBE", ""} {
		if code := answerCode(answer); (code == exitHeld) != (answer == verdict.Promote) || code == exitError {
			t.Errorf("the exit code of %q is %d", answer, code)
		}
	}
}

// TestPromotePromotes a record of everything that this program knows, where nothing went wrong.
func TestPromotePromotes(t *testing.T) {
	r := whole(t)
	path := filepath.Join(t.TempDir(), "record.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	text := "max_age: 2h\nallowed_slowdown: 10%\nlimits: {tolerance: 1s, restart: 5s, serving: 10s, stop_timeout: 10s, health: 90s}\nseverities:\n"
	for _, known := range promise.All() {
		if known.Proof() != nil { // what the example has no recoveries for
			text += "  - {promise: " + known.ID + ", severity: advisory, reason: not in the example}\n"
		}
	}
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := promote(t, path, "--policy", policy, "--digest", r.Run.Digest); code != exitHeld {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	code, stdout, _ := promote(t, path, "--policy", policy, "--json")
	var found verdict.Verdict
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != exitHeld || found.Answer != verdict.Promote {
		t.Errorf("exit code %d, %v, %s", code, err, stdout)
	}
	if code, _, _ := commandLine("promote", path, "--policy", policy, "--now", "2027-05-04T04:02:01Z"); code != exitInconclusive {
		t.Errorf("a year later: exit code %d", code)
	}
	if code, _, _ := promote(t, path, path, "--policy", policy); code != exitInconclusive {
		t.Errorf("twice: exit code %d", code)
	}
}

// whole is the good example, with a result of every promise that there is.
func whole(t *testing.T) *record.Record {
	t.Helper()
	r, err := record.Load(exampleRecord("good"))
	if err != nil {
		t.Fatal(err)
	}
	r.Run.Promises, r.Run.Target = promise.Recorded(), "example"
	r.Run.Request = &record.Request{UpgradeFrom: "hero_zero:promoted"}
	for _, known := range r.Run.Promises {
		result := r.Results[0]
		result.Promise, result.Service, result.Name = known.ID, "", "the whole of "+known.ID
		result.Theme, _, _ = strings.Cut(known.ID, ".")
		r.Results = append(r.Results, result)
		r.Planned = append(r.Planned, result.Key())
	}
	totals := r.Count()
	r.End.Totals = &totals
	return r
}

func TestPromoteRefuses(t *testing.T) {
	for want, flags := range map[string][]string{
		"a digest is sha256: and 64":   {exampleRecord("good"), "--digest", "sha256:abc"},
		"it is no record":              {exampleRecord("truncated")},
		"it is empty":                  {exampleRecord("good"), exampleRecord("empty")},
		"read the policy":              {exampleRecord("good"), "--policy", "nowhere.yaml"},
		"no such file":                 {"nowhere.json"},
		"expected \"<record> ...\"":    {},
		"the record has the schema \"": {exampleRecord("unknown-schema")},
	} {
		if code, stdout, stderr := promote(t, flags...); code != exitError || stdout != "" && len(flags) > 0 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %q, %q, want %q", flags, code, stdout, stderr, want)
		}
	}
}

func TestConcludeLeavesTheVerdict(t *testing.T) {
	output := t.TempDir()
	jobSummary := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv(jobSummaryVariable, jobSummary)
	r := whole(t)
	if err := r.Save(filepath.Join(output, "record.json")); err != nil {
		t.Fatal(err)
	}
	j, err := newJudge(policyFlags{}, baselineFlags{}, signingFlags{}, tellingFlags{})
	if err != nil {
		t.Fatal(err)
	}
	j.older = &record.Record{Schema: record.Schema, Run: r.Run, End: r.End}
	j.older.Run.ID = "older"
	stdout, code := new(strings.Builder), outcome(exitError)
	if err := j.conclude(t.Context(), stdout, runner.Run{Record: r, Passed: true, Output: output}, &code); err != nil {
		t.Fatal(err)
	}
	if code != exitHeld || !strings.Contains(stdout.String(), "nothing could be compared with the baseline") {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	if _, err := os.Stat(filepath.Join(output, folder.PageName)); err != nil {
		t.Error(err)
	}
	for _, path := range []string{jobSummary, filepath.Join(output, folder.MarkdownName)} {
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "## ❔ INCONCLUSIVE") { //nolint:gosec // into a folder of this test
			t.Errorf("%s: %v, %.80s", path, err, text)
		}
	}
	text, err := os.ReadFile(filepath.Join(output, folder.VerdictName)) //nolint:gosec // into a folder of this test
	if err != nil {
		t.Fatal(err)
	}
	var judged verdict.Verdict
	if err := json.Unmarshal(text, &judged); err != nil || judged.Answer != verdict.Inconclusive {
		t.Errorf("%v, %s", err, text)
	}
}
