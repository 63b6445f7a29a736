package protocol

import (
	"context"
	"time"
)

// MethodWalk looks for files.
const MethodWalk = "file.walk"

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
	var walked WalkResult
	err := c.Call(ctx, MethodWalk, params, &walked)
	return walked, err
}
