package cli

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// canary is a secret that no encoding leaves as it is.
const canary = `can"ary'4711 &<a>/b+c=d\e`

// canariesOf returns a canary in every form in which a program may print it, and what is searched for of each: the middle of base64.
func canariesOf(t *testing.T, value string) (written, searched map[string]string) {
	t.Helper()
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	written = map[string]string{
		"as it is": value, "JSON": string(asJSON[1 : len(asJSON)-1]), "query": url.QueryEscape(value), "path": url.PathEscape(value),
		"hex": hex.EncodeToString([]byte(value)), "shell": strings.ReplaceAll(value, "'", `'\''`),
		"lines": value[:9] + "\n    " + value[9:],
	}
	searched = maps.Clone(written)
	for before := range 3 {
		padded := []byte(strings.Repeat("x", before) + value + strings.Repeat("y", 3-(before+len(value))%3))
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
			name = fmt.Sprint(name, " after ", before)
			written[name] = encoding.EncodeToString(padded)
			searched[name] = written[name][4:32]
		}
	}
	return written, searched
}

// TestNoFormOfASecretLeavesTheMachine writes every form of a secret wherever text comes from, makes all reports, and searches all files.
func TestNoFormOfASecretLeavesTheMachine(t *testing.T) {
	output := t.TempDir()
	redactor, err := record.NewRedactor(map[string]string{"API_KEY": canary})
	if err != nil {
		t.Fatal(err)
	}
	written, forms := canariesOf(t, canary)
	var all strings.Builder
	for name, form := range written {
		_, _ = fmt.Fprintf(&all, "%s: before %s after\n", name, form)
	}
	r := whole(t)
	r.Run.Tools = map[string]string{"go": all.String()}
	r.Run.Supervisor = all.String()
	writer, err := record.Create(filepath.Join(output, "record.json"), r.Run, redactor)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range r.Results {
		result.Outcome, result.Failure, result.Name = record.Failed, all.String(), result.Name+all.String()
		result.Cause = &record.Cause{Kind: record.CauseHarnessError, Detail: all.String()}
		if err := writer.Result(result); err != nil {
			t.Fatal(err)
		}
	}
	for _, recovery := range r.Recoveries {
		recovery.Before.Argv, recovery.Status, recovery.Landing.Proof = []string{all.String()}, all.String(), all.String()
		if err := writer.Recovery(recovery); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(record.End{Finished: r.End.Finished, Trouble: all.String()}); err != nil {
		t.Fatal(err)
	}
	read, err := record.Load(filepath.Join(output, "record.json"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := runner.OpenLog(output, redactor)
	if err != nil {
		t.Fatal(err)
	}
	for _, char := range []byte(all.String()) { // as slowly as a process may write
		if _, err := log.Write([]byte{char}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := newJudge(policyFlags{}, baselineFlags{}, signingFlags{}, tellingFlags{})
	if err != nil {
		t.Fatal(err)
	}
	stdout, code := new(strings.Builder), outcome(exitError)
	_ = j.conclude(t.Context(), stdout, runner.Run{Record: read, Output: output}, &code) // the record is of a run with trouble
	search(t, "standard output", stdout.String(), forms)
	files := 0
	if err := filepath.WalkDir(output, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		about, err := entry.Info()
		if err != nil {
			return err
		}
		if about.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", path, about.Mode())
		}
		text, err := os.ReadFile(path) //nolint:gosec // into a folder of this test
		search(t, filepath.Base(path), string(text), forms)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files < 6 {
		t.Errorf("only %d files were written", files)
	}
}

// search looks for the forms of a secret in a text, and in what the text says if it is JSON or HTML.
func search(t *testing.T, name, text string, forms map[string]string) {
	t.Helper()
	withoutText := []string{"standard output", "verdict.json", "badge.svg", "coverage.json", "metrics.prom", "summary.md"} // no free text of a record
	if !strings.Contains(text, "API_KEY") && !slices.Contains(withoutText, name) {
		t.Errorf("%s does not show where the secret was", name)
	}
	plain := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&quot;", `"`, "&apos;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
	var decoded string
	for line := range strings.SplitSeq(text, "\n") {
		var value any
		if json.Unmarshal([]byte(line), &value) == nil {
			decoded += fmt.Sprintln(value)
		}
	}
	for form, canary := range forms {
		for _, in := range []string{text, plain, decoded} {
			if at := strings.Index(in, canary); at >= 0 {
				t.Errorf("%s holds the secret as %s: %q", name, form, in[max(0, at-20):at+len(canary)])
			}
		}
	}
}
