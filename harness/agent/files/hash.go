package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// Hash returns the SHA-256 sums of the files that a pattern matches. It reads a file with several names once.
func Hash(ctx context.Context, params protocol.HashParams) (map[string]string, error) {
	paths, err := filepath.Glob(params.Pattern)
	if err != nil {
		return nil, fmt.Errorf("hash %s: %w", params.Pattern, err)
	}
	sums := map[string]string{}
	known := map[inode]string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		identity := readInode(info)
		if known[identity] == "" {
			if known[identity], err = Sum(path); err != nil {
				return nil, fmt.Errorf("hash %s: %w", path, err)
			}
		}
		sums[path] = known[identity]
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("hash %s: %w", params.Pattern, err)
		}
	}
	return sums, nil
}

// Sum returns the SHA-256 sum of a regular file, in hexadecimal.
func Sum(path string) (string, error) {
	file, err := open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
