// Command artifact hands files from one job of a workflow to another, and keeps them for people: what the actions
// upload-artifact and download-artifact do, without an action, which a runner would have to fetch.
//
//	artifact put NAME FOLDER    keep all files of a folder
//	artifact get NAME FOLDER    write them into a folder, which is made
//	artifact unpack FILE FOLDER write the files of a tar.gz into a new folder; refuse links and what leaves the folder
//
// It speaks the third version of the artifact protocol, which Forgejo, Gitea and act all serve, with what they put into
// every step's environment: ACTIONS_RUNTIME_URL, ACTIONS_RUNTIME_TOKEN and GITHUB_RUN_ID.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// callTimeout bounds a whole call.
const callTimeout = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "artifact: %v\n", err)
		os.Exit(3) //nolint:gocritic // the signal handler ends with the process
	}
}

func run(ctx context.Context, arguments []string, environment func(string) string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if len(arguments) == 3 && arguments[0] == "unpack" {
		return unpack(arguments[1], arguments[2], filesLimit, bytesLimit)
	}
	if len(arguments) != 3 || (arguments[0] != "put" && arguments[0] != "get") {
		return errors.New("give `put NAME FOLDER`, `get NAME FOLDER` or `unpack FILE FOLDER`")
	}
	name, folder := arguments[1], arguments[2]
	if name == "" || strings.ContainsAny(name, `\/:*?"<>|`) {
		return fmt.Errorf("the name %q of an artifact has to be a plain word", name)
	}
	there, err := find(environment)
	if err != nil {
		return err
	}
	if arguments[0] == "put" {
		err = there.put(ctx, name, folder)
	} else {
		err = there.get(ctx, name, folder)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", arguments[0], name, err)
	}
	return nil
}

// put keeps all files of a folder. Empty ones are left out: the protocol cannot say what they are.
func (s store) put(ctx context.Context, name, folder string) error {
	place, err := s.announce(ctx, name)
	if err != nil {
		return err
	}
	files := os.DirFS(folder)
	sent := 0
	err = fs.WalkDir(files, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(files, file)
		if err != nil || len(content) == 0 {
			return err
		}
		sent++
		return s.send(ctx, place, path.Join(name, file), content)
	})
	if err == nil && sent == 0 {
		err = fmt.Errorf("%s holds no file", folder)
	}
	if err != nil {
		return err
	}
	return s.confirm(ctx, name)
}

// mostFiles is more than any artifact of ours has.
const mostFiles = 4096

// get writes all files of an artifact into a folder, and nothing beside it, whatever their names are. It refuses one that is too large as a
// whole.
func (s store) get(ctx context.Context, name, folder string) error {
	files, err := s.list(ctx, name)
	if err != nil {
		return err
	}
	if len(files) > mostFiles {
		return fmt.Errorf("it has %d files: at most %d are taken", len(files), mostFiles)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil { //nolint:gosec // named by whoever calls
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	left := longest
	for _, file := range files {
		content, err := s.fetch(ctx, file.ContentLocation)
		if err != nil {
			return err
		}
		if left -= len(content); left < 0 {
			return fmt.Errorf("its files have more than %d bytes", longest)
		}
		inside := filepath.FromSlash(strings.TrimPrefix(file.Path, name+"/"))
		if err := root.MkdirAll(filepath.Dir(inside), 0o750); err != nil {
			return err
		}
		if err := root.WriteFile(inside, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
