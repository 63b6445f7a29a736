package html

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

const sec = int64(time.Second)

// point returns an interval of a tenth of a second, so many tenths after the fault.
func point(tenths int64) *record.Interval {
	return &record.Interval{Lo: tenths * sec / 10, Hi: (tenths + 1) * sec / 10}
}

// TestBars checks the places of bars. The axis is 3 % longer than the time on it: 10.3 s.
func TestBars(t *testing.T) {
	g := gomega.NewWithT(t)
	r := record.Recovery{Injected: record.Interval{}, Exited: point(10), Respawned: point(51), Observed: record.Interval{Hi: 10 * sec}}
	drawn := newTimeline(r, []record.Window{{Phase: "respawned", From: "exited", Earliest: 2 * sec, Latest: 4 * sec}}, sec, nil)
	place := func(seconds float64) int { return int(seconds/10.3*1000 + .5) }
	respawned := axisHeight + 3*laneHeight
	g.Expect(drawn.bars).To(gomega.ContainElements(
		bar{"m", place(1), axisHeight + laneHeight + barTop, place(1.1) - place(1), barHeight},
		bar{"w", place(3), respawned + barTop - 2, place(5) - place(3), barHeight + 4},
		bar{"t", place(5), respawned + barTop - 2, place(6) - place(5), barHeight + 4},
		bar{"m", place(5.1), respawned + barTop, place(5.2) - place(5.1), barHeight},
	))
	g.Expect(drawn.bars[0]).To(gomega.Equal(bar{"m", 0, axisHeight + barTop, narrowest, barHeight}), "the fault has the least width")
	unseen := 0
	for _, b := range drawn.bars {
		if b.class == "u" {
			unseen++
			g.Expect(b.x+b.wide).To(gomega.Equal(place(10)), "as long as it was not seen")
		}
	}
	g.Expect(unseen).To(gomega.Equal(3), "noticed, accepting and serving")
	g.Expect(drawn.Layers[0]).To(gomega.Equal(layer{"w", fmt.Sprintf("M%d %dh%dv%dh-%dz", place(3), respawned+barTop-2, place(5)-place(3), barHeight+4, place(5)-place(3))}))
	g.Expect(drawn.Description).To(gomega.Equal("exited 1.10 s, respawned 5.20 s, serving not seen"))
}

// TestShade checks that a timeline is shaded from the landing of a fault of the host until its revert, as far as the axis goes.
func TestShade(t *testing.T) {
	g := gomega.NewWithT(t)
	place := func(seconds float64) int { return int(seconds/10.3*1000 + .5) }
	fault := record.Lasting{Injected: *point(-10), Landed: point(20), Reverted: point(40), Released: point(50)}
	shadeOf := func(fault record.Lasting) bar {
		r := record.Recovery{Injected: record.Interval{}, Observed: record.Interval{Hi: 10 * sec}}
		drawn := newTimeline(r, nil, sec, []record.Lasting{fault})
		if drawn.bars[0].class != "s" {
			return bar{}
		}
		g.Expect(drawn.Layers[0].Class).To(gomega.Equal("s"), "beneath all others")
		return drawn.bars[0]
	}
	const height = 6 * laneHeight
	g.Expect(shadeOf(fault)).To(gomega.Equal(bar{"s", place(2), axisHeight, place(4.1) - place(2), height}))
	fault.Reverted = nil
	g.Expect(shadeOf(fault)).To(gomega.Equal(bar{"s", place(2), axisHeight, place(5.1) - place(2), height}), "until the last that is known of it")
	fault.Landed = nil
	g.Expect(shadeOf(fault)).To(gomega.Equal(bar{}), "a fault that did not land was not held")
	g.Expect(newLastingTimeline(fault).Rows).To(gomega.HaveLen(4))
}

// TestDescribeMiss checks that lateness is judged as in harness/expect: by the latest possible time, with the tolerance.
func TestDescribeMiss(t *testing.T) {
	r := record.Recovery{Exited: point(0), Respawned: point(50)}
	for name, tc := range map[string]struct {
		window record.Window
		want   string
	}{
		"in time":         {record.Window{Latest: 5 * sec}, ""},
		"too late":        {record.Window{Latest: 4 * sec}, "850.00 ms too late"},
		"too early":       {record.Window{Earliest: 6 * sec}, "900.00 ms too early"},
		"without a limit": {record.Window{}, ""},
	} {
		tc.window.Phase, tc.window.From = "respawned", "exited"
		if got := describeMiss(r, tc.window, sec/4); got != tc.want {
			t.Errorf("%s: %q, not %q", name, got, tc.want)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	for length, want := range map[int64]string{
		1_000_000: "0 200 µs", 10 * sec: "0 2 s 4 s 6 s 8 s", 61 * sec: "0 20 s 40 s", 900 * sec / 1000: "0 200 ms 400 ms 600 ms 800 ms",
	} {
		ticks, _ := axis{length: float64(length)}.ticks(100)
		var labels []string
		for _, tick := range ticks {
			labels = append(labels, tick.Label)
		}
		got := strings.Join(labels, " ")
		if length == 1_000_000 {
			want = "0 0.2 ms 0.4 ms 0.6 ms 0.8 ms"
		}
		if got != want {
			t.Errorf("%d: %s, not %s", length, got, want)
		}
	}
}

// TestReproduce checks that a shell reads quoted words as one word each, and runs nothing of them.
func TestReproduce(t *testing.T) {
	g := gomega.NewWithT(t)
	run := record.Run{Target: "hero_zero", Image: "hero_zero:hero", Profile: "faithful", Seed: 7}
	found := record.Result{Promise: "restart.sigterm", Service: "user.a"}
	g.Expect(reproduce(run, found)).To(gomega.Equal("make e2e FOCUS=restart.sigterm/user.a TARGET=hero_zero HERO_IMAGE=hero_zero:hero PROFILE=faithful SEED=7"))
	run.Image, run.Profile, run.Mutant, found.Service = "hero_chaos/herozero:01", "quick", "no-restart", "it's $(rm -rf /) `x`; \n"
	g.Expect(reproduce(run, found)).To(gomega.Equal("make e2e FOCUS='restart.sigterm/it'\\''s $(rm -rf /) `x`; \n' TARGET=hero_zero MUTANT=no-restart SEED=7"))
}

func TestStripDrawsEveryTime(t *testing.T) {
	g := gomega.NewWithT(t)
	var took []time.Duration
	for i := range 8 {
		took = append(took, 5*time.Second+time.Duration(i/4)*100*time.Millisecond)
	}
	var s strip
	s.draw(took, []limits{{5 * sec, 5 * sec}, {0, 60 * sec}}, sec/4)
	g.Expect(strings.Count(s.Dots, "M")).To(gomega.Equal(8))
	g.Expect(s.Dots).To(gomega.ContainSubstring(fmt.Sprintf("%dh0", stripHeight-4-3*dotPitch)), "four are stacked")
	g.Expect(s.Lines).To(gomega.HaveLen(2))
	g.Expect(s.Lines[0].X).To(gomega.BeNumerically("<", s.Lines[1].X))
	g.Expect(s.Beyond).To(gomega.BeTrue(), "60 s would press all dots together")
	g.Expect(summarize(took[:2])).To(gomega.Equal("5.00 s, 5.00 s"), "two times have no quantile")
	g.Expect(summarize(took)).To(gomega.Equal("n 8, median 5.05 s, longest 5.10 s"))
}

// TestLogBesideRecovery checks that a recovery has the lines of its time that name its service.
func TestLogBesideRecovery(t *testing.T) {
	g := gomega.NewWithT(t)
	began := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	line := func(after time.Duration, text string) string {
		return began.Add(after).Format(time.RFC3339Nano) + " " + text + "\n"
	}
	log := line(-time.Second, "user.a before") + line(time.Second, "\x1b[1muser.a\x1b[0m in time") + "a line without a time\n" +
		line(2*time.Second, "user.b in time") + line(time.Minute, "user.a after")
	read := newLogs(fstest.MapFS{"evidence/main/log.txt": {Data: []byte(log)}})
	r := &record.Record{Evidence: []record.Evidence{{Path: "evidence/main/log.txt"}}}
	found := record.Result{Service: "user.a", Started: began, Duration: 10 * sec}
	shown := read.besideRecovery(r, record.Recovery{Sandbox: "main"}, found, 10)
	g.Expect(shown.Text).To(gomega.Equal("03:02:02.000 user.a in time"))
	g.Expect(shown.Note).To(gomega.Equal("1 of the 3 lines while the spec ran name the service"))
	found.Service = "user.c"
	g.Expect(read.besideRecovery(r, record.Recovery{Sandbox: "main"}, found, 2).Text).To(gomega.Equal("03:02:02.000 user.a in time\n… 1 line …\n03:02:03.000 user.b in time"))
	r.End = &record.End{Finished: began.Add(-time.Minute)}
	g.Expect(read.besideRecovery(r, record.Recovery{Sandbox: "main"}, found, 2).Note).To(gomega.HavePrefix("measured again"))
	g.Expect(read.besideRecovery(r, record.Recovery{Sandbox: "other"}, found, 2)).To(gomega.Equal(excerpt{}))
}

// TestEveryShardHasItsOwnLog covers shards that ran at the same time, in sandboxes of the same names.
func TestEveryShardHasItsOwnLog(t *testing.T) {
	g := gomega.NewWithT(t)
	began := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	said := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(began.Add(time.Second).Format(time.RFC3339Nano) + " " + text + "\n")}
	}
	read := newLogs(fstest.MapFS{"shards/1/evidence/main/log.txt": said("user.a in one"), "shards/2/evidence/main/log.txt": said("user.a in two")})
	r := &record.Record{Run: record.Run{Parts: []record.Part{
		{Shard: "1/2", Started: began, Finished: began.Add(time.Minute)}, {Shard: "2/2", Started: began, Finished: began.Add(time.Minute)},
	}}}
	for _, shard := range []string{"1", "2"} {
		r.Evidence = append(r.Evidence, record.Evidence{Path: "shards/" + shard + "/evidence/main/log.txt", Shard: shard + "/2"})
	}
	found := record.Result{Service: "user.a", Shard: "2/2", Started: began, Duration: 10 * sec}
	g.Expect(read.besideRecovery(r, record.Recovery{Sandbox: "main", Shard: "2/2"}, found, 10).Text).To(gomega.HaveSuffix("user.a in two"))
	g.Expect(read.ofService(r, found, 10).Text).To(gomega.HaveSuffix("user.a in two"))
	found.Shard = "1/2"
	g.Expect(read.ofService(r, found, 10).Text).To(gomega.HaveSuffix("user.a in one"))
	g.Expect(read.besideRecovery(r, record.Recovery{Sandbox: "main"}, found, 10)).To(gomega.Equal(excerpt{}), "of no shard")
}

func TestNoPathLeadsOutOfTheFolder(t *testing.T) {
	read := newFiles(fstest.MapFS{"a/b.txt": {Data: []byte("x")}})
	for _, path := range []string{"../a", "/etc/passwd", "a/../../b", ""} {
		if found, _, err := read.read(path, 10); err == nil {
			t.Errorf("%q shows %q", path, found)
		}
	}
	if found, whole, err := read.read("a/b.txt", 10); err != nil || !whole || string(found) != "x" {
		t.Errorf("the file shows %q: %v", found, err)
	}
}

func TestShorten(t *testing.T) {
	g := gomega.NewWithT(t)
	g.Expect(shorten("as it is", 8)).To(gomega.Equal("as it is"))
	g.Expect(shorten("äöü", 3)).To(gomega.Equal("ä … (cut)"), "no letter is cut in two")
}

// TestSize checks the bytes of an item and of hostile text in it.
func TestSize(t *testing.T) {
	g := gomega.NewWithT(t)
	g.Expect(size("name", "a")).To(gomega.Equal(len("<code>a</code>")))
	g.Expect(size("name", "<\x01")).To(gomega.Equal(len("<code>&lt;\ufffd</code>")))
	room := allowance{20}
	g.Expect(room.take(14)).To(gomega.BeTrue())
	g.Expect(room.take(7)).To(gomega.BeFalse())
	g.Expect(room.take(6)).To(gomega.BeTrue())
}

// TestEveryPartHasASize checks that each part of the template that is measured can be rendered by itself.
func TestEveryPartHasASize(t *testing.T) {
	for name, item := range map[string]any{
		"reason": reason{}, "failure": failure{}, "left": "", "theme": themeView{}, "columns": []string{}, "row": promiseRow{}, "recoveries": recoveryGroup{},
		"recovery": recoveryView{}, "distribution": distribution{}, "group": group{}, "name": "", "fact": fact{}, "comparison": baselineRow{}, "file": fileView{},
	} {
		if size(name, item) == 0 {
			t.Errorf("%s cannot be rendered", name)
		}
	}
}

// TestACountIsSaidOnce checks that the number of folded names is not beside the reason as well.
func TestACountIsSaidOnce(t *testing.T) {
	g := gomega.NewWithT(t)
	many := strings.Fields("a.a a.b a.c a.d a.e a.f a.g")
	made := newReason(verdict.Reason{Text: "not checked", Promises: many, Count: 7, Noun: "promise"})
	g.Expect(made.Counted).To(gomega.BeEmpty())
	g.Expect(made.Promises).To(gomega.Equal(names{strings.Join(many, ", "), "7 promises", true}))
	made = newReason(verdict.Reason{Text: "not checked", Promises: many, Count: 9, Noun: "result"})
	g.Expect(made.Counted).To(gomega.Equal("9 results"))
}
