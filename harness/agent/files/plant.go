package files

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// Plant creates a file, with the folders above it.
func Plant(_ context.Context, file protocol.Plant) error {
	if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil { //nolint:gosec // as an image's own folders
		return fmt.Errorf("create %s: %w", file.Path, err)
	}
	if file.Link != "" {
		return os.Symlink(file.Link, file.Path)
	}
	if err := os.WriteFile(file.Path, file.Data, file.Mode); err != nil {
		return fmt.Errorf("create %s: %w", file.Path, err)
	}
	return os.Chmod(file.Path, file.Mode) // whatever the umask is
}

// DescribeTree describes each file and folder below a path, which itself may be missing.
func DescribeTree(ctx context.Context, params protocol.FileParams) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(params.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it was removed meanwhile
		}
		found[path] = describeFile(path, entry)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", params.Path, err)
	}
	return found, nil
}

// describeFile says a file's kind and mode, its owner, and the sum of its content or what it is a link to.
func describeFile(path string, entry fs.DirEntry) string {
	info, err := entry.Info()
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s of %s", info.Mode(), readOwner(info))
	switch {
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path) //nolint:gosec // the caller names what is to be read
		if err != nil {
			return text + ": " + err.Error()
		}
		text += fmt.Sprintf(", %d bytes, sum %.16x", len(data), sha256.Sum256(data))
	case info.Mode().Type() == fs.ModeSymlink:
		target, _ := os.Readlink(path)
		text += " to " + target
	}
	return text
}
