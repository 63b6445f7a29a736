// Package campaign runs mutants, a few at a time, each in a folder of its own. A campaign that was interrupted goes on
// where it ended.
package campaign

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Campaign is how mutants are run.
type Campaign struct {
	// Output is the folder that gets one folder a mutant, with its evidence and its result.
	Output string
	// Parallel is how many mutants run at once.
	Parallel int
	// Key names the image and the programs: a result that another key has made is no result.
	Key string
	// Again runs also the mutants that have a result.
	Again bool
	// Scope is what a mutant is asked.
	Scope func(mutation.Mutant) mutation.Scope
	// Measure runs one mutant. The error is what kept the run from proving anything; the record may be nil with it.
	Measure func(ctx context.Context, run Run) (*record.Record, error)
	// Reached is what a line of a container's log ends with where the mutant's code ran; its id follows.
	Reached string
	// Tell is told of every finished mutant in one line, by one goroutine at a time.
	Tell func(line string)
}

// Run is what is run of one mutant.
type Run struct {
	Mutant mutation.Mutant
	Scope  mutation.Scope
	// Folder is where its record and its evidence go.
	Folder string
	// Alone tells that no other mutant runs beside it: what the host has spoiled may be measured again.
	Alone bool
}

// Run runs the mutants and returns what became of each, in their order. What proved nothing while others ran beside it
// is run once more beside one other, and then alone. An interrupted campaign returns the context's error and what there is.
func (c Campaign) Run(ctx context.Context, mutants []mutation.Mutant) ([]mutation.Trial, error) {
	trials := make([]*mutation.Trial, len(mutants))
	progress := progress{total: len(mutants), began: time.Now(), tell: c.Tell}
	var open []int
	for i, m := range mutants {
		if trial, ok := c.earlier(m); ok {
			trials[i] = &trial
			progress.kept(trial)
			continue
		}
		open = append(open, i)
	}
	slices.SortStableFunc(open, func(one, other int) int { return c.longer(mutants[one], mutants[other]) })
	c.run(ctx, mutants, open, trials, c.Parallel, &progress)
	alone := false
	for _, fewer := range []int{2, 1} {
		open = slices.DeleteFunc(open, func(i int) bool { return trials[i] == nil || !trials[i].Undecided() })
		if ctx.Err() != nil || len(open) == 0 || alone {
			break
		}
		alone = min(fewer, len(open)) == 1
		c.Tell(fmt.Sprintf("%d proved nothing; running them again, at most %d at once", len(open), fewer))
		progress.repeat(len(open))
		c.run(ctx, mutants, open, trials, fewer, &progress)
	}
	var done []mutation.Trial
	for _, trial := range trials {
		if trial != nil {
			done = append(done, *trial)
		}
	}
	if err := ctx.Err(); err != nil {
		return done, fmt.Errorf("run the mutants: interrupted after %d of %d; the same command goes on from there: %w", len(done), len(mutants), err)
	}
	return done, nil
}

// run runs the mutants of those places, at most so many at once. Two of five workers take the slow ones first, the others the
// rest: what waits leaves its processors to what works, and neither is left over alone.
func (c Campaign) run(ctx context.Context, mutants []mutation.Mutant, places []int, trials []*mutation.Trial, parallel int, progress *progress) {
	parallel = min(max(parallel, 1), len(places))
	open := &queue{}
	for _, i := range places {
		if c.slow(mutants[i]) {
			open.slow = append(open.slow, i)
		} else {
			open.quick = append(open.quick, i)
		}
	}
	forSlow := (2*parallel + 4) / 5
	var workers sync.WaitGroup
	for worker := range parallel {
		workers.Go(func() {
			for ctx.Err() == nil {
				i, ok := open.take(worker < forSlow)
				if !ok {
					return
				}
				if trial, ok := c.try(ctx, mutants[i], parallel == 1); ok {
					trials[i] = &trial
					progress.finished(trial)
				}
			}
		})
	}
	workers.Wait()
}

// queue is what is still to be run, by place, in the order in which it is taken.
type queue struct {
	mu          sync.Mutex
	slow, quick []int
}

// take takes the next of the slow ones or of the others, and of the rest where there is none; false at the end.
func (q *queue) take(slow bool) (place int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	from := &q.quick
	if len(q.quick) == 0 || (slow && len(q.slow) > 0) {
		from = &q.slow
	}
	if len(*from) == 0 {
		return 0, false
	}
	place, *from = (*from)[0], (*from)[1:]
	return place, true
}

// try runs one mutant and keeps what became of it; false where it was interrupted.
func (c Campaign) try(ctx context.Context, m mutation.Mutant, alone bool) (mutation.Trial, bool) {
	began, folder, scope := time.Now(), c.folder(m), c.Scope(m)
	found, trouble := c.Measure(ctx, Run{Mutant: m, Scope: scope, Folder: folder, Alone: alone})
	if ctx.Err() != nil {
		return mutation.Trial{}, false
	}
	ran, err := reached(folder, c.Reached+m.ID)
	if trouble == nil {
		trouble = err
	}
	trial := mutation.Observe(m, found, ran, trouble, time.Since(began))
	if err := save(folder, state{Schema: stateSchema, Key: c.Key, Scope: scope, Trial: trial}); err != nil {
		trial.Trouble = err.Error()
	}
	return trial, true
}

// earlier is what became of a mutant before, where that proved something and nothing has changed since: not the image, the
// programs, or what is asked. What claims the mutant may have.
func (c Campaign) earlier(m mutation.Mutant) (mutation.Trial, bool) {
	kept, err := load(c.folder(m))
	if err != nil || c.Again || kept.Key != c.Key || kept.Scope != c.Scope(m) {
		return mutation.Trial{}, false
	}
	kept.Trial.Mutant = m
	return kept.Trial, !kept.Trial.Undecided()
}

// longer orders mutants by what they are asked: what takes longest begins first, so that nothing is waited for alone in
// the end.
func (c Campaign) longer(one, other mutation.Mutant) int {
	rank := func(m mutation.Mutant) int {
		if c.Scope(m).Faithful {
			return 1
		}
		return 0
	}
	return cmp.Or(rank(other)-rank(one), c.Scope(other).Size()-c.Scope(one).Size())
}

// slow tells whether running a mutant is mostly waiting.
func (c Campaign) slow(m mutation.Mutant) bool { return c.Scope(m).Faithful || m.Slow() }

func (c Campaign) folder(m mutation.Mutant) string { return filepath.Join(c.Output, m.ID) }

// progress tells how far a campaign is.
type progress struct {
	tell  func(line string)
	began time.Time
	total int

	mu   sync.Mutex
	done int // with those that were kept from before
	ran  int // in this campaign, repetitions as well
}

// kept counts a mutant that was not run again.
func (p *progress) kept(trial mutation.Trial) {
	p.done++
	p.tell(p.line(trial) + "  (from before)")
}

// repeat takes back that so many were done.
func (p *progress) repeat(undecided int) { p.done -= undecided }

// finished counts a mutant that was run.
func (p *progress) finished(trial mutation.Trial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.ran++
	line := fmt.Sprintf("%s  %.1f s", p.line(trial), time.Duration(trial.Took).Seconds())
	if open := p.total - p.done; open > 0 {
		each := time.Since(p.began) / time.Duration(p.ran)
		line += fmt.Sprintf("; about %s left", (each * time.Duration(open)).Round(time.Second))
	}
	p.tell(line)
}

func (p *progress) line(trial mutation.Trial) string {
	text := string(trial.Verdict())
	switch killers := trial.Killers(); {
	case trial.Undecided():
		text = "proved nothing: " + cmp.Or(trial.Trouble, trial.Findings[trial.Mutant.Claim()].Why, trial.Why())
	case len(killers) > 0:
		text += " by " + killers[0]
	}
	return fmt.Sprintf("%*d/%d  %-32s %s", len(fmt.Sprint(p.total)), p.done, p.total, trial.Mutant.ID, text)
}
