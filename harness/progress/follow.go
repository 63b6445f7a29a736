package progress

import (
	"context"
	"encoding/json"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/tail"
)

// few is the number of results that may be open in a lull: those of the longest waits.
const few = 4

// Lull waits until the run that writes the file at path has few results left and waits at least so long for one of them. Then
// the machine has time for something else. It returns false if ctx ends first.
func Lull(ctx context.Context, path string, least time.Duration) bool {
	ticker := time.NewTicker(readInterval)
	defer ticker.Stop()
	file, seen := newFollower(path), newBoard(time.Now())
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

// follower reads the announcements that were appended to a file since the last reading.
type follower struct{ lines tail.File }

func newFollower(path string) follower { return follower{tail.File{Path: path}} }

// next returns the announcements since the last call. It skips a line that is none.
func (f *follower) next() []announcement {
	var read []announcement
	for _, line := range f.lines.Next() {
		var one announcement
		if json.Unmarshal(line, &one) == nil {
			read = append(read, one)
		}
	}
	return read
}
