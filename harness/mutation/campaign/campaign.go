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

// Campaign is a run of mutants, with what they are run by.
type Campaign struct {
	// Output is the folder that gets a folder for each mutant, with its evidence and its result.
	Output string
	// Parallel is the number of mutants that run at once.
	Parallel int
	// Key names the image and the programs. A result with another key does not count.
	Key string
	// Again runs also the mutants that have a result.
	Again bool
	// Scope returns the questions for a mutant.
	Scope func(mutation.Mutant) mutation.Scope
	// Measure runs one mutant. The error says why the run proves nothing; the record may be nil then.
	Measure func(ctx context.Context, run Run) (*record.Record, error)
	// Reached returns the end of the line that a mutant's container logs when the mutant's code runs.
	Reached func(mutation.Mutant) string
	// Tell gets a line for each finished mutant. One goroutine calls it at a time.
	Tell func(line string)
}

// Run is one run of a mutant.
type Run struct {
	Mutant mutation.Mutant
	Scope  mutation.Scope
	// Folder gets the record and the evidence.
	Folder string
	// Alone reports that no other mutant runs: spoiled results may be measured again.
	Alone bool
}

// Run runs the mutants and returns their trials in order. A trial that proved nothing beside others is repeated beside one
// other, and then alone. An interrupted campaign returns the error of the context and the trials that it has.
func (c Campaign) Run(ctx context.Context, mutants []mutation.Mutant) ([]mutation.Trial, error) {
	trials := make([]*mutation.Trial, len(mutants))
	progress := progress{total: len(mutants), began: time.Now(), tell: c.Tell}
	var open []int
	for i, m := range mutants {
		if trial, ok := c.loadTrial(m); ok {
			trials[i] = &trial
			progress.kept(trial)
			continue
		}
		open = append(open, i)
	}
	slices.SortStableFunc(open, func(one, other int) int { return c.compare(mutants[one], mutants[other]) })
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

// run runs the mutants of those places, at most parallel at once. Two of five workers take the slow ones first, the others
// the rest: mutants that mostly wait and mutants that use the CPU run side by side.
func (c Campaign) run(ctx context.Context, mutants []mutation.Mutant, places []int, trials []*mutation.Trial, parallel int, progress *progress) {
	parallel = min(max(parallel, 1), len(places))
	open := &queue{}
	for _, i := range places {
		if c.isSlow(mutants[i]) {
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

// queue holds the places of the mutants that are still to run, in order.
type queue struct {
	mu          sync.Mutex
	slow, quick []int
}

// take returns the next place of the wanted kind, or of the other kind if there is none. It returns false at the end.
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

// try runs one mutant and saves its trial. It returns false if it was interrupted.
func (c Campaign) try(ctx context.Context, m mutation.Mutant, alone bool) (mutation.Trial, bool) {
	began, folder, scope := time.Now(), c.folder(m), c.Scope(m)
	found, trouble := c.Measure(ctx, Run{Mutant: m, Scope: scope, Folder: folder, Alone: alone})
	if ctx.Err() != nil {
		return mutation.Trial{}, false
	}
	ran, err := hasReached(folder, c.Reached(m))
	if trouble == nil {
		trouble = err
	}
	trial := mutation.Observe(m, found, ran, trouble, time.Since(began))
	if err := save(folder, state{Schema: stateSchema, Key: c.Key, Scope: scope, Trial: trial}); err != nil {
		trial.Trouble = err.Error()
	}
	return trial, true
}

// loadTrial returns the saved trial of a mutant if it proved something with the same image, programs and questions. The claims
// of the mutant may have changed.
func (c Campaign) loadTrial(m mutation.Mutant) (mutation.Trial, bool) {
	kept, err := load(c.folder(m))
	if err != nil || c.Again || kept.Key != c.Key || kept.Scope != c.Scope(m) {
		return mutation.Trial{}, false
	}
	kept.Trial.Mutant = m
	return kept.Trial, !kept.Trial.Undecided()
}

// compare orders mutants so that the longest begin first and none is waited for alone at the end.
func (c Campaign) compare(one, other mutation.Mutant) int {
	rank := func(m mutation.Mutant) int {
		if c.Scope(m).Faithful {
			return 1
		}
		return 0
	}
	return cmp.Or(rank(other)-rank(one), c.Scope(other).Size()-c.Scope(one).Size())
}

// isSlow reports whether running a mutant is mostly waiting.
func (c Campaign) isSlow(m mutation.Mutant) bool { return c.Scope(m).Faithful || m.Slow() }

func (c Campaign) folder(m mutation.Mutant) string { return filepath.Join(c.Output, m.ID) }

// progress counts the mutants that are done.
type progress struct {
	tell  func(line string)
	began time.Time
	total int

	mu   sync.Mutex
	done int // with those that were kept from before
	ran  int // in this campaign, repetitions as well
}

// kept counts a mutant that has a trial from before.
func (p *progress) kept(trial mutation.Trial) {
	p.done++
	p.tell(p.line(trial) + "  (from before)")
}

// repeat takes undecided mutants out of the count.
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
