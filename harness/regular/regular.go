// Package regular reads files that somebody else may have prepared. It refuses whatever is no regular file, before it reads: a FIFO
// would wait for ever, and a device may never end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Read returns the content of a regular file of at most limit bytes. The checks may refuse the file by what is known of it, before it
// is read. The error names the path.
func Read(path string, limit int64, checks ...func(fs.FileInfo) error) ([]byte, error) {
	// Without O_NONBLOCK the opening of a FIFO waits for a writer.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0) //nolint:gosec // to read the file that was named is the purpose
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := read(file, limit, checks)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return data, nil
}

func read(file *os.File, limit int64, checks []func(fs.FileInfo) error) ([]byte, error) {
	about, err := file.Stat()
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	tooLarge := fmt.Errorf("more than %d bytes, which no such file of hero_chaos has", limit)
	switch {
	case !about.Mode().IsRegular():
		return nil, fmt.Errorf("not a regular file, but %s", describeType(about.Mode()))
	case about.Size() > limit:
		return nil, tooLarge
	}
	for _, check := range checks {
		if err := check(about); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1)) // the file may grow, and those of /proc have no size
	if err == nil && int64(len(data)) > limit {
		err = tooLarge
	}
	return data, err
}

// describeType says what kind of file it is.
func describeType(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}
