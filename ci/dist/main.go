// Command dist completes a distribution of hero_chaos: of everything in a folder it makes a container image, in
// hero_chaos.tar as `docker load` takes it, and lists the checksums of all files in SHA256SUMS. It needs neither Docker
// nor a network, and the same files give the same bytes.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/scratch"
)

// What dist adds to the folder.
const (
	imageName = "hero_chaos.tar"
	sumsName  = "SHA256SUMS"
)

func main() {
	err := errors.New("name the one folder that is to be distributed")
	if len(os.Args) == 2 {
		err = complete(os.Args[1])
	}
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "complete the distribution: %v\n", err)
		os.Exit(3)
	}
}

// complete adds the image and the checksums to a folder. What an earlier call has added is replaced.
func complete(folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for _, made := range []string{imageName, sumsName} {
		if err := root.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	files, err := contents(root.FS())
	if err != nil {
		return err
	}
	if err := save(files, filepath.Join(folder, imageName)); err != nil {
		return err
	}
	sums, err := checksums(root.FS())
	if err != nil {
		return err
	}
	return root.WriteFile(sumsName, []byte(sums), 0o644)
}

// contents reads the files as they are to lie at the root of the image, in order. What may be executed is a program;
// nothing else of a file's mode is taken over, since it depends on who has built it.
func contents(folder fs.FS) (files []scratch.File, err error) {
	err = fs.WalkDir(folder, ".", func(found string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || found == ".":
			return err
		case entry.IsDir():
			files = append(files, scratch.File{Path: "/" + found, Mode: scratch.Folder | 0o755})
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file", found)
		}
		about, err := entry.Info()
		if err != nil {
			return err
		}
		file := scratch.File{Path: "/" + found, Mode: 0o644}
		if about.Mode()&0o100 != 0 {
			file.Mode = scratch.Program
		}
		file.Content, err = fs.ReadFile(folder, found)
		files = append(files, file)
		return err
	})
	return files, err
}

// save writes the image. Its entry point is the program: `docker run hero_chaos run ...`.
func save(files []scratch.File, file string) error {
	files = append(files,
		scratch.File{Path: "/reports", Mode: scratch.Folder | 0o755}, // where the program writes to: the root's reports/out
		scratch.File{Path: "/tmp", Mode: scratch.Folder | 0o1777},
		scratch.File{Path: "/etc", Mode: scratch.Folder | 0o755},
		scratch.File{Path: "/etc/passwd", Mode: 0o644, Content: []byte("root:x:0:0:root:/:/hero_chaos\n")},
	)
	image, err := scratch.Image(files, runtime.GOARCH, v1.Config{
		Entrypoint: []string{"/hero_chaos"}, WorkingDir: "/", Env: []string{"HOME=/", "PATH=/"},
		Labels: map[string]string{"org.opencontainers.image.title": "hero_chaos"},
	})
	if err != nil {
		return err
	}
	tag, err := name.NewTag("hero_chaos:latest")
	if err != nil {
		return err
	}
	return scratch.Save(image, tag, file)
}

// checksums lists every file as `sha256sum --check` takes it.
func checksums(folder fs.FS) (string, error) {
	var lines strings.Builder
	err := fs.WalkDir(folder, ".", func(found string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, found)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(text), found)
		return err
	})
	return lines.String(), err
}
