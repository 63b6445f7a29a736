package attest

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// largestKeyFile is more bytes than any file with one key has.
const largestKeyFile = 16 << 10

// ReadSigningKey reads a signing key from a file that only its owner can read. Without a path it returns nil.
func ReadSigningKey(path string) (*SigningKey, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // without a key nothing is signed, which is no error
	}
	text, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", path, err)
	}
	key, err := ParseSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", path, err)
	}
	return &key, nil
}

// readPrivate reads a file, and refuses one that others can read.
func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the file that was named
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the path
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !about.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case about.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others can read it (mode %#o): make it private by chmod 600, and consider replacing it", about.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(file, largestKeyFile))
}
