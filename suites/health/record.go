package health

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// checks are zinit's records of the runs of a health check, oldest first, in milliseconds of Unix time.
type checks []zinit.Job

// granularity is how far apart a record and a journal may be that agree: a record counts milliseconds.
const granularity = 5 * time.Millisecond

// record is what zinit has kept of the patient's health check.
func (p *patient) record(ctx context.Context) (checks, error) {
	jobs, err := p.sandbox.Supervisor.Jobs(ctx, zinit.HealthActionName(p.plan.Name), 4*gaps)
	slices.SortFunc(jobs, func(one, other zinit.Job) int { return cmp.Compare(one.Started, other.Started) })
	return jobs, err
}

// began is when zinit started the patient's process by its own record, in milliseconds of Unix time.
func (p *patient) began(ctx context.Context) (int64, error) {
	runs, err := p.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(p.plan.Name), 1)
	if err == nil && len(runs) == 0 {
		err = errors.New("there is no record of a run")
	}
	if err != nil {
		return 0, err
	}
	return runs[0].Started, nil
}

func nanoseconds(unixMilliseconds int64) int64 { return unixMilliseconds * int64(time.Millisecond) }

// fits tells whether every question of a life came between the beginning and the end of its check.
func (c checks) fits(seen life) bool {
	n := min(len(c), len(seen.probes))
	apart := c.apart(seen)
	for i := range n {
		if ended := c[i].Ended; ended != 0 && seen.probes[i]-apart > nanoseconds(ended)+int64(granularity) {
			return false
		}
	}
	return n > 0
}

// apart is how far the clocks of a record and a journal are apart at most, in nanoseconds: by that question which
// came soonest after its check had begun.
func (c checks) apart(seen life) int64 {
	var apart int64
	for i := range min(len(c), len(seen.probes)) {
		if d := seen.probes[i] - nanoseconds(c[i].Started); i == 0 || d < apart {
			apart = d
		}
	}
	return apart
}

// latest is the longest that a question came after its check had begun, by the record.
func (c checks) latest(seen life) time.Duration {
	var latest int64
	for i := range min(len(c), len(seen.probes)) {
		latest = max(latest, seen.probes[i]-c.apart(seen)-nanoseconds(c[i].Started))
	}
	return time.Duration(latest)
}

// begins are when the checks began, in nanoseconds.
func (c checks) begins() []int64 {
	var points []int64
	for _, job := range c {
		points = append(points, nanoseconds(job.Started))
	}
	return points
}

// text is a record in words, counted from its first check.
func (c checks) text() string {
	var words []string
	for _, job := range c {
		since := func(at int64) string { return "+" + span.Text(time.Duration(nanoseconds(at-c[0].Started))) }
		words = append(words, "began at "+since(job.Started)+", "+string(job.State)+" at "+since(max(job.Ended, c[0].Started)))
	}
	return strings.Join(words, "; ")
}
