// Package files reads, searches and replaces the container's files.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// defaultLimit is how much of a file's end is read if the caller names no limit, in bytes.
const defaultLimit = 1 << 20

// open opens a regular file for reading. Opening a pipe would wait for a writer, and a device may have no end.
func open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0) //nolint:gosec // to read what it is told to is the purpose
	if err != nil {
		return nil, err
	}
	about, err := file.Stat()
	if err == nil && !about.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// read returns the content of a regular file of at most so many bytes.
func read(path string, limit int64) ([]byte, error) {
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, limit))
}

// Read returns the end of a file, up to a limit.
func Read(_ context.Context, params protocol.FileParams) ([]byte, error) {
	file, err := open(params.Path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	limit := params.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > limit {
		if _, err := file.Seek(-limit, io.SeekEnd); err != nil {
			return nil, fmt.Errorf("read %s: %w", params.Path, err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", params.Path, err)
	}
	return data, nil
}

// Glob returns the names that a pattern matches.
func Glob(_ context.Context, params protocol.FileParams) ([]string, error) {
	return filepath.Glob(params.Path)
}

// Write replaces the content of a file that exists.
func Write(_ context.Context, params protocol.WriteParams) error {
	about, err := os.Stat(params.Path)
	if err == nil && !about.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", params.Path)
	}
	if err != nil {
		return err
	}
	file, err := os.OpenFile(params.Path, os.O_WRONLY|os.O_TRUNC|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(params.Data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", params.Path, err)
	}
	return nil
}
