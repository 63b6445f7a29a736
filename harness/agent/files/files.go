// Package files reads, searches and replaces the container's files.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// defaultLimit is how much of a file's end is read if the caller names no limit, in bytes.
const defaultLimit = 1 << 20

// Read returns the end of a file, up to a limit.
func Read(_ context.Context, params protocol.FileParams) ([]byte, error) {
	file, err := os.Open(params.Path)
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
	file, err := os.OpenFile(params.Path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(params.Data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", params.Path, err)
	}
	return nil
}
