package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const (
	// foundLimit bounds the files that a walk reports.
	foundLimit = 200
	// chunk is how much of a file is read at a time; overlap is how much of it is searched again with the next chunk.
	chunk   = 1 << 20
	overlap = 4 << 10
	// excerptLimit is the longest excerpt of a file, in bytes.
	excerptLimit = 160
)

// Walk looks for files under its roots until all were seen or the limit is over.
func Walk(ctx context.Context, params protocol.WalkParams) (protocol.WalkResult, error) {
	for _, pattern := range params.Names {
		if _, err := path.Match(pattern, ""); err != nil {
			return protocol.WalkResult{}, fmt.Errorf("walk for %q: %w", pattern, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, params.Limit)
	defer cancel()
	w := walker{ctx: ctx, params: params, buffer: make([]byte, chunk)}
	for _, root := range params.Roots {
		// A file that cannot be read, or is gone meanwhile, is no error.
		_ = filepath.WalkDir(root, w.visit)
	}
	w.result.Complete = ctx.Err() == nil && len(w.result.Found) < foundLimit
	return w.result, nil
}

type walker struct {
	ctx    context.Context
	params protocol.WalkParams
	buffer []byte
	result protocol.WalkResult
}

func (w *walker) visit(name string, entry fs.DirEntry, err error) error {
	switch {
	case w.ctx.Err() != nil || len(w.result.Found) >= foundLimit:
		return fs.SkipAll
	case err != nil:
		return nil
	case slices.Contains([]string{"/proc", "/sys", "/dev"}, name), slices.Contains(w.params.Skip, name):
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	case !entry.Type().IsRegular() || !w.matchesName(entry.Name()):
		return nil
	}
	w.result.Files++
	if found, ok := w.read(name); ok {
		w.result.Found = append(w.result.Found, found)
	}
	return nil
}

func (w *walker) matchesName(name string) bool {
	return len(w.params.Names) == 0 || slices.ContainsFunc(w.params.Names, func(pattern string) bool {
		matched, _ := path.Match(pattern, name)
		return matched
	})
}

// read searches a file's content, chunk by chunk.
func (w *walker) read(name string) (protocol.Match, bool) {
	found := protocol.Match{Path: name, Text: true}
	file, err := open(name)
	if err != nil {
		return found, len(w.params.Words) == 0
	}
	defer func() { _ = file.Close() }()
	kept := 0
	for first := true; w.ctx.Err() == nil; first = false {
		n, err := io.ReadFull(file, w.buffer[kept:])
		part := w.buffer[:kept+n]
		if first {
			found.Text = !bytes.ContainsRune(part[:min(len(part), 8<<10)], 0)
		}
		if len(w.params.Words) == 0 {
			return found, true
		}
		for _, word := range w.params.Words {
			if at := bytes.Index(part, []byte(word)); at >= 0 {
				found.Line = cutExcerpt(part, at, len(word))
				return found, true
			}
		}
		if err != nil {
			return found, false
		}
		kept = copy(w.buffer, part[len(part)-overlap:])
	}
	return found, false
}

// cutExcerpt returns the line cutExcerpt a place, or as much of it as fits.
func cutExcerpt(text []byte, at, length int) string {
	from := max(bytes.LastIndexByte(text[:at], '\n')+1, at-excerptLimit/2)
	to := len(text)
	if end := bytes.IndexByte(text[at:], '\n'); end >= 0 {
		to = at + end
	}
	to = min(to, max(at+length, from+excerptLimit))
	return strings.ToValidUTF8(strings.Map(replaceControl, string(text[from:to])), "?")
}

func replaceControl(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}
