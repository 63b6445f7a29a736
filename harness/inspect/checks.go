package inspect

import (
	"context"
	"sync"
)

// check looks at something and settles assumptions by it.
type check struct {
	run     func(*examiner, context.Context) error
	settles []string
}

// readings returns the checks that only read.
func readings() []check {
	return []check{
		{(*examiner).inventory, []string{"one-run-one-health", "shipped-retries-one"}},
		{(*examiner).shapes, []string{"service-actions-member", "action-nesting", "status-members"}},
		{(*examiner).socket, []string{"socket-candidates"}},
		{(*examiner).boot, []string{"boot-within-60s"}},
		{(*examiner).smoke, []string{"smoke-within-120s"}},
		{(*examiner).healthReplies, []string{"health-reply-ok"}},
		{(*examiner).commandLine, []string{"cli-output"}},
	}
}

// experiments returns the checks that watch throw-away services.
func experiments() []check {
	return []check{
		{(*examiner).lifecycle, []string{"start-within-2s", "effect-around-answer", "no-change-is-fine"}},
		{(*examiner).crashes, []string{"cap-counts-runs", "failed-means-given-up", "failed-until-started", "job-attempt", "job-shape"}},
		{(*examiner).delays, []string{"delay-formula", "retry-numbering", "status-while-waiting"}},
		{(*examiner).unlimited, []string{"zero-is-no-limit"}},
		{(*examiner).ends, []string{"job-end-states"}},
		{(*examiner).health, []string{"retries-default-one", "health-restart-counts", "health-dies-with-incarnation"}},
		{(*examiner).overlap, []string{"health-tick-overlap"}},
		{(*examiner).reset, []string{"reset-next-run"}},
		{(*examiner).dependents, []string{"dependents-stay"}},
	}
}

// runAll runs checks at the same time: they mostly wait.
func (e *examiner) runAll(ctx context.Context, checks []check) {
	var running sync.WaitGroup
	for _, c := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			if err := c.run(e, ctx); err != nil {
				e.note(Unseen, oneLine(err), c.settles...)
			}
		})
	}
	running.Wait()
}
