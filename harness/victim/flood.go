package victim

import (
	"bytes"
	"context"
	"os"
	"time"
)

// EventFlooded says that the reader of the output has taken all of a flood.
const EventFlooded = "flooded"

// A flood is 1 MB a second or a multiple of it, in pieces.
const (
	floodRate   = 1_000_000
	floodPieces = 50 // a second
)

// flood writes to the standard output for as long as the options say, and waits for its reader. No line ends, and little of it is
// UTF-8.
func (v *victim) flood(ctx context.Context) {
	piece := bytes.Repeat([]byte{0xff, 0xc3, '(', 0x00, 0xe2, 0x82, 'x', 0xf8}, max(1, v.options.FloodRate)*floodRate/floodPieces/8)
	ticker := time.NewTicker(time.Second / floodPieces)
	defer ticker.Stop()
	for range int(v.options.FloodPeriod.Seconds() * floodPieces) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if _, err := os.Stdout.Write(piece); err != nil {
			return // the journal lacks the event then
		}
	}
	v.journal.note(EventFlooded)
	close(v.flooded)
}
