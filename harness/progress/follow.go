package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"time"
)

// few is the number of results that may be open in a lull: those of the longest waits.
const few = 4

// Lull waits until the run that writes the file at path has few results left and waits at least so long for one of them. Then
// the machine has time for something else. It returns false if ctx ends first.
func Lull(ctx context.Context, path string, least time.Duration) bool {
	ticker := time.NewTicker(readInterval)
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

// mostAtOnce is the number of bytes that are read at once: thousands of announcements. The rest follows at the next reading.
const mostAtOnce = 1 << 20

// follower reads what was appended to a file since the last reading. The file may not exist yet.
type follower struct {
	path string
	at   int64 // all before it has been read
}

// next returns the announcements since the last call. It skips a line that is none, and leaves half a line for the next call.
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
