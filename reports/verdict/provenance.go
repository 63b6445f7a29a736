package verdict

import (
	"regexp"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// faithful is the only profile that can promote, because it keeps the shipped numbers (suites/contract/experiments.md#profiles).
const faithful = "faithful"

// clockSkewLimit is how far two clocks may differ without being wrong.
const clockSkewLimit = time.Minute

var wholeDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkProvenance checks that every record is about this image, whole, and of its time. It admits those that are about
// the image.
func (j *judge) checkProvenance() {
	if len(j.records) == 0 {
		j.addRun(noRecord)
	}
	for _, r := range j.records {
		switch {
		case r.Schema != record.Schema:
			j.addRun(otherSchema, r.Schema, record.Schema)
			continue
		case !wholeDigest.MatchString(r.Run.Digest):
			j.addRun(noDigest, r.Run.Digest)
		case j.against.Digest != "" && r.Run.Digest != j.against.Digest:
			j.addRun(otherDigest, r.Run.Digest, j.against.Digest)
			continue
		}
		j.admitted = append(j.admitted, r)
		j.checkCompleteness(r)
		j.checkScope(r)
		j.checkParts(r)
		j.checkTimes(r)
	}
}

// checkCompleteness checks that the record is whole and its run undisturbed.
func (j *judge) checkCompleteness(r *record.Record) {
	switch {
	case !r.Complete():
		j.addRun(unfinished)
	case r.End.Trouble != "":
		j.addRun(harnessError, r.End.Trouble)
	}
	for _, note := range r.Notes {
		j.addRun(damagedFile, note)
	}
	if r.Run.ID == "" {
		j.addRun(noID)
	}
	if len(r.Results) == 0 {
		j.addRun(noResults)
	}
	if len(r.Run.Services) == 0 {
		j.addRun(noServices)
	}
}

// checkScope checks that the run was one that can promote.
func (j *judge) checkScope(r *record.Record) {
	run := r.Run
	if run.Mutant != "" {
		j.addRun(mutant, run.Mutant)
	}
	if run.Choices != "" {
		j.addRun(choices, run.Choices)
	}
	if run.Profile != faithful {
		j.addRun(otherProfile, run.Profile)
	} else if run.Scale != 0 {
		j.addRun(scaledDown)
	}
	if run.Focus != "" {
		j.addRun(onlyFocus, run.Focus)
	}
	if run.Service != "" {
		j.addRun(onlyService, run.Service)
	}
	if slices.ContainsFunc(r.Runs(), func(p record.Part) bool { return p.Host.WorstGap < 0 || p.WorstGap < 0 }) ||
		run.Tolerance < 0 || run.Floor < 0 || run.Host.WorstGap < 0 || r.Complete() && r.End.WorstGap < 0 {
		j.addRun(negativeRun)
	}
}

// checkTimes checks that the times of the run are possible and recent, or those of each run that the record was merged
// from.
func (j *judge) checkTimes(r *record.Record) {
	latest := j.against.Now.Add(clockSkewLimit)
	for _, run := range r.Runs() {
		if run.Started.IsZero() || run.Started.After(latest) {
			j.addRun(noStart, run.Started.UTC().Format(time.RFC3339))
		}
		if !r.Complete() {
			return
		}
		finished := run.Finished.UTC().Format(time.RFC3339)
		switch {
		case run.Finished.After(latest):
			j.addRun(futureEnd, finished)
		case run.Finished.Before(run.Started):
			j.addRun(endBeforeStart)
		case j.against.Now.Sub(run.Finished) > j.against.Policy.AgeLimit:
			j.addRun(tooOld, finished, j.against.Policy.AgeLimit)
		}
	}
}
