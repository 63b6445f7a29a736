package record

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Merge makes one record of all the shards of a run, in any order. It is judged as the record of one whole run. Each shard must be there
// once, whole, and of the same image, program, plan and questions as the others. The error names the first that is not. The shards
// stay as they are.
//
// An image is recognised by its digest, which is its id: machines that loaded the same archive have the same id. What depends on a
// machine (its clock, daemon and stalls) is in Run.Parts. Every result, recovery and piece of evidence names its Shard. The paths of
// evidence lie in ShardFolder; the caller puts the files there.
func Merge(shards []*Record) (*Record, error) {
	ordered, err := complete(shards)
	if err != nil {
		return nil, fmt.Errorf("merge shards: %w", err)
	}
	merged := newRecord()
	merged.Schema, merged.Run = Schema, together(ordered)
	whole := Whole(merged.Run.Parts)
	merged.End = &End{Finished: whole.Finished, WorstGap: whole.WorstGap}
	counted := true
	for i, shard := range ordered {
		if err := CheckAlike(ordered[0].Run, shard.Run); err != nil {
			return nil, fmt.Errorf("merge shards: %s and %s are not of one run: %w", shard.Run.Shard, ordered[0].Run.Shard, err)
		}
		counted = counted && shard.End.Totals != nil
		if err := merged.take(shard, i+1); err != nil {
			return nil, fmt.Errorf("merge shards: %s: %w", shard.Run.Shard, err)
		}
	}
	if err := merged.settle(len(ordered)); err != nil {
		return nil, fmt.Errorf("merge shards: %w", err)
	}
	if counted {
		totals := merged.Count()
		merged.End.Totals = &totals
	}
	return merged, nil
}

// complete returns the shards in their order, if each is there once and came to its end.
func complete(shards []*Record) (ordered []*Record, err error) {
	if len(shards) == 0 {
		return nil, errors.New("there is no record")
	}
	_, all, err := ParseShard(shards[0].Run.Shard)
	if err != nil {
		return nil, fmt.Errorf("the run %s is no shard: it has %w", shards[0].Run.ID, err)
	}
	found, ids := map[int]*Record{}, map[string]bool{}
	for _, shard := range shards {
		number, of, err := ParseShard(shard.Run.Shard)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the run %s is no shard: it has %w", shard.Run.ID, err)
		case of != all:
			return nil, fmt.Errorf("%s is not one of %d, as %s is", shard.Run.Shard, all, shards[0].Run.Shard)
		case found[number] != nil:
			return nil, fmt.Errorf("%s is there twice, as the runs %s and %s", shard.Run.Shard, found[number].Run.ID, shard.Run.ID)
		case shard.Run.ID == "" || ids[shard.Run.ID]:
			return nil, fmt.Errorf("%s has the id %q, as no other run may have", shard.Run.Shard, shard.Run.ID)
		}
		found[number], ids[shard.Run.ID] = shard, true
	}
	for number := 1; number <= all; number++ {
		shard := found[number]
		if shard == nil {
			return nil, fmt.Errorf("%s is missing", Shard(number, all))
		}
		if err := shard.wanting(); err != nil {
			return nil, fmt.Errorf("%s: %w", shard.Run.Shard, err)
		}
		ordered = append(ordered, shard)
	}
	return ordered, nil
}

// wanting returns an error that names what a shard lacks. What it lacks was not seen to hold.
func (r *Record) wanting() error {
	switch {
	case !r.Complete():
		return errors.New("it did not come to its end: run it again")
	case len(r.Run.Parts) > 0:
		return errors.New("it was merged before")
	case r.Run.Plan == "" || r.Run.Specs < 1:
		return errors.New("it does not say by which plan it was made")
	case r.End.Totals != nil && r.Count() != *r.End.Totals:
		return fmt.Errorf("it holds %+v, and counts %+v", r.Count(), *r.End.Totals)
	case r.End.Seal != "" && !r.IsSealed():
		return errors.New("it was changed after it was saved: run it again")
	case len(r.Results) < r.Run.Specs:
		return fmt.Errorf("it has %d results, and the plan gave it %d specs: run it again", len(r.Results), r.Run.Specs)
	}
	return nil
}

// CheckAlike returns an error that names the first thing in which two shards differ, so that they are not of one run.
func CheckAlike(one, other Run) error {
	for _, c := range []struct {
		what       string
		one, other any
	}{
		{"digest", one.Digest, other.Digest},
		{"target", one.Target, other.Target},
		{"profile", one.Profile, other.Profile},
		{"seed", one.Seed, other.Seed},
		{"focus", one.Focus, other.Focus},
		{"service", one.Service, other.Service},
		{"mutant", one.Mutant, other.Mutant},
		{"selection of choices", one.Choices, other.Choices},
		{"image to upgrade from", one.UpgradesFrom(), other.UpgradesFrom()},
		{"version of hero_chaos", one.Version, other.Version},
		{"plan", one.Plan, other.Plan},
		{"tolerance", one.Tolerance, other.Tolerance},
		{"scale", one.Scale, other.Scale},
		{"hash of the target file", one.TargetSHA256, other.TargetSHA256},
		{"hash of the policy", one.PolicySHA256, other.PolicySHA256},
	} {
		if c.one != c.other {
			return fmt.Errorf("the %s is %q here and %q there", c.what, fmt.Sprint(c.other), fmt.Sprint(c.one))
		}
	}
	for what, same := range map[string]bool{
		"promises":              reflect.DeepEqual(one.Promises, other.Promises),
		"services":              reflect.DeepEqual(one.Services, other.Services),
		"confirmed assumptions": slices.Equal(one.Confirmed, other.Confirmed),
		"limits":                reflect.DeepEqual(one.Limits, other.Limits),
	} {
		if !same {
			return fmt.Errorf("they have different %s", what)
		}
	}
	return nil
}

// together returns what the runs have in common, and the worst of what differs.
func together(ordered []*Record) Run {
	run := ordered[0].Run
	run.Shard, run.Specs, run.Parts, run.Sandboxes = "", 0, nil, nil // each shard has planned its own
	kernels := []string{}
	for _, shard := range ordered {
		own := shard.part()
		run.Parts = append(run.Parts, own)
		kernels = append(kernels, own.Host.Kernel)
		if own.Daemon != run.Daemon {
			run.Daemon = Daemon{}
		}
		run.Procs = max(run.Procs, own.Procs)
		run.Host.Cores = min(run.Host.Cores, own.Host.Cores)
		if own.Host.WorstGap > run.Host.WorstGap {
			run.Host.WorstGap, run.Budgets = own.Host.WorstGap, shard.Run.Budgets // a latest bound has the host's jitter in it
		}
	}
	slices.Sort(kernels)
	whole := Whole(run.Parts)
	run.ID, run.Started, run.Host.Kernel = whole.ID, whole.Started, strings.Join(slices.Compact(kernels), ", ")
	return run
}

// take adds a shard's findings.
func (r *Record) take(shard *Record, number int) error {
	name := shard.Run.Shard
	own := func(id string) string { return id + " of shard " + name }
	for _, result := range shard.Results {
		result.Shard, result.Recoveries, result.Windows = name, slices.Clone(result.Recoveries), slices.Clone(result.Windows)
		for i := range result.Recoveries {
			result.Recoveries[i] = own(result.Recoveries[i])
		}
		for i := range result.Windows {
			result.Windows[i].Recovery = own(result.Windows[i].Recovery)
		}
		r.Results = append(r.Results, result)
	}
	for _, recovery := range shard.Recoveries {
		recovery.ID, recovery.Shard = own(recovery.ID), name
		r.Recoveries = append(r.Recoveries, recovery)
	}
	for _, container := range shard.Containers {
		container.Shard = name
		r.Containers = append(r.Containers, container)
	}
	for _, evidence := range shard.Evidence {
		if !filepath.IsLocal(evidence.Path) {
			return fmt.Errorf("its evidence %q lies outside of its folder", evidence.Path)
		}
		evidence.Path, evidence.Shard = path.Join(ShardFolder(number), evidence.Path), name
		r.Evidence = append(r.Evidence, evidence)
	}
	for _, key := range shard.Planned {
		if !slices.Contains(r.Planned, key) { // a promise about a whole run is planned in each shard
			r.Planned = append(r.Planned, key)
		}
	}
	r.MeasuredAgain += shard.MeasuredAgain
	for _, note := range shard.Notes {
		r.Notes = append(r.Notes, "shard "+name+": "+note)
	}
	if trouble := shard.End.Trouble; trouble != "" {
		r.End.Trouble = strings.TrimPrefix(r.End.Trouble+"; shard "+name+": "+trouble, "; ")
	}
	return nil
}

// settle merges the results that every shard has of a promise about the whole run. Any other result that is there twice is an error.
func (r *Record) settle(shards int) error {
	throughout := map[string]bool{}
	for _, promise := range r.Run.Promises {
		throughout[promise.ID] = promise.Throughout
	}
	kept, found := []Result{}, map[Key][]string{} // in which shards
	for _, result := range r.Results {
		key := result.Key()
		others := found[key]
		if len(others) > 0 && (!throughout[result.Promise] || slices.Contains(others, result.Shard)) {
			return fmt.Errorf("%s on %q is in %s and in %s: %s", result.Promise, result.Service, others[len(others)-1], result.Shard, result.Name)
		}
		found[key] = append(others, result.Shard)
		if len(others) == 0 {
			kept = append(kept, result)
			continue
		}
		place := slices.IndexFunc(kept, func(k Result) bool { return k.Key() == key })
		if graver(result, kept[place]) {
			kept[place] = result
		}
	}
	for key, in := range found {
		if throughout[key.Promise] && len(in) != shards {
			return fmt.Errorf("%s is about all of a run, and only %d of %d shards were asked", key.Promise, len(in), shards)
		}
	}
	r.Results = kept
	return nil
}

// graver reports whether a result outweighs another one of the same promise.
func graver(one, other Result) bool {
	order := []Outcome{Failed, NotRun, Inconclusive, Held}
	return slices.Index(order, one.Outcome) < slices.Index(order, other.Outcome)
}
