package runner

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

// Fingerprint returns a hash of the tools and of the files that they read. A result of other tools cannot be reused.
func (t Tools) Fingerprint(files ...string) (string, error) {
	sum := sha256.New()
	for _, path := range append([]string{t.Ginkgo, t.Suites, t.Agent}, files...) {
		file, err := os.Open(path) //nolint:gosec // our own tools
		if err == nil {
			_, err = io.Copy(sum, file)
			_ = file.Close()
		}
		if err != nil {
			return "", fmt.Errorf("read what the suites are run by: %w", err)
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
