package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
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
}
