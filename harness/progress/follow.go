package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"time"
)

// few is how many results may be open in a lull: those of the longest waits.
const few = 4

// Lull waits until a run that announces what it does in the file at path has few results left, and waits for one of them
// for at least so long; false where ctx ends first. Then the machine has time for something else.
func Lull(ctx context.Context, path string, least time.Duration) bool {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	file, seen := follower{path: path}, newBoard(time.Now())
	for {
		select {
		case now := <-ticker.C:
			for _, a := range file.next() {
				seen.apply(a)
			}
			if seen.lull(now, least) {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// mostAtOnce is how much of the file is read at a look, in bytes: thousands of announcements. The rest is read at the next.
const mostAtOnce = 1 << 20

// follower reads what has been appended to a file since it looked last. The file may not be there yet.
type follower struct {
	path string
	at   int64 // all before it has been read
}

// next returns the announcements since the last call. A line that is none is left out, one that is not whole yet is left
// for the next call.
func (f *follower) next() []announcement {
	file, err := os.Open(f.path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	text := make([]byte, mostAtOnce)
	count, _ := file.ReadAt(text, f.at)
	whole := bytes.LastIndexByte(text[:count], '\n') + 1
	if whole == 0 && count == mostAtOnce {
		whole = count // no line of ours is that long
	}
	f.at += int64(whole)
	var read []announcement
	for line := range bytes.Lines(text[:whole]) {
		var one announcement
		if json.Unmarshal(line, &one) == nil {
			read = append(read, one)
		}
	}
	return read
}
