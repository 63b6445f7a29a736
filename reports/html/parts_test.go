package html

import (
	"fmt"
	"html/template"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const sec = int64(time.Second)

// point is known to a tenth of a second, from so many tenths after the fault on.
func point(tenths int64) *record.Interval {
	return &record.Interval{Lo: tenths * sec / 10, Hi: (tenths + 1) * sec / 10}
}

// TestWhereABarLies: the axis is 3 % longer than what is on it, which here ends 10.3 s after the fault.
func TestWhereABarLies(t *testing.T) {
	g := gomega.NewWithT(t)
	r := record.Recovery{Injected: record.Interval{}, Exited: point(10), Respawned: point(51), Observed: record.Interval{Hi: 10 * sec}}
	drawn := newTimeline(r, []record.Window{{Phase: "respawned", From: "exited", Earliest: 2 * sec, Latest: 4 * sec}}, sec)
	// It was watched for 10 s, so the axis has 10.3 s.
	place := func(seconds float64) int { return int(seconds/10.3*1000 + .5) }
	respawned := axisHeight + 3*laneHeight
	g.Expect(drawn.bars).To(gomega.ContainElements(
		bar{"m", place(1), axisHeight + laneHeight + barTop, place(1.1) - place(1), barHeight},
		bar{"w", place(3), respawned + barTop - 2, place(5) - place(3), barHeight + 4},
		bar{"t", place(5), respawned + barTop - 2, place(6) - place(5), barHeight + 4},
		bar{"m", place(5.1), respawned + barTop, place(5.2) - place(5.1), barHeight},
	))
	g.Expect(drawn.bars[0]).To(gomega.Equal(bar{"m", 0, axisHeight + barTop, narrowest, barHeight}), "the fault, at the least width")
	unseen := 0
	for _, b := range drawn.bars {
		if b.class == "u" {
			unseen++
			g.Expect(b.x+b.wide).To(gomega.Equal(place(10)), "as long as it was watched for")
		}
	}
	g.Expect(unseen).To(gomega.Equal(3), "noticed, accepting and serving")
	g.Expect(drawn.Layers[0]).To(gomega.Equal(layer{"w", fmt.Sprintf("M%d %dh%dv%dh-%dz", place(3), respawned+barTop-2, place(5)-place(3), barHeight+4, place(5)-place(3))}))
	g.Expect(drawn.Description).To(gomega.Equal("exited 1.10 s, respawned 5.20 s, serving not seen"))
}

// TestWhatIsLate is judged as harness/expect does: on the latest that is possible, with the tolerance.
func TestWhatIsLate(t *testing.T) {
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
		if got := over(r, tc.window, sec/4); got != tc.want {
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

// TestTheCommandSurvivesAShell: quoted words are one word again, and nothing of them is carried out.
func TestTheCommandSurvivesAShell(t *testing.T) {
	g := gomega.NewWithT(t)
	run := record.Run{Target: "hero_zero", Image: "hero_zero:hero", Profile: "faithful", Seed: 7}
	found := record.Result{Promise: "restart.sigterm", Service: "user.a"}
	g.Expect(reproduce(run, found)).To(gomega.Equal("bin/hero_chaos run --target=hero_zero --image=hero_zero:hero --focus=restart.sigterm --service=user.a --profile=faithful --seed=7"))
	run.Image, run.Profile, run.Mutant, found.Service = "hero_chaos/herozero:01", "quick", "no-restart", "it's $(rm -rf /) `x`; \n"
	g.Expect(reproduce(run, found)).To(gomega.Equal("bin/hero_chaos run --target=hero_zero --mutant=no-restart --focus=restart.sigterm --service='it'\\''s $(rm -rf /) `x`; \n' --seed=7"))
	g.Expect(quote("")).To(gomega.Equal("''"))
}

func TestADotForEveryRecovery(t *testing.T) {
	g := gomega.NewWithT(t)
	var took []time.Duration
	for i := range 8 {
		took = append(took, 5*time.Second+time.Duration(i/4)*100*time.Millisecond)
	}
	var s strip
	s.draw(took, []bounds{{5 * sec, 5 * sec}, {0, 60 * sec}}, sec/4)
	g.Expect(strings.Count(s.Dots, "M")).To(gomega.Equal(8))
	g.Expect(s.Dots).To(gomega.ContainSubstring(fmt.Sprintf("%dh0", stripHeight-4-3*dotPitch)), "four stand on each other")
	g.Expect(s.Lines).To(gomega.HaveLen(2))
	g.Expect(s.Lines[0].X).To(gomega.BeNumerically("<", s.Lines[1].X))
	g.Expect(s.Beyond).To(gomega.BeTrue(), "60 s would press all dots together")
	g.Expect(figures(took[:2])).To(gomega.Equal("5.00 s, 5.00 s"), "of two no quantile is given")
	g.Expect(figures(took)).To(gomega.Equal("n 8, median 5.05 s, longest 5.10 s"))
}

// TestTheLogBesideARecovery has the lines of its time that name its service.
func TestTheLogBesideARecovery(t *testing.T) {
	g := gomega.NewWithT(t)
	began := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	line := func(after time.Duration, text string) string {
		return began.Add(after).Format(time.RFC3339Nano) + " " + text + "\n"
	}
	log := line(-time.Second, "user.a before") + line(time.Second, "\x1b[1muser.a\x1b[0m in time") + "a line without a time\n" +
		line(2*time.Second, "user.b in time") + line(time.Minute, "user.a after")
	read := newFiles(fstest.MapFS{"evidence/main/log.txt": {Data: []byte(log)}})
	r := &record.Record{Evidence: []record.Evidence{{Path: "evidence/main/log.txt"}}}
	found := record.Result{Service: "user.a", Started: began, Duration: 10 * sec}
	shown := read.said(r, record.Recovery{Sandbox: "main"}, found, 10)
	g.Expect(shown.Text).To(gomega.Equal("03:02:02.000 user.a in time"))
	g.Expect(shown.Note).To(gomega.Equal("1 of the 3 lines while the spec ran name the service"))
	found.Service = "user.c"
	g.Expect(read.said(r, record.Recovery{Sandbox: "main"}, found, 2).Text).To(gomega.Equal("03:02:02.000 user.a in time\n… 1 lines …\n03:02:03.000 user.b in time"))
	r.End = &record.End{Finished: began.Add(-time.Minute)}
	g.Expect(read.said(r, record.Recovery{Sandbox: "main"}, found, 2).Note).To(gomega.HavePrefix("this was measured again"))
	g.Expect(read.said(r, record.Recovery{Sandbox: "other"}, found, 2)).To(gomega.Equal(excerpt{}))
}

// TestEveryShardHasItsOwnLog: shards run at the same time, in sandboxes of the same names, and of the same services.
func TestEveryShardHasItsOwnLog(t *testing.T) {
	g := gomega.NewWithT(t)
	began := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	said := func(text string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(began.Add(time.Second).Format(time.RFC3339Nano) + " " + text + "\n")}
	}
	read := newFiles(fstest.MapFS{"shards/1/evidence/main/log.txt": said("user.a in one"), "shards/2/evidence/main/log.txt": said("user.a in two")})
	r := &record.Record{Run: record.Run{Parts: []record.Part{
		{Shard: "1/2", Started: began, Finished: began.Add(time.Minute)}, {Shard: "2/2", Started: began, Finished: began.Add(time.Minute)},
	}}}
	for _, shard := range []string{"1", "2"} {
		r.Evidence = append(r.Evidence, record.Evidence{Path: "shards/" + shard + "/evidence/main/log.txt", Shard: shard + "/2"})
	}
	found := record.Result{Service: "user.a", Shard: "2/2", Started: began, Duration: 10 * sec}
	g.Expect(read.said(r, record.Recovery{Sandbox: "main", Shard: "2/2"}, found, 10).Text).To(gomega.HaveSuffix("user.a in two"))
	g.Expect(read.names(r, found, 10).Text).To(gomega.HaveSuffix("user.a in two"))
	found.Shard = "1/2"
	g.Expect(read.names(r, found, 10).Text).To(gomega.HaveSuffix("user.a in one"))
	g.Expect(read.said(r, record.Recovery{Sandbox: "main"}, found, 10)).To(gomega.Equal(excerpt{}), "of no shard")
}

func TestNoPathLeadsOutOfTheFolder(t *testing.T) {
	read := newFiles(fstest.MapFS{"a/b.txt": {Data: []byte("x")}})
	for _, path := range []string{"../a", "/etc/passwd", "a/../../b", ""} {
		if found := read.excerpts(path); len(found) > 0 {
			t.Errorf("%q shows %v", path, found)
		}
	}
	if found := read.excerpts("a"); len(found) != 1 || found[0].Text != "x" {
		t.Errorf("the folder a shows %v", found)
	}
}

func TestWhatIsCutSaysSo(t *testing.T) {
	g := gomega.NewWithT(t)
	g.Expect(shorten("as it is", 8)).To(gomega.Equal("as it is"))
	g.Expect(shorten("äöü", 3)).To(gomega.Equal("ä … (cut)"), "no letter is cut in two")
	room := allowance{20}
	g.Expect(room.take(8, []string{"<"})).To(gomega.BeTrue())
	g.Expect(room.take(5, []string{"<"})).To(gomega.BeFalse(), "4 bytes are it escaped")
	g.Expect(room.take(4, []string{"<"})).To(gomega.BeTrue())
}

// TestTheSizeOfARecoveryIsNoGuess: what is left out of a page is decided by it.
func TestTheSizeOfARecoveryIsNoGuess(t *testing.T) {
	b := &pageBuilder{record: &record.Record{}, index: newIndex(&record.Record{}), files: newFiles(nil), labels: map[int][]row{}}
	r := record.Recovery{
		Service: "user.hero_service_server", Fault: "SIGTERM", Exited: point(1), Noticed: point(1), Respawned: point(51), Accepting: point(52),
		Serving: point(52), Policy: "20 attempts, 5000 ms exponential; retry 1 was due 5.00 s after the exit", Identity: "peer of SOCKET",
	}
	view := b.view(r, fewLines)
	text := new(strings.Builder)
	if err := template.Must(template.New("report").Parse(layout)).ExecuteTemplate(text, "recovery", view); err != nil {
		t.Fatal(err)
	}
	room := allowance{1 << 20}
	room.take(view.size())
	if taken := 1<<20 - room.left; taken < text.Len() || taken > text.Len()*11/10 {
		t.Errorf("%d bytes are taken for %d", taken, text.Len())
	}
}
