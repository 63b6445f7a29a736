package main

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol asks for it, against accidents
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	// chunk is the most that is sent at once, in bytes: proxies refuse what is larger (upload-artifact sends 8 MiB as well).
	chunk = 8 << 20
	// longest is the most that is taken of one reply, in bytes: a record of a long run has some ten MiB.
	longest = 512 << 20
)

// store is the place of the artifacts of one run of a workflow.
type store struct {
	base  *url.URL // of the run's artifacts
	token string
}

// find reads from the environment of a step where its artifacts go.
func find(environment func(string) string) (store, error) {
	server, token, run := environment("ACTIONS_RUNTIME_URL"), environment("ACTIONS_RUNTIME_TOKEN"), environment("GITHUB_RUN_ID")
	if server == "" || run == "" {
		return store{}, errors.New("nobody keeps artifacts here: ACTIONS_RUNTIME_URL or GITHUB_RUN_ID is not set")
	}
	base, err := url.Parse(strings.TrimSuffix(server, "/") + "/_apis/pipelines/workflows/" + url.PathEscape(run) + "/artifacts")
	if err != nil {
		return store{}, fmt.Errorf("read ACTIONS_RUNTIME_URL: %w", err)
	}
	return store{base: with(base, "api-version", "6.0-preview"), token: token}, nil
}

// with returns a URL with one more parameter.
func with(base *url.URL, name, value string) *url.URL {
	changed, query := *base, base.Query()
	query.Set(name, value)
	changed.RawQuery = query.Encode()
	return &changed
}

// announce asks where an artifact's files are to be sent.
func (s store) announce(ctx context.Context, name string) (*url.URL, error) {
	text, err := json.Marshal(map[string]string{"Type": "actions_storage", "Name": name})
	if err != nil {
		return nil, err
	}
	var reply struct {
		Place string `json:"fileContainerResourceUrl"`
	}
	if err := s.ask(ctx, http.MethodPost, s.base, http.Header{"Content-Type": {"application/json"}}, text, &reply); err != nil {
		return nil, err
	}
	return s.base.Parse(reply.Place)
}

// send sends one file, chunk by chunk. file is its path, which begins with the artifact's name.
func (s store) send(ctx context.Context, place *url.URL, file string, content []byte) error {
	for from := 0; from < len(content); from += chunk {
		part := content[from:min(from+chunk, len(content))]
		sum := md5.Sum(part) //nolint:gosec // as above
		header := http.Header{
			"Content-Type":          {"application/octet-stream"},
			"Content-Range":         {fmt.Sprintf("bytes %d-%d/%d", from, from+len(part)-1, len(content))},
			"X-Tfs-Filelength":      {fmt.Sprint(len(content))},
			"X-Actions-Results-Md5": {base64.StdEncoding.EncodeToString(sum[:])},
		}
		if err := s.ask(ctx, http.MethodPut, with(place, "itemPath", file), header, part, nil); err != nil {
			return fmt.Errorf("send %s: %w", file, err)
		}
	}
	return nil
}

// confirm says that all has been sent.
func (s store) confirm(ctx context.Context, name string) error {
	return s.ask(ctx, http.MethodPatch, with(s.base, "artifactName", name), nil, []byte("{}"), nil)
}

// item is a file of an artifact; its path begins with the artifact's name.
type item struct {
	Path            string `json:"path"`
	ItemType        string `json:"itemType"`
	ContentLocation string `json:"contentLocation"`
}

// list returns the files of an artifact. It is an error if the run has no such artifact.
func (s store) list(ctx context.Context, name string) ([]item, error) {
	var all struct {
		Value []struct {
			Name  string `json:"name"`
			Place string `json:"fileContainerResourceUrl"`
		} `json:"value"`
	}
	if err := s.ask(ctx, http.MethodGet, s.base, nil, nil, &all); err != nil {
		return nil, err
	}
	for _, artifact := range all.Value {
		if artifact.Name != name {
			continue
		}
		place, err := s.base.Parse(artifact.Place)
		if err != nil {
			return nil, err
		}
		var reply struct {
			Value []item `json:"value"`
		}
		if err := s.ask(ctx, http.MethodGet, with(place, "itemPath", name), nil, nil, &reply); err != nil {
			return nil, err
		}
		var files []item
		for _, found := range reply.Value {
			if found.ItemType == "file" {
				files = append(files, found)
			}
		}
		return files, nil
	}
	return nil, errors.New("this run has kept none of that name")
}

// fetch returns a file's content.
func (s store) fetch(ctx context.Context, location string) ([]byte, error) {
	place, err := s.base.Parse(location)
	if err != nil {
		return nil, err
	}
	return s.request(ctx, http.MethodGet, place, nil, nil)
}

// ask makes a request and reads the reply, which is JSON, into result where that is not nil.
func (s store) ask(ctx context.Context, method string, place *url.URL, header http.Header, body []byte, result any) error {
	reply, err := s.request(ctx, method, place, header, body)
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(reply, result); err != nil {
		return fmt.Errorf("read the reply of %s: %w", place.Host, err)
	}
	return nil
}

func (s store) request(ctx context.Context, method string, place *url.URL, header http.Header, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, place.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Accept", "application/json;api-version=6.0-preview")
	if place.Scheme == s.base.Scheme && place.Host == s.base.Host { // nobody else is given the token, nor is it sent in the clear
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reply.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(reply.Body, longest+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the reply of %s: %w", place.Host, err)
	case reply.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%s %s answers %s", method, place.Host, reply.Status)
	case len(content) > longest:
		return nil, fmt.Errorf("the reply of %s is longer than %d bytes", place.Host, longest)
	}
	return content, nil
}
