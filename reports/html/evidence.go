package html

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// largestExcerpt is the most bytes that are read of a file, from its beginning.
const largestExcerpt = 64 << 10

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
	file, err := f.root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, false, fs.ErrInvalid
	}
	data, err = io.ReadAll(io.LimitReader(file, most+1))
	if int64(len(data)) > most {
		return data[:most], false, err
	}
	return data, true, err
}

// ofResult returns excerpts of the files that were collected for a result, at most so many.
func (f *files) ofResult(r *record.Record, result record.Result, most int) []excerpt {
	var found []excerpt
	for _, evidence := range r.Evidence {
		if evidence.Shard == result.Shard && evidence.Promise == result.Promise && (evidence.Service == "" || evidence.Service == result.Service) {
			found = append(found, f.excerpts(evidence.Path)...)
		}
	}
	for _, id := range result.Recoveries {
		if recovery, ok := r.Recovery(id); ok && recovery.Evidence != "" {
			found = append(found, f.excerpts(recovery.Evidence)...)
		}
	}
	return found[:min(len(found), most)]
}

// excerpts returns the excerpt of a file, or those of the files in a folder.
func (f *files) excerpts(name string) []excerpt {
	name = path.Clean(name)
	if f.root == nil || !fs.ValidPath(name) {
		return nil
	}
	entries, err := fs.ReadDir(f.root, name)
	if err != nil {
		return []excerpt{f.excerpt(name)}
	}
	var found []excerpt
	for _, entry := range entries {
		if !entry.IsDir() {
			found = append(found, f.excerpt(path.Join(name, entry.Name())))
		}
	}
	return found
}

// excerpt returns the end of a text, which says how it ended.
func (f *files) excerpt(name string) excerpt {
	const lines, bytesShown = 40, 8 << 10
	data, whole, err := f.read(name, largestExcerpt)
	switch {
	case err != nil:
		return excerpt{Path: name, Note: "the file cannot be read"}
	case bytes.IndexByte(data, 0) >= 0:
		return excerpt{Path: name, Note: "the file is not text"}
	case !whole:
		return excerpt{Path: name, Text: shorten(colours.ReplaceAllString(string(data), ""), bytesShown), Note: "its beginning"}
	}
	all := strings.Split(strings.TrimRight(colours.ReplaceAllString(string(data), ""), "\n"), "\n")
	note := ""
	if len(all) > lines {
		note = fmt.Sprintf("the last %d of %d lines", lines, len(all))
		all = all[len(all)-lines:]
	}
	return excerpt{Path: name, Text: shorten(strings.Join(all, "\n"), bytesShown), Note: note}
}
