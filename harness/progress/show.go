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
	// look is the time between two looks at the file: what is shown counts seconds.
	look = time.Second
	// quiet is the time between two lines that only say what is awaited, where nothing is redrawn.
	quiet = 15 * time.Second
)

// Show says on out what a run does that announces it in the file at path, until ctx ends. On a terminal it
// redraws a line a theme in place, and takes them away at the end; on anything else it writes a line when a theme is
// whole, and one every 15 s. Where out cannot be written any more, it says no more.
func Show(ctx context.Context, out io.Writer, path string) {
	ticker := time.NewTicker(look)
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

// size asks for a terminal's columns and rows; false where it does not know.
type size func() (width, height int, ok bool)

// terminalSize is nil where out is no terminal that can be redrawn.
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
	return &view{out: out, file: follower{path: path}, board: newBoard(now), size: size, said: map[string]bool{}, spoke: now}
}

// update looks at the file, and shows what has changed.
func (v *view) update(now time.Time) error {
	for _, a := range v.file.next() {
		v.board.apply(a)
	}
	if v.size != nil {
		return v.redraw(now)
	}
	return v.write(v.news(now, true))
}

// close says what is left to say, and takes away what is only of use while the run goes on.
func (v *view) close(now time.Time) error {
	for _, a := range v.file.next() {
		v.board.apply(a)
	}
	if v.size != nil {
		return v.write(v.erase())
	}
	return v.write(v.news(now, false))
}

// news are the lines of themes that are whole since it was asked last and, where it is time for that, one of what is
// awaited.
func (v *view) news(now time.Time, pulse bool) string {
	text := new(strings.Builder)
	for _, theme := range v.board.themes() {
		if v.board.whole(theme) && !v.said[theme] {
			v.said[theme] = true
			_, _ = text.WriteString(v.board.done(theme, now))
		}
	}
	if pulse && text.Len() == 0 && now.Sub(v.spoke) >= quiet {
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

// redraw writes the board over what was drawn before, in one write. A line that a narrower window would wrap is cut
// off by the terminal.
func (v *view) redraw(now time.Time) error {
	width, height, ok := v.size()
	if !ok {
		width, height = usualWidth, usualHeight
	}
	lines := v.board.frame(now, width, height)
	text := v.erase() + ansi.ResetModeAutoWrap + strings.Join(lines, "") + ansi.SetModeAutoWrap
	v.drawn = len(lines)
	return v.write(ansi.SetModeSynchronizedOutput + text + ansi.ResetModeSynchronizedOutput)
}

// erase takes away what was drawn; the cursor is where that began.
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
