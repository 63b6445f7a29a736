// Package forge tells a Forgejo or Gitea server what a run came to: by the commit's status, and by one comment on the pull request, which
// the next run updates.
package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// requestTimeout bounds one request.
	requestTimeout = 30 * time.Second
	// answerLimit bounds an answer of the server, in bytes.
	answerLimit = 8 << 20
	// bodyLimit bounds a comment, in bytes. Servers refuse longer ones.
	bodyLimit = 60_000
	// descriptionLimit bounds the description of a status, in letters.
	descriptionLimit = 140
	// pageSize is the number of comments that are asked for at once, and mostPages bounds how often.
	pageSize, mostPages = 50, 40
)

// Server is a repository on a server, with the commit or the pull request that a run was about.
type Server struct {
	API        string // https://forge.example/api/v1
	Repository string // owner/name
	Commit     string // its SHA; empty sets no status
	Pull       int    // 0 writes no comment
	Page       string // where the status links to; may be empty
	token      string
}

var (
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	commitForm     = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	pullForm       = regexp.MustCompile(`^refs/pull/([0-9]+)/(head|merge)$`)
)

// TokenVariables lists the variables of the environment that may hold the token, the preferred one first.
func TokenVariables() []string { return []string{"HERO_CHAOS_FORGE_TOKEN", "STATUS_TOKEN"} }

// FromEnvironment returns the server that a CI job runs for, by the variables that Forgejo, Gitea and act share. pull is the number of
// the pull request; 0 takes that of the job, if it has one.
func FromEnvironment(getenv func(string) string, pull int) (Server, error) {
	s := Server{API: strings.TrimSuffix(getenv("GITHUB_API_URL"), "/"), Repository: getenv("GITHUB_REPOSITORY"), Commit: getenv("GITHUB_SHA"), Pull: pull}
	if s.API == "" && getenv("GITHUB_SERVER_URL") != "" {
		s.API = strings.TrimSuffix(getenv("GITHUB_SERVER_URL"), "/") + "/api/v1"
	}
	for _, name := range TokenVariables() {
		if s.token == "" {
			s.token = strings.TrimSpace(getenv(name))
		}
	}
	if found := pullForm.FindStringSubmatch(getenv("GITHUB_REF")); found != nil && pull == 0 {
		s.Pull, _ = strconv.Atoi(found[1])
	}
	if number := getenv("GITHUB_RUN_NUMBER"); number != "" && getenv("GITHUB_SERVER_URL") != "" {
		s.Page = fmt.Sprintf("%s/%s/actions/runs/%s?by_index=1", strings.TrimSuffix(getenv("GITHUB_SERVER_URL"), "/"), s.Repository, url.PathEscape(number))
	}
	return s, s.check()
}

// check refuses what no request can be made of.
func (s Server) check() error {
	address, err := url.Parse(s.API)
	switch {
	case s.API == "":
		return errors.New("publish: GITHUB_API_URL is not set: name the server's API, such as https://forge.example/api/v1")
	case err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" || address.User != nil:
		return errors.New("publish: GITHUB_API_URL is no address of a server: write https://forge.example/api/v1")
	case !repositoryForm.MatchString(s.Repository):
		return fmt.Errorf("publish: GITHUB_REPOSITORY is %q: write owner/name", s.Repository)
	case s.Commit != "" && !commitForm.MatchString(s.Commit):
		return fmt.Errorf("publish: GITHUB_SHA is %q: it is the whole hash of a commit", s.Commit)
	case s.Commit == "" && s.Pull == 0:
		return errors.New("publish: neither GITHUB_SHA nor a pull request is known: set GITHUB_SHA, or name the pull request by --pull")
	case s.token == "":
		return fmt.Errorf("publish: there is no token: set %s", strings.Join(TokenVariables(), " or "))
	}
	return nil
}

// State is the state of a commit.
type State string

// The states. An error is one in which nothing was judged.
const (
	StateSuccess State = "success"
	StateFailure State = "failure"
	StateError   State = "error"
)

// SetStatus sets the status of the commit.
func (s Server) SetStatus(ctx context.Context, state State, description string) error {
	letters := []rune(strings.Join(strings.Fields(description), " "))
	if len(letters) > descriptionLimit {
		letters = append(letters[:descriptionLimit-1], '…')
	}
	body := map[string]string{"state": string(state), "context": "hero_chaos", "description": string(letters), "target_url": s.Page}
	err := s.call(ctx, http.MethodPost, "statuses/"+s.Commit, body, nil)
	var refused *refusal
	if errors.As(err, &refused) && (refused.status == http.StatusForbidden || refused.status == http.StatusUnauthorized) {
		return fmt.Errorf("%w: may the job's token write statuses?", err)
	}
	return err
}

// comment is a comment as the API tells it.
type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
}

// Comment writes a comment on the pull request. subject names what it is about, such as a target: an earlier comment about the same is
// replaced. It reports whether there was one.
func (s Server) Comment(ctx context.Context, subject, markdown string) (replaced bool, err error) {
	marker := fmt.Sprintf("<!-- hero_chaos: %s -->", regexp.MustCompile(`[^A-Za-z0-9._-]`).ReplaceAllString(subject, "_"))
	if len(markdown) > bodyLimit {
		markdown = strings.ToValidUTF8(markdown[:bodyLimit], "") + "\n\n(cut: the whole is in the report)\n"
	}
	body := map[string]string{"body": marker + "\n" + markdown}
	existing, err := s.findComments(ctx, marker)
	if err != nil {
		return false, err
	}
	for _, found := range existing {
		err := s.call(ctx, http.MethodPatch, fmt.Sprintf("issues/comments/%d", found.ID), body, nil)
		var refused *refusal
		if errors.As(err, &refused) && (refused.status == http.StatusForbidden || refused.status == http.StatusNotFound) {
			continue // somebody else's, who quoted ours
		}
		return err == nil, err
	}
	return false, s.call(ctx, http.MethodPost, fmt.Sprintf("issues/%d/comments", s.Pull), body, nil)
}

// findComments returns the comments that begin with a marker, the oldest first.
func (s Server) findComments(ctx context.Context, marker string) (found []comment, err error) {
	seen := map[int64]bool{}
	for page := 1; page <= mostPages; page++ {
		var comments []comment
		if err := s.call(ctx, http.MethodGet, fmt.Sprintf("issues/%d/comments?limit=%d&page=%d", s.Pull, pageSize, page), nil, &comments); err != nil {
			return nil, err
		}
		fresh := false // a server that knows no pages gives all of them each time
		for _, one := range comments {
			if seen[one.ID] {
				continue
			}
			seen[one.ID], fresh = true, true
			if strings.HasPrefix(strings.TrimSpace(one.Body), marker) {
				found = append(found, one)
			}
		}
		if !fresh || len(comments) < pageSize {
			break
		}
	}
	return found, nil
}

// refusal is an answer of the server that is no success.
type refusal struct {
	method, path string
	status       int
	says         string
}

func (r *refusal) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("publish: the server answers %s %s with %d %s: %s", r.method, r.path, r.status, http.StatusText(r.status), r.says), ": ")
}

// call makes a request of the repository's API. The token goes to this server alone: a redirect is an error.
func (s Server) call(ctx context.Context, method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	content := new(bytes.Buffer)
	if body != nil {
		if err := json.NewEncoder(content).Encode(body); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("%s/repos/%s/%s", s.API, s.Repository, path), content)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	request.Header.Set("Authorization", "token "+s.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("publish: %s: %s", method, s.redact(err.Error()))
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("publish: read the answer to %s %s: %w", method, path, err)
	}
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return &refusal{method, path, response.StatusCode, s.redact(messageOf(text))}
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("publish: the answer to %s %s is no JSON of the API: is GITHUB_API_URL right?", method, path)
	}
	return nil
}

// redact keeps the token out of an error.
func (s Server) redact(text string) string { return strings.ReplaceAll(text, s.token, "(token)") }

// messageOf returns the message of an error of the API, in one short line.
func messageOf(text []byte) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &said) != nil {
		return ""
	}
	const longest = 200
	letters := []rune(strings.Join(strings.Fields(said.Message), " "))
	return string(letters[:min(len(letters), longest)])
}
