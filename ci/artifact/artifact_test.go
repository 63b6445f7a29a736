package main

import (
	"bytes"
	"crypto/md5" //nolint:gosec // as in the protocol
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const token = "not-for-logs"

// server keeps artifacts as Gitea's routers/api/actions does: chunks are appended only in order and with the right sum,
// and a file is there once it is confirmed.
type server struct {
	mu        sync.Mutex
	sent      map[string][]byte
	confirmed map[string]bool
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const base = "/pipeline/_apis/pipelines/workflows/7/artifacts"
	query := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		http.Error(w, "who are you", http.StatusUnauthorized)
	case r.Method == http.MethodPost && r.URL.Path == base:
		var asked struct{ Type, Name string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		_, _ = fmt.Fprintf(w, `{"fileContainerResourceUrl":"http://%s%s/%s/upload?retentionDays=3"}`, r.Host, base, asked.Name) //nolint:gosec // a test server
	case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/upload") && query.Get("retentionDays") == "3":
		s.take(w, r, query.Get("itemPath"))
	case r.Method == http.MethodPatch && r.URL.Path == base:
		s.confirmed[query.Get("artifactName")] = true
	case r.Method == http.MethodGet && r.URL.Path == base:
		var value []string
		for name := range s.confirmed {
			value = append(value, fmt.Sprintf(`{"name":%q,"fileContainerResourceUrl":"%s/%s/download_url"}`, name, base, name))
		}
		_, _ = fmt.Fprintf(w, `{"count":%d,"value":[%s]}`, len(value), strings.Join(value, ","))
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/download_url"):
		var value []string
		for path := range s.sent {
			if strings.HasPrefix(path, query.Get("itemPath")+"/") {
				value = append(value, fmt.Sprintf(`{"path":%q,"itemType":"file","contentLocation":"%s/download?file=%s"}`, path, base, url.QueryEscape(path)))
			}
		}
		_, _ = fmt.Fprintf(w, `{"value":[%s]}`, strings.Join(value, ","))
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/download"):
		_, _ = w.Write(s.sent[query.Get("file")])
	default:
		http.NotFound(w, r)
	}
}

func (s *server) take(w http.ResponseWriter, r *http.Request, path string) {
	part, _ := io.ReadAll(r.Body)
	sum := md5.Sum(part) //nolint:gosec // as in the protocol
	var from, to, all int
	_, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all)
	if err != nil || from != len(s.sent[path]) || to != from+len(part)-1 || r.Header.Get("x-tfs-filelength") != fmt.Sprint(all) ||
		r.Header.Get("x-actions-results-md5") != base64.StdEncoding.EncodeToString(sum[:]) {
		http.Error(w, "a wrong chunk", http.StatusBadRequest)
		return
	}
	s.sent[path] = append(s.sent[path], part...)
}

// serve starts a server, and returns the environment of a step.
func serve(t *testing.T) (*server, func(string) string) {
	t.Helper()
	keeper := &server{sent: map[string][]byte{}, confirmed: map[string]bool{}}
	listening := httptest.NewServer(keeper)
	t.Cleanup(listening.Close)
	environment := map[string]string{"ACTIONS_RUNTIME_URL": listening.URL + "/pipeline/", "ACTIONS_RUNTIME_TOKEN": token, "GITHUB_RUN_ID": "7"}
	return keeper, func(name string) string { return environment[name] }
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPutIsGot(t *testing.T) {
	_, environment := serve(t)
	here, there := t.TempDir(), filepath.Join(t.TempDir(), "deep", "er")
	long := bytes.Repeat([]byte("0123456789"), chunk/8) // more than one chunk
	write(t, filepath.Join(here, "record.json"), long)
	write(t, filepath.Join(here, "evidence", "a b", "ps.txt"), []byte("pid 1"))
	write(t, filepath.Join(here, "empty"), nil)
	if err := run(t.Context(), []string{"put", "shard-1", here}, environment); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"get", "shard-1", there}, environment); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{"record.json": long, "evidence/a b/ps.txt": []byte("pid 1")} {
		if got, err := os.ReadFile(filepath.Join(there, path)); err != nil || !bytes.Equal(got, want) { //nolint:gosec // the test's own
			t.Errorf("%s: %d bytes of %d, %v", path, len(got), len(want), err)
		}
	}
}

func TestNothingIsWrittenBesideTheFolder(t *testing.T) {
	keeper, environment := serve(t)
	keeper.sent["shard-1/../../outside"], keeper.confirmed["shard-1"] = []byte("x"), true
	folder := filepath.Join(t.TempDir(), "a", "b")
	if err := run(t.Context(), []string{"get", "shard-1", folder}, environment); err == nil || !strings.HasPrefix(err.Error(), "get shard-1: ") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "..", "..", "outside")); err == nil {
		t.Error("a file was written beside the folder")
	}
}

func TestAnArtifactOfTooManyFilesIsRefused(t *testing.T) {
	keeper, environment := serve(t)
	keeper.confirmed["shard-1"] = true
	for i := range mostFiles + 1 {
		keeper.sent[fmt.Sprintf("shard-1/%d", i)] = []byte("x")
	}
	folder := filepath.Join(t.TempDir(), "a")
	if err := run(t.Context(), []string{"get", "shard-1", folder}, environment); err == nil || !strings.Contains(err.Error(), "files: at most") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("some of it was written")
	}
}

func TestTheTokenIsNotSentInTheClear(t *testing.T) {
	var sent string
	plain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Get("Authorization") }))
	defer plain.Close()
	base, err := url.Parse(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	base.Scheme = "https"
	if _, err := (store{base: base, token: token}).fetch(t.Context(), plain.URL+"/file"); err != nil || sent != "" {
		t.Errorf("%q was sent, %v", sent, err)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	_, environment := serve(t)
	empty := t.TempDir()
	for name, c := range map[string]struct {
		arguments   []string
		environment func(string) string
		want        string
	}{
		"no such artifact": {[]string{"get", "shard-2", empty}, environment, "get shard-2: this run has kept none of that name"},
		"nothing to keep":  {[]string{"put", "shard-2", empty}, environment, "put shard-2: " + empty + " holds no file"},
		"nowhere":          {[]string{"put", "shard-2", empty}, func(string) string { return "" }, "nobody keeps artifacts here"},
		"a path as a name": {[]string{"put", "../a", empty}, environment, `the name "../a"`},
		"no command":       {nil, environment, "give `put NAME FOLDER`"},
		"a wrong token": {[]string{"put", "shard-2", empty}, func(name string) string {
			return strings.ReplaceAll(environment(name), token, "wrong")
		}, "answers 401"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.arguments, c.environment)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) {
				t.Errorf("%v, not %q", err, c.want)
			}
		})
	}
}
