package protocol

import (
	"context"
	"io/fs"
	"time"
)

// The methods about files.
const (
	MethodReadFile  = "file.read"
	MethodWriteFile = "file.write"
	MethodGlob      = "file.glob"
	MethodHash      = "file.hash"
	MethodWalk      = "file.walk"
	MethodLeaks     = "file.leaks"
	MethodDisk      = "file.disk"
	MethodPlant     = "file.plant"
	MethodTree      = "file.tree"
)

// FileParams names a file, or a pattern as filepath.Glob takes it.
type FileParams struct {
	Path string `json:"path"`
	// Limit bounds what is read, in bytes from the end; 0 is 1 MiB.
	Limit int64 `json:"limit,omitempty"`
}

// ReadFile returns the last limit bytes of a file; a limit of 0 is 1 MiB.
func (c Client) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	return call[[]byte](ctx, c, MethodReadFile, FileParams{Path: path, Limit: limit})
}

// Glob returns the names that a pattern matches.
func (c Client) Glob(ctx context.Context, pattern string) ([]string, error) {
	return call[[]string](ctx, c, MethodGlob, FileParams{Path: pattern})
}

// WriteParams is a file and its new content.
type WriteParams struct {
	Path string `json:"path"`
	Data []byte `json:"data"`
}

// WriteFile replaces the content of a file that exists. Nothing undoes it.
func (c Client) WriteFile(ctx context.Context, path string, data []byte) error {
	return c.Call(ctx, MethodWriteFile, WriteParams{Path: path, Data: data}, nil)
}

// HashParams names files by a pattern, as filepath.Glob takes it.
type HashParams struct {
	Pattern string `json:"pattern"`
}

// Hashes returns the SHA-256 sums of the files that a pattern matches, in hexadecimal by path. What is no regular file is left out.
func (c Client) Hashes(ctx context.Context, pattern string) (map[string]string, error) {
	return call[map[string]string](ctx, c, MethodHash, HashParams{Pattern: pattern})
}

// WalkParams says where to look for which files. /proc, /sys and /dev are left out, and links are not followed.
type WalkParams struct {
	// Roots are files, or folders that are searched with all that is in them.
	Roots []string `json:"roots"`
	// Skip are paths that are left out, with all that is in them.
	Skip []string `json:"skip,omitempty"`
	// Names are patterns of a file's own name as path.Match takes them; none is all.
	Names []string `json:"names,omitempty"`
	// Words are texts of which a file must hold one, byte for byte; none is any file.
	Words []string `json:"words,omitempty"`
	// Limit bounds the search, in nanoseconds.
	Limit time.Duration `json:"limit_ns"`
}

// Match is a file that was found.
type Match struct {
	Path string `json:"path"`
	// Text says that its beginning holds no zero byte.
	Text bool `json:"text"`
	// Line is the first line that holds a word, or what is around the word, at most 160 bytes.
	Line string `json:"line,omitempty"`
}

// WalkResult is the result of a walk.
type WalkResult struct {
	Found []Match `json:"found"`
	// Files is how many files were looked at; Complete says that they were all.
	Files    int  `json:"files"`
	Complete bool `json:"complete"`
}

// Walk looks for files by name and content.
func (c Client) Walk(ctx context.Context, params WalkParams) (WalkResult, error) {
	return call[WalkResult](ctx, c, MethodWalk, params)
}

// LeaksParams says what to look for in the container's files. Search only for canaries: a needle travels to the agent.
type LeaksParams struct {
	Needles map[string]string `json:"needles"` // by name
	// Limit is how much is read at most, in bytes.
	Limit int64 `json:"limit"`
}

// Leak is a file that holds a needle.
type Leak struct {
	Needle string `json:"needle"` // its name
	Path   string `json:"path"`
}

// Leaks is the result of a search. It reads only files that changed since the container's first process started: no older file can hold
// a canary.
type Leaks struct {
	Found []Leak `json:"found,omitempty"`
	Files int    `json:"files"` // that were read
	// Truncated says that the limit was reached before the last file.
	Truncated bool `json:"truncated,omitempty"`
}

// Leaks looks for canaries in the container's files.
func (c Client) Leaks(ctx context.Context, params LeaksParams) (Leaks, error) {
	return call[Leaks](ctx, c, MethodLeaks, params)
}

// DiskParams names folders that are left out.
type DiskParams struct {
	Skip []string `json:"skip,omitempty"`
}

// Disk counts what was written since the container's first process started and is still there.
type Disk struct {
	// Folders are the files in each folder, by its path.
	Folders map[string]Amount `json:"folders"`
	// Kernel counts objects of the kernel that no process need hold, by their kind: sockets, cgroups, shared memory, queues.
	Kernel map[string]int `json:"kernel"`
}

// Amount is a number of files and their size.
type Amount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Disk counts what was written since the container's first process started.
func (c Client) Disk(ctx context.Context, skip ...string) (Disk, error) {
	return call[Disk](ctx, c, MethodDisk, DiskParams{Skip: skip})
}

// Plant is a file to be created with the folders above it.
type Plant struct {
	Path string      `json:"path"`
	Mode fs.FileMode `json:"mode"`
	Data []byte      `json:"data,omitempty"`
	// Link makes it a symbolic link to that.
	Link string `json:"link,omitempty"`
}

// Plant creates a file. Nothing undoes it.
func (c Client) Plant(ctx context.Context, file Plant) error {
	return c.Call(ctx, MethodPlant, file, nil)
}

// Tree describes each file and folder below a path: its kind, mode, owner, and the sum of its content.
func (c Client) Tree(ctx context.Context, path string) (map[string]string, error) {
	return call[map[string]string](ctx, c, MethodTree, FileParams{Path: path})
}
