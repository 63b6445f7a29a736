package html

import (
	"io"
	"io/fs"
	"regexp"
)

// colours matches the sequences by which programs colour their output (ECMA-48, "control sequences").
var colours = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]`)

// excerpt is a part of a file that was collected. The zero value is no excerpt.
type excerpt struct {
	Path string // relative to the page
	Text string
	Note string // which part is shown, or why nothing is
}

// files reads the evidence that was collected. The target may have written any of it.
type files struct{ root fs.FS }

func newFiles(root fs.FS) *files { return &files{root} }

// read returns the beginning of a file, and whether that is the whole file.
func (f *files) read(name string, most int64) (data []byte, whole bool, err error) {
	if f.root == nil {
		return nil, false, fs.ErrNotExist
	}
	if about, err := fs.Stat(f.root, name); err != nil || !about.Mode().IsRegular() {
		return nil, false, fs.ErrInvalid // to open a pipe would wait for a writer
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	data, err = io.ReadAll(io.LimitReader(file, most+1))
	if int64(len(data)) > most {
		return data[:most], false, err
	}
	return data, true, err
}
