package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// TestPublishTellsWhatTheFolderSays publishes the verdict of a folder, and refuses a folder that has none.
func TestPublishTellsWhatTheFolderSays(t *testing.T) {
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte("[]"))
		}
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"GITHUB_API_URL": server.URL + "/api/v1", "GITHUB_SERVER_URL": server.URL, "GITHUB_REPOSITORY": "lhumina/zero",
		"GITHUB_SHA": strings.Repeat("4f", 20), "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_NUMBER": "7", "STATUS_TOKEN": "s3cret", "HERO_CHAOS_FORGE_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	output := t.TempDir()
	for name, text := range map[string]string{
		folder.VerdictName: `{"schema": "hero_chaos.verdict/1", "answer": "HOLD", "target": "hero_zero", "reasons": [{"weight": "hold", "text": "failed"}]}`, folder.MarkdownName: "## HOLD",
	} {
		if err := os.WriteFile(filepath.Join(output, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := commandLine("publish", output, "--pull=5")
	if code != exitHeld || !strings.Contains(stdout, "is failure") || !strings.Contains(stdout, "pull request 5 was written") || len(calls) != 3 {
		t.Errorf("exit code %d, %s%s, %q", code, stdout, stderr, calls)
	}
	if code, _, stderr := commandLine("publish", t.TempDir()); code != exitError || !strings.Contains(stderr, folder.VerdictName) {
		t.Errorf("without a verdict: exit code %d, %s", code, stderr)
	}
	calls = nil
	code, stdout, stderr = commandLine("publish", "--trouble=INCONCLUSIVE: shard 2 left nothing\x1b[2J")
	if code != exitHeld || !strings.Contains(stdout, "is error") || len(calls) != 1 || !strings.Contains(calls[0], "/statuses/") {
		t.Errorf("without a verdict, with a reason: exit code %d, %s%s, %q", code, stdout, stderr, calls)
	}
	calls = nil
	t.Setenv("STATUS_TOKEN", "")
	for _, arguments := range [][]string{{"publish", "--if-token", "--trouble=no\x1b[2J verdict"}, {"publish", "--if-token", output, "--pull=5"}} {
		code, stdout, stderr = commandLine(arguments...)
		if code != exitHeld || !strings.Contains(stdout, "the status would be ") || strings.ContainsRune(stdout, '\x1b') || len(calls) != 0 {
			t.Errorf("%q without a token: exit code %d, %q%s, %q", arguments, code, stdout, stderr, calls)
		}
	}
	if code, _, stderr := commandLine("publish", output); code != exitError || !strings.Contains(stderr, "there is no token") {
		t.Errorf("without a token that is needed: exit code %d, %s", code, stderr)
	}
}

// TestAStatusNamesWhatItIsAbout: the promise of the first reason, and how many more.
func TestAStatusNamesWhatItIsAbout(t *testing.T) {
	reason := func(text string, promises ...string) verdict.Reason {
		return verdict.Reason{Weight: verdict.Holds, Text: text, Promises: promises}
	}
	for want, reasons := range map[string][]verdict.Reason{
		"HOLD: " + verdict.Hold.Meaning():   nil,
		"HOLD: boot.running: failed":        {reason("failed", "boot.running")},
		"HOLD: boot.running failed":         {reason("boot.running failed", "boot.running")},
		"HOLD: a.b and 2 more: not checked": {reason("not checked", "a.b", "a.c", "a.d")},
		"HOLD: the record has no end":       {reason("the record has no end"), reason("failed", "a.b")},
	} {
		if text := describeVerdict(verdict.Verdict{Answer: verdict.Hold, Reasons: reasons}); text != want {
			t.Errorf("%q, not %q", text, want)
		}
	}
}
