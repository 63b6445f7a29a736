package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The limits of an archive: a shard's files are some hundred, and some ten MiB.
const (
	filesLimit = 20_000
	bytesLimit = 1 << 30
	// nameLimit bounds an entry's name, in bytes: one of a MiB makes half a million folders.
	nameLimit = 512
	// headerLimit bounds what an entry takes beside its content, on average, in bytes.
	headerLimit = 4 << 10
)

// unpack writes the files and folders of a tar.gz below a folder that does not exist yet. It refuses links, devices, paths that
// leave the folder, files that stand twice, and what exceeds the limits.
func unpack(archive, folder string, mostFiles int, mostBytes int64) (err error) {
	packed, err := os.Open(archive) //nolint:gosec // named by the workflow
	if err != nil {
		return err
	}
	defer func() { _ = packed.Close() }()
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("read %s: %w", archive, err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil { //nolint:gosec // the folder that was named is the purpose
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()

	files, left := tar.NewReader(io.LimitReader(unzipped, mostBytes+int64(mostFiles)*headerLimit)), mostBytes
	for range mostFiles {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", archive, err)
		}
		if len(header.Name) > nameLimit {
			return fmt.Errorf("unpack %s: a name is longer than %d bytes", archive, nameLimit)
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("unpack %s: %q leaves the folder", archive, header.Name)
		}
		name := filepath.Clean(header.Name)
		switch header.Typeflag {
		case tar.TypeDir:
			if err := root.MkdirAll(name, 0o700); err != nil {
				return err
			}
		case tar.TypeReg:
			if left -= header.Size; left < 0 {
				return fmt.Errorf("unpack %s: it holds more than %d bytes", archive, mostBytes)
			}
			if err := extract(root, name, files); err != nil {
				return fmt.Errorf("unpack %s: %w", archive, err)
			}
		default:
			return fmt.Errorf("unpack %s: %q is neither a file nor a folder", archive, header.Name)
		}
	}
	return fmt.Errorf("unpack %s: it holds %d entries or more", archive, mostFiles)
}

// extract writes a file that does not exist yet.
func extract(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
