package expect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// judgement is an expectation's finding, with what its text needs besides the recovery.
type judgement struct {
	outcome  record.Outcome
	headline string
	cause    record.Cause   // of an inconclusive one
	lacks    string         // what was missing when the budget was spent
	spent    *time.Duration // when that was, after the injection
}

func judgeUnlanded(r record.Recovery) judgement {
	return judgement{
		outcome:  record.Inconclusive,
		cause:    record.Cause{Kind: record.CauseNoLanding},
		headline: fmt.Sprintf("nothing shows that %s of %s took effect (%s)", r.Fault, r.Service, r.Promise),
	}
}

// makeUnclear turns a failure into an inconclusive finding: a stalled host or an uncertain observation explains it as well.
func (j judgement) makeUnclear(r record.Recovery, p phase, e Expectation, uncertain time.Duration) judgement {
	j.outcome = record.Inconclusive
	j.cause = record.TooCoarse("the budget cannot be judged")
	why := fmt.Sprintf("when it did is known to within %s", span.Text(uncertain))
	if gap := time.Duration(r.WorstGap); gap > e.tolerance {
		j.cause = record.HostStalled("the budget cannot be judged")
		why = fmt.Sprintf("the host stalled for %s, the tolerance is %v", span.Text(gap), e.tolerance)
	}
	j.headline = fmt.Sprintf("whether %s %s in time after %s cannot be told: %s (%s)", r.Service, p.came, r.Fault, why, r.Promise)
	return j
}

// text returns the headline and, a line each, what was seen and what the policy says.
func (j judgement) text(r record.Recovery) string {
	lines := [][2]string{{"before", describeBefore(r)}}
	lines = append(lines, j.timeline(r)...)
	if r.Policy != "" {
		lines = append(lines, [2]string{"policy", r.Policy})
	}
	width := 0
	for _, line := range lines {
		width = max(width, len(line[0]))
	}
	text := new(strings.Builder)
	text.WriteString(j.headline)
	for _, line := range lines {
		_, _ = fmt.Fprintf(text, "\n  %-*s %s", width, line[0], line[1])
	}
	return text.String()
}

func describeBefore(r record.Recovery) string {
	text := fmt.Sprintf("pid %d", r.Before.PID)
	if r.Steady != "" {
		text += ", " + r.Steady
	}
	return text
}

// moment is a line of the timeline.
type moment struct {
	after time.Duration
	what  string
}

// timeline lists what was seen in its order, each at its latest possible time.
func (j judgement) timeline(r record.Recovery) [][2]string {
	var moments []moment
	add := func(at *record.Interval, what string) {
		if at != nil {
			_, longest := at.Since(r.Injected)
			moments = append(moments, moment{longest, what})
		}
	}
	if r.Landing != nil && r.Landing.Proof != "exited" {
		add(&r.Landing.At, "took effect: "+r.Landing.Proof)
	}
	add(r.Exited, "exited")
	for i := range r.Ends {
		add(&r.Ends[i], "a process around it exited")
	}
	add(r.Noticed, "zinit noticed")
	add(r.Respawned, fmt.Sprintf("restarted as pid %d", r.After.PID))
	add(r.Accepting, "accepts connections")
	add(r.Serving, "serves")
	for _, disturbance := range r.Disturbed {
		add(&disturbance.At, fmt.Sprintf("%s (pid %d): %s", disturbance.Service, disturbance.Before.PID, disturbance.What))
	}
	moments = append(moments, j.end(r))
	slices.SortStableFunc(moments, func(one, other moment) int { return cmp.Compare(one.after, other.after) })
	var lines [][2]string
	for _, moment := range moments {
		lines = append(lines, [2]string{"+" + span.Text(moment.after), moment.what})
	}
	return lines
}

// end returns when the budget was spent or, without a budget, when the observation ended.
func (j judgement) end(r record.Recovery) moment {
	last := moment{time.Duration(r.Observed.Hi - r.Injected.Lo), "observation ended"}
	if j.spent != nil {
		last = moment{*j.spent, "budget spent"}
	}
	if j.lacks != "" {
		last.what += ": " + j.lacks
	}
	if r.Status != "" && r.Serving == nil {
		last.what += fmt.Sprintf("; zinit says %q", r.Status)
	}
	return last
}
