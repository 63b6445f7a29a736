package verdict

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// runIDForm is the form of a run's id: when it was drawn, in seconds, and a random word.
var runIDForm = regexp.MustCompile(`^([0-9]{9,11})-[a-z2-7]{8}$`)

// prepareLimit bounds how long a run takes from its id to its first spec: its image may be built or pulled meanwhile, and has to boot.
const prepareLimit = time.Hour

// endLimit bounds how long a run takes from its last container to its end, when it removes all of them.
const endLimit = 10 * time.Minute

// checkRuns checks that each run of a record began when its id says, and that a merged record says of itself what its runs say.
func (j *judge) checkRuns(r *record.Record) {
	if !r.Complete() || len(r.Results) == 0 { // a run that was interrupted before it began has drawn no id
		return
	}
	for _, run := range r.Runs() {
		if run.ID != "" && !isDrawnBefore(run) {
			j.addRun(otherID, run.ID)
		}
	}
	isPart := r.Run.Shard != ""
	switch parts := r.Run.Parts; {
	case len(parts) > 0:
		whole := record.Whole(parts)
		if r.Run.ID != whole.ID || !r.Run.Started.Equal(whole.Started) || !r.End.Finished.Equal(whole.Finished) || r.End.WorstGap != whole.WorstGap {
			j.addRun(otherParts)
		}
	case isPart != (r.Run.Plan != "") || isPart != (r.Run.Specs != 0):
		j.addRun(oddPlan)
	case isPart && len(r.Results) < r.Run.Specs:
		j.addRun(tooFewSpecs, len(r.Results), r.Run.Specs)
	}
}

// drawnAt returns when the id of a run was drawn; false if it has another form.
func drawnAt(id string) (at time.Time, ok bool) {
	form := runIDForm.FindStringSubmatch(id)
	if form == nil {
		return at, false
	}
	seconds, _ := strconv.ParseInt(form[1], 10, 64) // at most 11 digits
	return time.Unix(seconds, 0), true
}

// isDrawnBefore reports whether the id of a run was drawn before the run began, and not long before.
func isDrawnBefore(run record.Part) bool {
	drawn, ok := drawnAt(run.ID)
	return ok && !run.Started.Before(drawn.Add(-stepLimit)) && !run.Started.After(drawn.Add(prepareLimit))
}

// checkRepetitions checks that a record counts what was measured again as its results say. Merged shards have one result of a promise about
// the whole run, and counted each of theirs. A result without a sandbox does not show whether it was measured again.
func (j *judge) checkRepetitions(r *record.Record) {
	later, unknown := 0, 0
	for _, result := range r.Results {
		switch {
		case slices.ContainsFunc(result.Sandboxes, record.IsLater):
			later++
		case len(result.Sandboxes) == 0 || len(r.Run.Parts) > 0:
			unknown++
		}
	}
	if len(r.Containers) > 0 && (r.MeasuredAgain < later || r.MeasuredAgain > later+unknown) {
		j.addRun(otherRepetitions, later, r.MeasuredAgain)
	}
}

// checkGaps checks that the observer of no recovery was kept waiting for longer than it observed or than the run says, and none for longer
// than the run took.
func (j *judge) checkGaps(r *record.Record) {
	if !r.Complete() {
		return
	}
	for _, run := range r.Runs() {
		if time.Duration(run.WorstGap) > max(run.Took(), 0)+stepLimit {
			j.addRun(endlessGap, run.ID)
		}
	}
	for _, recovery := range r.Recoveries {
		run, known := r.RunOf(recovery.Shard)
		if known && (recovery.WorstGap > run.WorstGap || recovery.WorstGap > recovery.Observed.Hi-recovery.Observed.Lo+int64(lookLimit)) {
			j.add(otherGap, recovery.Promise, recovery.Service, recovery.ID)
		}
	}
}

// checkSpan checks that the containers of a shard were there while its run went on: from when its id was drawn, before its first spec, and
// until shortly before its end. between are the least and the most by which the wall clock is ahead of the agent's.
func (j *judge) checkSpan(r *record.Record, shard string, between [2]time.Duration) {
	run, known := r.RunOf(shard)
	containers := containersOf(r, shard)
	if !known || !r.Complete() || len(containers) == 0 {
		return
	}
	first := slices.MinFunc(containers, func(one, other record.Container) int { return cmp.Compare(one.From, other.From) })
	last := slices.MaxFunc(containers, func(one, other record.Container) int { return cmp.Compare(one.Until, other.Until) })
	at := func(point int64, ahead time.Duration) time.Time {
		return r.Run.Started.Add(time.Duration(point) + ahead)
	}
	least, most := between[0]-stepLimit, between[1]+stepLimit
	isOdd := at(first.From, least).After(run.Started) || run.Started.Sub(at(first.From, most)) > prepareLimit ||
		at(last.Until, least).After(run.Finished) || run.Finished.Sub(at(last.Until, most)) > endLimit
	drawn, ok := drawnAt(run.ID)
	if isOdd || ok && at(first.From, most).Before(drawn) {
		j.addRun(otherSpan, run.ID)
	}
}

// checkPlaces checks that a container of each sandbox in which a result was found was there while it was found. A promise about a whole run is
// found when its containers may be gone. between is that of checkSpan.
func (j *judge) checkPlaces(r *record.Record, all lives, shard string, between [2]time.Duration) {
	for _, result := range r.Results {
		if result.Outcome != record.Held || result.Shard != shard {
			continue
		}
		from := result.Started.Sub(r.Run.Started)
		until := from + time.Duration(result.Duration)
		for _, sandbox := range result.Sandboxes {
			containers := all[place{shard, sandbox}]
			wasThere := func(c record.Container) bool {
				return until >= time.Duration(c.From)+between[0]-stepLimit &&
					(from <= time.Duration(c.Until)+between[1]+stepLimit || j.known[result.Promise].Throughout)
			}
			if len(containers) > 0 && !slices.ContainsFunc(containers, wasThere) {
				j.add(otherPlace, result.Promise, result.Service, sandbox)
			}
		}
	}
}

// containersOf returns the containers of a shard.
func containersOf(r *record.Record, shard string) []record.Container {
	return slices.DeleteFunc(slices.Clone(r.Containers), func(c record.Container) bool { return c.Shard != shard })
}
