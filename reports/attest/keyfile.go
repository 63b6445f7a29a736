package attest

import (
	"fmt"
	"io/fs"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
)

// largestKeyFile is more bytes than any file with one key has.
const largestKeyFile = 16 << 10

// ReadSigningKey reads a signing key from a file that only its owner can read. Without a path it returns nil.
func ReadSigningKey(path string) (*SigningKey, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // without a key nothing is signed, which is no error
	}
	text, err := regular.Read(path, largestKeyFile, checkPrivate)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	key, err := ParseSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", path, err)
	}
	return &key, nil
}

// ReadVerifyingKey reads a public key from a file.
func ReadVerifyingKey(path string) (VerifyingKey, error) {
	text, err := regular.Read(path, largestKeyFile)
	if err != nil {
		return VerifyingKey{}, fmt.Errorf("read the verifying key: %w", err)
	}
	key, err := ParseVerifyingKey(text)
	if err != nil {
		return VerifyingKey{}, fmt.Errorf("read the verifying key %s: %w", path, err)
	}
	return key, nil
}

// checkPrivate refuses a file that others can read.
func checkPrivate(about fs.FileInfo) error {
	if mode := about.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others can read it (mode %#o): make it private by chmod 600, and consider replacing it", mode)
	}
	return nil
}
