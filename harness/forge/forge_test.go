package forge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/forge"
)

const (
	token  = "s3cret-token"
	commit = "4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f"
)

// server is a Forgejo with one repository and one pull request, as far as a run talks to it.
type server struct {
	mu       sync.Mutex
	comments []map[string]any
	foreign  map[int]bool // the comments that the token may not change
	statuses []map[string]string
	calls    []string
	answer   func(http.ResponseWriter) bool // answers in place of the server
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.String())
	if s.answer != nil && s.answer(w) {
		return
	}
	if r.Header.Get("Authorization") != "token "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/repos/lhumina/zero/")
	var body map[string]string
	_ = json.NewDecoder(r.Body).Decode(&body)
	var id int
	switch {
	case r.Method == http.MethodPost && path == "statuses/"+commit:
		s.statuses = append(s.statuses, body)
	case r.Method == http.MethodGet && path == "issues/5/comments":
		var page, limit int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
		from := min((page-1)*limit, len(s.comments))
		_ = json.NewEncoder(w).Encode(s.comments[from:min(from+limit, len(s.comments))])
	case r.Method == http.MethodPost && path == "issues/5/comments":
		s.add(body["body"])
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPatch && scan(path, &id) && s.foreign[id]:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"message": "not your comment"}`)
	case r.Method == http.MethodPatch && scan(path, &id):
		s.comments[id]["body"] = body["body"]
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *server) add(body string) {
	s.comments = append(s.comments, map[string]any{"id": len(s.comments), "body": body})
}

func scan(path string, id *int) bool {
	_, err := fmt.Sscanf(path, "issues/comments/%d", id)
	return err == nil
}

// open starts a server, and returns what a job on it publishes with.
func open(t *testing.T) (*server, forge.Server) {
	t.Helper()
	s := &server{foreign: map[int]bool{}}
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	made, err := forge.FromEnvironment(environment(listening.URL), 0)
	if err != nil {
		t.Fatal(err)
	}
	return s, made
}

func environment(address string) func(string) string {
	return func(name string) string {
		return map[string]string{
			"GITHUB_API_URL": address + "/api/v1", "GITHUB_SERVER_URL": address, "GITHUB_REPOSITORY": "lhumina/zero", "GITHUB_SHA": commit,
			"GITHUB_REF": "refs/pull/5/head", "GITHUB_RUN_NUMBER": "7", "STATUS_TOKEN": token,
		}[name]
	}
}

// TestACommentIsUpdatedAndNotRepeated finds it behind more comments than a page has.
func TestACommentIsUpdatedAndNotRepeated(t *testing.T) {
	g := gomega.NewWithT(t)
	s, job := open(t)
	for n := range 70 {
		s.add(fmt.Sprintf("comment %d", n))
	}
	for n, markdown := range []string{"## HOLD", "## PROMOTE", "## HOLD again"} {
		replaced, err := job.Comment(t.Context(), "hero_zero", markdown)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(replaced).To(gomega.Equal(n > 0))
		g.Expect(s.comments).To(gomega.HaveLen(71))
		g.Expect(s.comments[70]["body"]).To(gomega.Equal("<!-- hero_chaos: hero_zero -->\n" + markdown))
	}
	_, err := job.Comment(t.Context(), "embedded", "## another target")
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(s.comments).To(gomega.HaveLen(72))
}

// TestACommentOfSomebodyElseStays: whoever quotes our comment keeps theirs.
func TestACommentOfSomebodyElseStays(t *testing.T) {
	g := gomega.NewWithT(t)
	s, job := open(t)
	s.add("<!-- hero_chaos: hero_zero -->\nquoted")
	s.foreign[0] = true
	replaced, err := job.Comment(t.Context(), "hero_zero", "ours")
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(replaced).To(gomega.BeFalse())
	g.Expect(s.comments).To(gomega.HaveLen(2))
	g.Expect(s.comments[0]["body"]).To(gomega.HaveSuffix("quoted"))
}

func TestAStatusIsShortAndLinksToTheRun(t *testing.T) {
	g := gomega.NewWithT(t)
	s, job := open(t)
	g.Expect(job.SetStatus(t.Context(), "failure", "HOLD:\n"+strings.Repeat("it failed ", 40))).To(gomega.Succeed())
	g.Expect(s.statuses).To(gomega.HaveLen(1))
	g.Expect(s.statuses[0]).To(gomega.HaveKeyWithValue("state", "failure"))
	g.Expect([]rune(s.statuses[0]["description"])).To(gomega.HaveLen(140))
	g.Expect(s.statuses[0]["target_url"]).To(gomega.HaveSuffix("/lhumina/zero/actions/runs/7?by_index=1"))
}

// TestNoErrorHasTheToken tries servers that refuse, redirect, answer with it, or are no forge.
func TestNoErrorHasTheToken(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"refused": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"echoed": func(w http.ResponseWriter) {
			w.WriteHeader(422)
			_, _ = fmt.Fprintf(w, `{"message": "%s is bad"}`, token)
		},
		"redirected": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://elsewhere.invalid/")
			w.WriteHeader(302)
		},
		"no JSON": func(w http.ResponseWriter) { _, _ = fmt.Fprint(w, "<html>") },
	} {
		s, job := open(t)
		s.answer = func(w http.ResponseWriter) bool { answer(w); return true }
		_, err := job.Comment(t.Context(), "hero_zero", "text")
		if err == nil || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
		if err := job.SetStatus(t.Context(), forge.StateError, "x"); name == "refused" && (err == nil || !strings.HasSuffix(err.Error(), "may the job's token write statuses?")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unreachable, err := forge.FromEnvironment(environment("http://127.0.0.1:1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unreachable.SetStatus(t.Context(), "success", "x"); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for name, want := range map[string]string{
		"GITHUB_REPOSITORY": "owner/name", "GITHUB_SHA": "whole hash", "STATUS_TOKEN": "there is no token: set HERO_CHAOS_FORGE_TOKEN or STATUS_TOKEN", "GITHUB_API_URL": "no address",
	} {
		complete := environment("https://forge.example")
		_, err := forge.FromEnvironment(func(asked string) string {
			switch {
			case asked == name && (name == "GITHUB_SHA" || name == "GITHUB_API_URL"):
				return "odd"
			case asked == name:
				return ""
			}
			return complete(asked)
		}, 0)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
