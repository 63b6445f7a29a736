package expect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/expect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
	s  = time.Second
)

// at is a point in time that long after the injection, known to a microsecond.
func at(after time.Duration) *record.Interval {
	const injected = 1_000_000
	return &record.Interval{Lo: injected + int64(after-us), Hi: injected + int64(after)}
}

// recovered is a recovery in which everything went well, changed by the given changes.
func recovered(changes ...func(*record.Recovery)) record.Recovery {
	r := record.Recovery{
		ID: "1", Promise: "restart.sigterm", Service: "user.hero_osis_server", Fault: "SIGTERM",
		Before: record.Incarnation{PID: 41}, Steady: "healthy", Identity: "peer of the socket",
		Injected: *at(0), Landing: &record.Landing{At: *at(310 * us), Proof: "exited"},
		Exited: at(310 * us), Respawned: at(5002 * ms), Accepting: at(5020 * ms), Serving: at(5021 * ms),
		After: record.Incarnation{PID: 97}, Observed: record.Interval{Lo: at(0).Lo, Hi: at(12 * s).Hi}, WorstGap: int64(ms),
		Policy: "20 attempts, 5000 ms exponential; retry 1 was due 5.00 s after the exit",
		Seed:   7,
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func stayedDown(r *record.Recovery) {
	r.Respawned, r.Accepting, r.Serving, r.After = nil, nil, nil, record.Incarnation{}
	r.Status = "exited: killed by signal 15"
}

func late(r *record.Recovery) {
	r.Respawned, r.Accepting, r.Serving = at(6100*ms), at(10500*ms), at(10501*ms)
}

func hung(r *record.Recovery) {
	stayedDown(r)
	r.Fault, r.Promise, r.Exited, r.Status = "SIGSTOP", "hang.detected", nil, "running"
	r.Landing = &record.Landing{At: *at(40 * ms), Proof: "state T in 5 of 5 tasks and no reply for 250ms"}
	r.Policy = "the health check runs every 1.73 s for at most 0.50 s"
}

func stall(gap time.Duration) func(*record.Recovery) {
	return func(r *record.Recovery) { r.WorstGap = int64(gap) }
}

func observed(after time.Duration) func(*record.Recovery) {
	return func(r *record.Recovery) { r.Observed.Hi = at(after).Hi }
}

func disturbed(r *record.Recovery) {
	r.Disturbed = []record.Disturbance{
		{Service: "user.hero_redis_server", Before: record.Incarnation{PID: 40}, At: *at(30 * ms), What: "exited"},
		{Service: "user.hero_auth_server", Before: record.Incarnation{PID: 44}, At: *at(20 * ms), What: "exited"},
		{Service: "user.hero_redis_server", Before: record.Incarnation{PID: 40}, At: *at(5030 * ms), What: "restarted as pid 98"},
	}
}

func inTime() expect.Expectation {
	return expect.Respawn(expect.Within(5*s), expect.Tolerance(250*ms), expect.NotBefore(5*s))
}

func serving() expect.Expectation {
	return expect.Serve(expect.Within(10*s), expect.Tolerance(250*ms))
}

func TestWhatIsExpectedHolds(t *testing.T) {
	fine := recovered()
	bystander := recovered(hung, func(r *record.Recovery) { r.Promise = "hang.control" })
	for name, tc := range map[string]struct {
		recovery any
		expected expect.Expectation
	}{
		"respawn":                   {fine, inTime()},
		"by pointer":                {&fine, inTime()},
		"serve":                     {fine, serving()},
		"without a budget":          {fine, expect.Serve()},
		"exit":                      {fine, expect.Exit(expect.Within(s))},
		"alone":                     {fine, expect.LeaveOthersAlone()},
		"never":                     {bystander, expect.NeverRestart(expect.Within(10 * s))},
		"just in time":              {recovered(func(r *record.Recovery) { r.Respawned = at(310*us + 5250*ms - us) }), inTime()},
		"a stall that did not hurt": {recovered(stall(s)), inTime()},
	} {
		t.Run(name, func(t *testing.T) { gomega.NewWithT(t).Expect(tc.recovery).To(tc.expected) })
	}
}

// TestFailureText compares what a person reads when a promise is broken: one golden file a kind of failure.
func TestFailureText(t *testing.T) {
	soon := func(r *record.Recovery) { r.Respawned = at(2100 * ms) }
	notServing := func(r *record.Recovery) { r.Serving, r.Status = nil, "running" }
	notAccepting := func(r *record.Recovery) { r.Accepting, r.Serving, r.Status = nil, nil, "running" }
	bare := func(r *record.Recovery) { r.Seed, r.Policy, r.Steady, r.Status = 0, "", "", "" }
	exitedAnyway := func(r *record.Recovery) { r.Exited = at(s) }
	respawnedAnyway := func(r *record.Recovery) { r.Respawned, r.After.PID = at(7*s), 97 }
	for name, tc := range map[string]struct {
		recovery record.Recovery
		expected expect.Expectation
	}{
		"not-restarted":        {recovered(stayedDown), inTime()},
		"not-restarted-bare":   {recovered(stayedDown, bare), expect.Respawn()},
		"restarted-late":       {recovered(late), inTime()},
		"restarted-early":      {recovered(soon), inTime()},
		"not-accepting":        {recovered(notAccepting), serving()},
		"not-serving":          {recovered(notServing), serving()},
		"never-exited-respawn": {recovered(hung), inTime()},
		"never-exited":         {recovered(hung), expect.Exit(expect.Within(4*s), expect.Tolerance(250*ms))},
		"served-late":          {recovered(late), serving()},
		"exited-early":         {recovered(), expect.Exit(expect.NotBefore(2 * s))},
		"others-disturbed":     {recovered(disturbed), expect.LeaveOthersAlone()},
		"control-restarted":    {recovered(hung, exitedAnyway, respawnedAnyway), expect.NeverRestart(expect.Within(10 * s))},
		"control-exited":       {recovered(hung, exitedAnyway), expect.NeverRestart(expect.Within(10 * s))},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			matched, err := tc.expected.Match(tc.recovery)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(matched).To(gomega.BeFalse())
			_, unclear := expect.Inconclusive(tc.recovery, tc.expected)
			g.Expect(unclear).To(gomega.BeFalse())
			golden.Check(t, name+".txt", tc.expected.FailureMessage(tc.recovery)+"\n")
		})
	}
}

// TestWhatProvesNothingNeverPasses holds neither the expectation nor its opposite.
func TestWhatProvesNothingNeverPasses(t *testing.T) {
	vague := func(r *record.Recovery) { r.Respawned = &record.Interval{Lo: at(5001 * ms).Lo, Hi: at(5900 * ms).Hi} }
	vagueStart := func(r *record.Recovery) { r.Respawned = &record.Interval{Lo: at(4000 * ms).Lo, Hi: at(5100 * ms).Hi} }
	unlanded := func(r *record.Recovery) { r.Landing = nil }
	for name, tc := range map[string]struct {
		recovery record.Recovery
		expected expect.Expectation
		reason   string
	}{
		"no-landing":         {recovered(unlanded), inTime(), "no landing"},
		"no-landing-others":  {recovered(unlanded), expect.LeaveOthersAlone(), "no landing"},
		"no-landing-never":   {recovered(unlanded), expect.NeverRestart(), "no landing"},
		"both-sides":         {recovered(vague), inTime(), "observed too coarsely"},
		"both-sides-early":   {recovered(vagueStart), inTime(), "observed too coarsely"},
		"stalled-late":       {recovered(late, stall(2*s)), inTime(), "the host stalled"},
		"stalled-absent":     {recovered(stayedDown, stall(8*s)), inTime(), "the host stalled"},
		"not-watched":        {recovered(stayedDown, observed(3*s)), inTime(), "not observed"},
		"not-watched-hang":   {recovered(hung, observed(3*s)), inTime(), "not observed"},
		"not-watched-enough": {recovered(hung, observed(3*s)), expect.NeverRestart(expect.Within(10 * s)), "not observed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			cause, ok := expect.Inconclusive(tc.recovery, tc.expected)
			reason := cause.Sentence()
			g.Expect(ok).To(gomega.BeTrue())
			g.Expect(reason).To(gomega.HavePrefix(tc.reason))
			g.Expect(reason).NotTo(gomega.ContainSubstring("\n"))
			matched, err := tc.expected.Match(tc.recovery)
			g.Expect(matched).To(gomega.BeFalse())
			var inconclusive *expect.InconclusiveError
			g.Expect(errors.As(err, &inconclusive)).To(gomega.BeTrue(), "the opposite would hold")
			g.Expect(inconclusive.Cause.Sentence()).To(gomega.Equal(reason))
			golden.Check(t, "inconclusive-"+name+".txt", err.Error()+"\n")
		})
	}
}

func TestTheOppositeSaysSo(t *testing.T) {
	text := expect.Respawn().NegatedFailureMessage(recovered())
	gomega.NewWithT(t).Expect(text).To(gomega.HavePrefix("user.hero_osis_server recovered from SIGTERM, and was expected not to\n  before   pid 41"))
}

func TestWhatIsNoRecoveryIsRefused(t *testing.T) {
	for _, actual := range []any{nil, 7, (*record.Recovery)(nil), record.Result{}} {
		g := gomega.NewWithT(t)
		matched, err := expect.Respawn().Match(actual)
		g.Expect(matched).To(gomega.BeFalse())
		g.Expect(err).To(gomega.MatchError(gomega.HavePrefix("expect a record.Recovery, got")))
		g.Expect(expect.Respawn().FailureMessage(actual)).To(gomega.Equal(err.Error()))
		g.Expect(expect.Respawn().NegatedFailureMessage(actual)).To(gomega.Equal(err.Error()))
	}
}

// TestOnlyAsLateAsTheHostMadeIt: a target is not blamed for the time in which somebody waited for a processor, and
// not excused by less than it was late by.
func TestOnlyAsLateAsTheHostMadeIt(t *testing.T) {
	pressed := func(wait time.Duration) func(*record.Recovery) {
		return func(r *record.Recovery) { r.Pressure = int64(wait) }
	}
	const lateBy = 6100*ms - 310*us - 5250*ms // of what the recovery named late may take at most
	for wait, excused := range map[time.Duration]bool{0: false, lateBy - 2*ms: false, lateBy + 2*ms: true} {
		reason, unclear := expect.Inconclusive(recovered(late, pressed(wait)), inTime())
		if unclear != excused {
			t.Errorf("pressed for %s, late by %s: inconclusive is %v (%s)", wait, lateBy, unclear, reason)
		}
	}
	if _, unclear := expect.Inconclusive(recovered(pressed(time.Minute)), inTime()); unclear {
		t.Error("a recovery in time is not doubted because its host was busy")
	}
}

func TestWindow(t *testing.T) {
	recovery := record.Recovery{ID: "r"}
	window, bounded := expect.Respawn(expect.NotBefore(time.Second), expect.Within(5*time.Second), expect.Tolerance(time.Millisecond)).Window(recovery)
	want := record.Window{Recovery: "r", Phase: "respawned", From: "exited", Earliest: int64(time.Second), Latest: int64(5 * time.Second)}
	if !bounded || window != want {
		t.Errorf("%+v, %v", window, bounded)
	}
	for name, e := range map[string]expect.Expectation{"no bound": expect.Serve(), "no phase": expect.NeverRestart(expect.Within(time.Second))} {
		if window, bounded := e.Window(recovery); bounded {
			t.Errorf("%s: %+v", name, window)
		}
	}
}

// TestEitherEndOfARunMayCount checks that a supervisor may count the delay from the end of the program or of the shell around it,
// whichever is first, and that nothing is early or late but by both.
func TestEitherEndOfARunMayCount(t *testing.T) {
	const delay, tolerance, apart = 530 * ms, 250 * ms, 640 * ms
	respawn := expect.Respawn(expect.NotBefore(delay), expect.Within(delay), expect.Tolerance(tolerance))
	for name, c := range map[string]struct {
		shell, respawned time.Duration // after the program's end
		outcome          record.Outcome
	}{
		"the shell ends first, and counts":       {-apart, delay - apart + ms, record.Held},
		"the shell ends first, the program does": {-apart, delay + ms, record.Held},
		"the shell ends first, and before both":  {-apart, delay - apart - 10*ms, record.Failed},
		"the shell ends first, and after both":   {-apart, delay + tolerance + 10*ms, record.Failed},
		"the shell ends last, and counts":        {apart, apart + delay + ms, record.Held},
		"the shell ends last, the program does":  {apart, delay + ms, record.Held},
		"the shell ends last, and before both":   {apart, delay - 10*ms, record.Failed},
		"the shell ends last, and after both":    {apart, apart + delay + tolerance + 10*ms, record.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			const exit = apart + 310*us
			seen := recovered(func(r *record.Recovery) {
				r.Exited, r.Respawned, r.Ends = at(exit), at(exit+c.respawned), []record.Interval{*at(exit + c.shell)}
			})
			if held, err := respawn.Match(seen); err != nil || held != (c.outcome == record.Held) {
				t.Errorf("held %v (%v), and it should have %s", held, err, c.outcome)
			}
		})
	}
}
