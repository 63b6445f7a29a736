package health

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// checks are zinit's records of the runs of a health check, oldest first, in milliseconds of Unix time.
type checks []zinit.Job

// agreementLimit bounds the difference between a record and a journal that agree: a record counts milliseconds.
const agreementLimit = 5 * time.Millisecond

// readChecks returns zinit's records of the victim's health check.
func (v *checkedVictim) readChecks(ctx context.Context) (checks, error) {
	jobs, err := v.sandbox.Supervisor.Jobs(ctx, zinit.HealthActionName(v.plan.Name), 4*gaps)
	slices.SortFunc(jobs, func(one, other zinit.Job) int { return cmp.Compare(one.Started, other.Started) })
	return jobs, err
}

func toNanoseconds(unixMilliseconds int64) int64 { return unixMilliseconds * int64(time.Millisecond) }

// match reports whether every question of a life came between the start and the end of its check.
func (c checks) match(seen life) bool {
	n := min(len(c), len(seen.probes))
	offset := c.clockOffset(seen)
	for i := range n {
		if ended := c[i].Ended; ended != 0 && seen.probes[i]-offset > toNanoseconds(ended)+int64(agreementLimit) {
			return false
		}
	}
	return n > 0
}

// clockOffset returns how far the journal's clock is ahead of the record's at most, in nanoseconds. It takes the question
// that came soonest after the start of its check.
func (c checks) clockOffset(seen life) int64 {
	var offset int64
	for i := range min(len(c), len(seen.probes)) {
		if d := seen.probes[i] - toNanoseconds(c[i].Started); i == 0 || d < offset {
			offset = d
		}
	}
	return offset
}

// longestWait returns the longest time from the start of a check to its question.
func (c checks) longestWait(seen life) time.Duration {
	var longest int64
	for i := range min(len(c), len(seen.probes)) {
		longest = max(longest, seen.probes[i]-c.clockOffset(seen)-toNanoseconds(c[i].Started))
	}
	return time.Duration(longest)
}

// starts returns when the checks began, in nanoseconds.
func (c checks) starts() []int64 {
	var points []int64
	for _, job := range c {
		points = append(points, toNanoseconds(job.Started))
	}
	return points
}

// String describes the records, with times counted from the first check.
func (c checks) String() string {
	var words []string
	for _, job := range c {
		since := func(at int64) string { return "+" + span.Text(time.Duration(toNanoseconds(at-c[0].Started))) }
		words = append(words, "began at "+since(job.Started)+", "+string(job.State)+" at "+since(max(job.Ended, c[0].Started)))
	}
	return strings.Join(words, "; ")
}
