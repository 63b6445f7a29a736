package progress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
)

// start is when the runs of the tests begin.
var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// story is a board to which so many announcements were applied.
func story(announcements ...announcement) *board {
	b := newBoard(start)
	for _, a := range announcements {
		b.apply(a)
	}
	return b
}

func beginning(worker, promise, service string, seconds float64) announcement {
	return announcement{Worker: worker, Step: begins, Promise: promise, Service: service, At: after(seconds)}
}

// opened is a run at its beginning, busy one in its middle, and ended one at its end.
func opened() []announcement {
	return []announcement{{Planned: map[string]int{"boot": 1, "hang": 28, "persistence": 12, "restart": 64, "load": 1}}}
}

func busy() []announcement {
	told := append(
		opened(),
		beginning("1", "boot.all", "", 2), announcement{Worker: "1", Step: ends},
		beginning("2", "hang.detected", "user.hero_osis_server", 3), announcement{Worker: "2", Step: waits, Until: after(48)},
		beginning("3", "hang.detected", "hero_chaos.hang1", 3), announcement{Worker: "3", Step: waits, Until: after(39)},
		beginning("4", "restart.sigkill", "user.hero_embedder_service_with_a_very_long_name_indeed", 4),
		announcement{Worker: "4", Step: waits, For: "the sandbox sigkill"},
		beginning("5", "restart.sigterm", "user.hero_proxy\x1b[2J", 5), announcement{Worker: "5", Step: ends},
		beginning("5", "restart.sigterm", "user.hero_proxy", 7),
		announcement{Worker: "9", Step: ends}, // nobody's
		beginning("6", "persistence.container-restart", "", 6), announcement{Worker: "6", Step: waits, Until: after(260)},
	)
	for range 11 {
		told = append(told, beginning("7", "hang.stop", "x", 5), announcement{Worker: "7", Step: ends})
	}
	return told
}

func ended() []announcement {
	return []announcement{
		{Planned: map[string]int{"boot": 1}}, beginning("1", "boot.all", "", 2), {Worker: "1", Step: ends},
	}
}

func TestAFrame(t *testing.T) {
	for name, c := range map[string]struct {
		told          []announcement
		width, height int
	}{
		"opened-80": {opened(), 80, 24},
		"busy-80":   {busy(), 80, 24},
		"busy-120":  {busy(), 120, 24},
		"busy-low":  {busy(), 80, 6}, // the theme that is whole gives way
		"ended-80":  {ended(), 80, 24},
		"nothing":   {nil, 80, 24},
	} {
		t.Run(name, func(t *testing.T) {
			lines := story(c.told...).frame(after(34.2), c.width, c.height)
			if len(lines) >= c.height {
				t.Errorf("%d lines and the cursor on %d rows", len(lines), c.height)
			}
			for _, line := range lines {
				if letters := len([]rune(strings.TrimSuffix(line, "\n"))); letters > c.width {
					t.Errorf("%d columns of %d: %q", letters, c.width, line)
				}
			}
			golden.Check(t, name+".txt", strings.Join(lines, ""))
		})
	}
}

// TestNoTerminalIsTooSmall draws on what is hardly one.
func TestNoTerminalIsTooSmall(t *testing.T) {
	for height := 1; height < 4; height++ {
		if lines := story(busy()...).frame(after(34), 1, height); len(lines) > max(1, height-1) {
			t.Errorf("%d lines on %d rows: %q", len(lines), height, lines)
		}
	}
}

// TestWithoutATerminal follows a run on what is none: a line when a theme is whole, else one every 15 s.
func TestWithoutATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	out := new(bytes.Buffer)
	v := newView(out, path, nil, start)
	told := map[int][]announcement{0: opened(), 2: busy()[1:3], 3: busy()[3:], 61: {{Worker: "6", Step: ends}}}
	for second := range 63 {
		say(t, path, told[second]...)
		if err := v.update(after(float64(second))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 16 {
		say(t, path, beginning("8", "hang.more", fmt.Sprint(i), 62), announcement{Worker: "8", Step: ends})
	}
	say(t, path, announcement{Worker: "2", Step: ends})
	if err := v.close(after(63)); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsRune(out.String(), '\x1b') {
		t.Errorf("an escape code: %q", out)
	}
	golden.Check(t, "plain.txt", out.String())
}

// say appends announcements to the file at path as they are, with the test's own clock.
func say(t *testing.T, path string, told ...announcement) {
	t.Helper()
	for _, one := range told {
		line, err := json.Marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		appendText(t, path, string(line)+"\n")
	}
}

// TestOnATerminal draws over what it has drawn, and leaves nothing behind.
func TestOnATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	out := new(bytes.Buffer)
	v := newView(out, path, func() (int, int, bool) { return 0, 0, false }, start)
	say(t, path, opened()...)
	for second := range 2 {
		if err := v.update(after(float64(second))); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.close(after(2)); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "terminal.txt", strings.ReplaceAll(out.String(), "\x1b", "ESC"))
}

// TestWhatIsAnnouncedArrives from many processes at once, whole, and once.
func TestWhatIsAnnouncedArrives(t *testing.T) {
	const workers, specs = 8, 50
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	follower, b := newFollower(path), newBoard(start)
	if early := follower.next(); early != nil {
		t.Errorf("before there is a file: %v", early)
	}
	Announce(path, "").Plan(map[string]int{"hang": workers * specs})
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			announcer := Announce(path, fmt.Sprint(worker))
			defer announcer.Close()
			for i := range specs {
				announcer.Begin("hang.detected", fmt.Sprint(i))
				announcer.Await("the sandbox main")
				announcer.Due(time.Second)
				announcer.End()
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for followed := false; !followed; {
		select {
		case <-ended:
			followed = true
		default:
		}
		for _, a := range follower.next() {
			b.apply(a)
		}
	}
	if in, due := b.total(); in != workers*specs || due != in || len(b.now) != 0 {
		t.Errorf("%d of %d results are in, %d go on", in, due, len(b.now))
	}
}

// TestAnOddFileIsNoTrouble: half a line is read when it is whole, and what is none of ours is left out.
func TestAnOddFileIsNoTrouble(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	follower := newFollower(path)
	for _, c := range []struct {
		text string
		read int
	}{
		{`{"planned":{"hang":3}}` + "\n" + `{"step":"beg`, 1},
		{`ins","promise":"hang.detected"}` + "\n", 1},
		{"no announcement\n\n[]\n\x00\xff\n" + `{"step":"ends"}` + "\n", 1},
	} {
		appendText(t, path, c.text)
		if read := follower.next(); len(read) != c.read {
			t.Errorf("%.40q: read %v", c.text, read)
		}
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNobodyNeedsToFollow: an announcer that cannot announce is none, and does nothing.
func TestNobodyNeedsToFollow(t *testing.T) {
	nobody := Announce(filepath.Join(t.TempDir(), "none", "progress.jsonl"), "1")
	if nobody != nil {
		t.Fatal("there is no folder to announce in")
	}
	nobody.Plan(nil)
	nobody.Begin("a.b", "")
	nobody.Due(time.Second)
	nobody.End()
	nobody.Close()
}

// broken is where nothing can be written any more.
type broken struct{ written int }

func (b *broken) Write([]byte) (int, error) {
	b.written++
	return 0, errors.New("broken pipe")
}

func TestALostTerminalIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	say(t, path, ended()...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out := new(broken)
	Show(ctx, out, path)
	if ctx.Err() != nil || out.written != 1 {
		t.Errorf("%d writes; %v", out.written, ctx.Err())
	}
}

func TestAShowEndsWithTheRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.jsonl")
	say(t, path, ended()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := new(bytes.Buffer)
	Show(ctx, out, path)
	if !strings.HasPrefix(out.String(), "hero_chaos: boot: 1 of 1 results after ") {
		t.Errorf("the last that there is to say is missing: %q", out)
	}
}

// FuzzFollow reads any file, and draws what it says.
func FuzzFollow(f *testing.F) {
	f.Add([]byte(`{"planned":{"hang":3}}`+"\n"+`{"worker":"1","step":"begins","promise":"hang.x"}`+"\n"), 80, 24)
	f.Add([]byte(`{"planned":{"\u001b[2J":-3,"":9223372036854775807}}`+"\n"), 1, 1)
	f.Fuzz(func(t *testing.T, text []byte, width, height int) {
		path := filepath.Join(t.TempDir(), "progress.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		b, follower := newBoard(start), newFollower(path)
		for _, a := range follower.next() {
			b.apply(a)
		}
		for _, line := range append(b.frame(start, max(1, width), height), b.pulse(start)) {
			if strings.Contains(strings.TrimSuffix(line, "\n"), "\n") || strings.ContainsRune(line, '\x1b') {
				t.Errorf("it moves the cursor: %q", line)
			}
		}
	})
}

func TestALullIsWhenLittleIsLeftThatTakesLong(t *testing.T) {
	waiting := func(worker string, until float64) []announcement {
		return []announcement{beginning(worker, "health.cadence", "", 1), {Worker: worker, Step: waits, Until: after(until)}}
	}
	for name, c := range map[string]struct {
		told []announcement
		want bool
	}{
		"nothing is known":      {nil, false},
		"nobody has planned":    {waiting("1", 90), false},
		"much is left":          {busy(), false},
		"little is left":        {append(waiting("1", 90), announcement{Planned: map[string]int{"health": few}}), true},
		"a little more":         {append(waiting("1", 90), announcement{Planned: map[string]int{"health": few + 1}}), false},
		"it ends soon":          {append(waiting("1", 29), announcement{Planned: map[string]int{"health": 1}}), false},
		"nothing has begun":     {[]announcement{{Planned: map[string]int{"health": 1}}}, false},
		"one of two takes long": {slices.Concat(waiting("1", 12), waiting("2", 40), []announcement{{Planned: map[string]int{"health": 2}}}), true},
	} {
		if got := story(c.told...).lull(after(10), 20*time.Second); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	over, end := context.WithCancel(t.Context())
	end()
	if Lull(over, filepath.Join(t.TempDir(), "progress.jsonl"), 0) {
		t.Error("a run that is over has a lull")
	}
}
