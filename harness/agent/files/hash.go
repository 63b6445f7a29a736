package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
			data, err := os.ReadFile(path) //nolint:gosec // the caller names what is to be read
			if err != nil {
				return nil, fmt.Errorf("hash %s: %w", path, err)
			}
			sum := sha256.Sum256(data)
			known[identity] = hex.EncodeToString(sum[:])
		}
		sums[path] = known[identity]
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("hash %s: %w", params.Pattern, err)
		}
	}
	return sums, nil
}
