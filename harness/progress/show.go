package progress

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

const (
	// readInterval is the time between two readings of the file: the display counts seconds.
	readInterval = time.Second
	// pulseInterval is the time between two lines that only say what is awaited, if nothing is redrawn.
	pulseInterval = 15 * time.Second
)

// Show shows on out what the run that writes the file at path does, until ctx ends. On a terminal it redraws a line for each
// theme and removes them at the end. Elsewhere it writes a line when a theme is whole, and one every 15 s. It stops if out
// cannot be written.
func Show(ctx context.Context, out io.Writer, path string) {
	ticker := time.NewTicker(readInterval)
	defer ticker.Stop()
	v := newView(out, path, terminalSize(out), time.Now())
	for {
		select {
		case now := <-ticker.C:
			// A terminal that was stopped until after the end shows other things now, which are not to be taken away.
			if v.update(now) != nil || ctx.Err() != nil {
				return
			}
		case <-ctx.Done():
			_ = v.close(time.Now())
			return
		}
	}
}

// size returns a terminal's columns and rows, false if it does not know.
type size func() (width, height int, ok bool)

// terminalSize returns nil if out is no terminal that can be redrawn.
func terminalSize(out io.Writer) size {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() (int, int, bool) {
		width, height, err := term.GetSize(int(file.Fd()))
		return width, height, err == nil && width > 0 && height > 0
	}
}

// view shows the board of a run.
type view struct {
	out   io.Writer
	file  follower
	board *board
	size  size // nil: no terminal

	drawn int             // rows of a terminal that are ours
	said  map[string]bool // themes that were said to be whole
	spoke time.Time       // when the last line was written
}

func newView(out io.Writer, path string, size size, now time.Time) *view {
	return &view{out: out, file: newFollower(path), board: newBoard(now), size: size, said: map[string]bool{}, spoke: now}
}

// update reads the file, and shows what has changed.
func (v *view) update(now time.Time) error {
	for _, a := range v.file.next() {
		v.board.apply(a)
	}
	if v.size != nil {
		return v.redraw(now)
	}
	return v.write(v.news(now, true))
}

// close writes the last lines, and removes what is only of use while the run goes on.
func (v *view) close(now time.Time) error {
	for _, a := range v.file.next() {
		v.board.apply(a)
	}
	if v.size != nil {
		return v.write(v.erase() + v.board.takeNotes())
	}
	return v.write(v.news(now, false))
}

// news returns the lines of themes that became whole since the last call. If there are none and it is time, it returns one
// about what is awaited.
func (v *view) news(now time.Time, pulse bool) string {
	text := new(strings.Builder)
	_, _ = text.WriteString(v.board.takeNotes())
	for _, theme := range v.board.themes() {
		if v.board.whole(theme) && !v.said[theme] {
			v.said[theme] = true
			_, _ = text.WriteString(v.board.done(theme, now))
		}
	}
	if pulse && text.Len() == 0 && now.Sub(v.spoke) >= pulseInterval {
		_, _ = text.WriteString(v.board.pulse(now))
	}
	if text.Len() > 0 {
		v.spoke = now
	}
	return text.String()
}

// The size of a terminal that does not tell its own.
const (
	usualWidth  = 80
	usualHeight = 24
)

// redraw writes the board over what was drawn before, in one write. The terminal cuts off a line that is too long.
func (v *view) redraw(now time.Time) error {
	width, height, ok := v.size()
	if !ok {
		width, height = usualWidth, usualHeight
	}
	lines := v.board.frame(now, width, height)
	text := v.erase() + v.board.takeNotes() + ansi.ResetModeAutoWrap + strings.Join(lines, "") + ansi.SetModeAutoWrap
	v.drawn = len(lines)
	return v.write(ansi.SetModeSynchronizedOutput + text + ansi.ResetModeSynchronizedOutput)
}

// erase removes what was drawn, and leaves the cursor where that began.
func (v *view) erase() string {
	if v.drawn == 0 {
		return ""
	}
	return ansi.CursorUp(v.drawn) + "\r" + ansi.EraseScreenBelow
}

func (v *view) write(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(v.out, text)
	return err
}
