package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// busyShare is the share of a processor from which a supervisor is busy without work to do. One that tries again each second, a thousand times,
	// as servers in an interpreted language do, takes a quarter.
	busyShare = 0.5
	// spareChecks is the number of checks of one service that may come after a revert besides those that come in time: one that was under way,
	// one that was due, and one more.
	spareChecks = 3
	// spareDescriptors is the number of descriptors that a supervisor may have open more than before: connections of ours, and of checks.
	spareDescriptors = 32
	// mostAttempts is the number of starts that a policy with a delay allows while a fault is held: two that are due, and two more.
	mostAttempts = 4
	// outputLimit is the time by which output may be taken late.
	outputLimit = 500 * time.Millisecond
	// stallLimit is a delay of the host by which a late recovery says nothing of the image.
	stallLimit = time.Second
)

// finding describes something wrong: a headline, empty if nothing is, and the evidence.
type finding struct {
	headline string
	lines    []spec.Line
}

// judge registers a spec that judges the experiment by some of the questions about it. The first finding fails it.
func (e *experiment) judge(p, text string, questions ...func(*experiment, result) finding) {
	var besides Labels
	if e.replaces {
		besides = spec.Injecting(fault.SIGKILL)
	}
	It(text+" while and after "+e.fault.Name, spec.About(p), spec.On(e.fault.Name), besides, func(ctx SpecContext) {
		defer func() { spec.RestOn(e.lasting) }()
		seen := e.Get(ctx)
		for _, question := range questions {
			found := question(e, seen)
			if found.headline == "" {
				continue
			}
			if seen.stallPeriod >= stallLimit {
				blameHost(e.fault)
			}
			spec.FailWith(e.chaos, found.headline, append(e.evidence(seen), found.lines...)...)
		}
	}, NodeTimeout(specTimeout))
}

// blameHost ends the spec as INCONCLUSIVE, since the host kept the observer waiting while a fault was held.
func blameHost(f fault.Lasting) {
	GinkgoHelper()
	spec.InconclusiveBecause(record.HostStalled("the host kept the observer waiting while " + f.Name + " was held"))
}

// evidence returns the lines that each failure has.
func (e *experiment) evidence(seen result) []spec.Line {
	held := time.Duration(seen.ended.Lo - seen.begun.Hi)
	return []spec.Line{spec.Note("fault", "%s, held for %s", e.fault.Name, span.Text(held)), spec.Note("landed", "%s", seen.proof)}
}

// judgeRunning asks whether what ran went on.
func judgeRunning(e *experiment, seen result) finding {
	switch {
	case seen.died != "":
		return finding{"the supervisor did not live through " + e.fault.Name, []spec.Line{spec.Note("found", "%s", seen.died)}}
	case len(seen.silent) > 0:
		return finding{fmt.Sprintf("%s did not serve during %s", spec.Count(len(seen.silent), "service"), e.fault.Name), spec.ListServices(seen.silent)}
	case seen.cpu >= busyShare:
		return finding{fmt.Sprintf("the supervisor used %.0f %% of a processor during %s", 100*seen.cpu, e.fault.Name), nil}
	}
	return finding{}
}

// judgeBack asks whether all runs again after the revert.
func judgeBack(e *experiment, seen result) finding {
	if len(seen.down) > 0 {
		return finding{
			fmt.Sprintf("%s did not run and serve %s after %s", spec.Count(len(seen.down), "service"), span.Text(seen.limit), e.fault.Name),
			spec.ListServices(seen.down),
		}
	}
	return finding{}
}

// judgeAttempts asks whether a service that could not begin was tried again as its policy says.
func judgeAttempts(e *experiment, seen result) finding {
	if seen.attempts > 0 && seen.attempts <= mostAttempts {
		return finding{}
	}
	return finding{
		fmt.Sprintf("the service was started %s during %s", spec.Count(seen.attempts, "time"), e.fault.Name),
		[]spec.Line{spec.Note("policy", "retries are due %s and %s after the end", delay, 3*delay)},
	}
}

// judgeFile asks whether the file in the place of a socket was left alone.
func judgeFile(e *experiment, seen result) finding {
	if seen.removed {
		return finding{"a file in the place of a service's socket was removed during " + e.fault.Name, nil}
	}
	return finding{}
}

// judgeAfter asks whether all runs again after the revert, and each service that ended was restarted exactly once.
func judgeAfter(e *experiment, seen result) finding {
	if found := judgeBack(e, seen); found.headline != "" {
		return found
	}
	for _, name := range slices.Sorted(maps.Keys(seen.starts)) {
		if n := seen.starts[name]; n != 1 {
			return finding{fmt.Sprintf("%s ended during %s and was started %d times afterwards, not once", name, e.fault.Name, n), nil}
		}
	}
	return finding{}
}

// judgeLeftAlone asks whether what was healthy was left alone, and overdue checks came one by one.
func judgeLeftAlone(e *experiment, seen result) finding {
	switch {
	case len(seen.deaths) > 0:
		return finding{
			fmt.Sprintf("%s without a fault ended during or after %s", spec.Count(len(seen.deaths), "service"), e.fault.Name),
			spec.ListServices(seen.deaths),
		}
	case seen.burst > int(seen.burstPeriod()/interval)+spareChecks:
		return finding{
			fmt.Sprintf("%s was checked %d times within %s after %s", e.residents.checked.Name, seen.burst, span.Text(seen.burstPeriod()), e.fault.Name),
			[]spec.Line{spec.Note("policy", "checked every %s", interval)},
		}
	}
	return finding{}
}

// when says when the supervisor was asked.
func (e *experiment) when() string {
	if e.asksAfter {
		return "after"
	}
	return "during"
}

// judgeAnswers asks whether the supervisor answered at all times.
func judgeAnswers(e *experiment, seen result) finding {
	late, doubtful := seen.answers.Judge(spec.AnswerLimit)
	switch {
	case seen.answers.Asked == 0:
		spec.Inconclusive("the supervisor was not asked anything")
	case errors.Is(seen.answers.Refused.Err, zinit.ErrNotExpressible):
		spec.Conclude(seen.answers.Refused.Err)
	case seen.answers.Refused.Err != nil:
		return finding{
			fmt.Sprintf("the supervisor answered %s with an error %s %s", seen.answers.Refused.Method, e.when(), e.fault.Name),
			[]spec.Line{spec.Note("error", "%v", seen.answers.Refused.Err)},
		}
	case late:
		return finding{fmt.Sprintf("the supervisor did not answer %s within %s %s %s", seen.answers.Worst.Method, spec.AnswerLimit, e.when(), e.fault.Name), nil}
	case doubtful:
		spec.InconclusiveBecause(record.HostStalled("a late answer says nothing of the supervisor"))
	}
	return finding{}
}

// judgeLeft asks whether the supervisor has let go of clients that have left.
func judgeLeft(e *experiment, seen result) finding {
	if seen.descriptors > spareDescriptors {
		return finding{fmt.Sprintf("the supervisor has %d more open files after %s", seen.descriptors, e.fault.Name), nil}
	}
	return finding{}
}

// judgeRestarts asks whether what ended was running again while the fault was held.
func judgeRestarts(e *experiment, seen result) finding {
	for _, name := range slices.Sorted(maps.Keys(seen.restarted)) {
		if !seen.restarted[name] {
			return finding{
				fmt.Sprintf("%s ended during %s and did not run again while it went on", name, e.fault.Name),
				[]spec.Line{spec.Note("policy", "due %s after the end", delay)},
			}
		}
	}
	return finding{}
}

// judgeOutput asks whether what a service wrote was taken while the fault was held.
func judgeOutput(e *experiment, seen result) finding {
	due := seen.flood.due()
	switch {
	case seen.flood.began == 0 || due > seen.ended.Lo:
		spec.Inconclusive("the service that writes much was not running again for long enough before " + e.fault.Name + " was over")
	case seen.flood.end != 0 && seen.flood.end <= seen.ended.Lo:
		return finding{}
	case seen.flood.doubtful:
		spec.InconclusiveBecause(record.HostStalled("what a service writes was taken late"))
	}
	return finding{
		fmt.Sprintf("what %s wrote was not taken during %s", seen.flood.service, e.fault.Name),
		[]spec.Line{spec.Note("wrote", "1 MB a second for %s", span.Text(floodPeriod))},
	}
}

// judgeOrders asks whether a definition can be changed again after the revert.
func judgeOrders(e *experiment, seen result) finding {
	if seen.later.asked && seen.later.err != nil {
		return finding{
			fmt.Sprintf("the definition of %s could not be changed after %s", seen.later.service, e.fault.Name),
			[]spec.Line{spec.Note("error", "%v", seen.later.err)},
		}
	}
	return finding{}
}

// judgeOrderWhole asks whether a change of a definition was done whole or refused whole, and kept.
func judgeOrderWhole(e *experiment, seen result) finding {
	o := seen.order
	switch {
	case !o.asked:
		return finding{}
	case o.refused && o.applied:
		return finding{
			fmt.Sprintf("a change of %s was refused during %s, and is there all the same", o.service, e.fault.Name),
			[]spec.Line{spec.Note("answer", "%v", o.err)},
		}
	case o.acked && !o.applied:
		return finding{fmt.Sprintf("a change of %s was acknowledged during %s, and is not there", o.service, e.fault.Name), nil}
	case seen.unkept == nil && e.replaces && o.acked && !o.kept:
		return finding{fmt.Sprintf("a change of %s was acknowledged during %s, and was gone with the next supervisor", o.service, e.fault.Name), nil}
	}
	return finding{}
}

// judgeDefinitions asks whether all is registered as before.
func judgeDefinitions(e *experiment, seen result) finding {
	switch {
	case seen.unkept != nil:
		spec.Conclude(seen.unkept)
	case len(seen.changed) > 0:
		return finding{
			fmt.Sprintf("%s were not registered as before after %s", spec.Count(len(seen.changed), "service"), e.fault.Name),
			spec.ListServices(seen.changed),
		}
	}
	return finding{}
}
