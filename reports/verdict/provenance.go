package verdict

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// faithful is the profile that keeps the shipped numbers: the only one that can promote (design, "Two profiles").
const faithful = "faithful"

// skew is how far two clocks may be apart without being wrong.
const skew = time.Minute

var wholeDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// provenance asks of every record whether it is about this image, whole, and of its time; and admits those that are
// about the image.
func (c *court) provenance() {
	if len(c.records) == 0 {
		c.say(NoRecord, "there is no record")
	}
	for _, r := range c.records {
		switch {
		case r.Schema != record.Schema:
			c.say(UnknownSchema, fmt.Sprintf("the record has the form %q, this program knows %q", r.Schema, record.Schema))
			continue
		case !wholeDigest.MatchString(r.Run.Digest):
			c.say(WrongDigest, fmt.Sprintf("the record does not say which image it is of: its digest is %q", r.Run.Digest))
		case c.against.Digest != "" && r.Run.Digest != c.against.Digest:
			c.say(WrongDigest, fmt.Sprintf("the record is of the image %s, and not of %s", r.Run.Digest, c.against.Digest))
			continue
		}
		c.admitted = append(c.admitted, r)
		c.completeness(r)
		c.scope(r)
		c.parts(r)
		c.times(r)
	}
}

// completeness asks whether the whole record of an undisturbed run is there.
func (c *court) completeness(r *record.Record) {
	switch {
	case !r.Complete():
		c.say(Incomplete, "the run did not come to its end: what its record lacks was not seen to hold")
	case r.End.Trouble != "":
		c.say(Trouble, "the harness had trouble of its own: "+r.End.Trouble)
	}
	for _, doubt := range r.Notes {
		c.say(OddFile, doubt)
	}
	if r.Run.ID == "" {
		c.say(Doubled, "the run has no id, so that nobody can tell it from another")
	}
	if len(r.Results) == 0 {
		c.say(NoResults, "nothing was checked")
	}
	if len(r.Run.Services) == 0 {
		c.say(NoServices, "the record does not say which services the target ships")
	}
}

// scope asks whether the run was one that can promote.
func (c *court) scope(r *record.Record) {
	run := r.Run
	if run.Mutant != "" {
		c.say(Mutant, "the image was broken on purpose, as "+run.Mutant)
	}
	if run.Profile != faithful {
		c.say(Quick, fmt.Sprintf("the profile was %q: only a faithful run keeps the shipped numbers", run.Profile))
	} else if run.Scale != 0 {
		c.say(Contradiction, "a faithful run has scaled numbers down")
	}
	if run.Focus != "" {
		c.say(Filtered, "only a part was selected: "+run.Focus)
	}
	if run.Service != "" {
		c.say(Filtered, "only one service was selected: "+run.Service)
	}
	if slices.ContainsFunc(r.Runs(), func(p record.Part) bool { return p.Host.WorstGap < 0 || p.WorstGap < 0 }) ||
		run.Tolerance < 0 || run.Floor < 0 || run.Host.WorstGap < 0 || r.Complete() && r.End.WorstGap < 0 {
		c.say(Contradiction, "the run has a negative figure")
	}
}

// times asks whether the run, or each of those that the record was merged from, can have been when it says that it was,
// and is not too long ago.
func (c *court) times(r *record.Record) {
	latest := c.against.Now.Add(skew)
	for _, run := range r.Runs() {
		if run.Started.IsZero() || run.Started.After(latest) {
			c.say(Clock, "the run began at "+run.Started.UTC().Format(time.RFC3339)+", which is no time before now")
		}
		if !r.Complete() {
			return
		}
		switch finished := run.Finished; {
		case finished.After(latest):
			c.say(Clock, "the run ended at "+finished.UTC().Format(time.RFC3339)+", which is still to come")
		case finished.Before(run.Started):
			c.say(Clock, "the run ended before it began")
		case c.against.Now.Sub(finished) > c.against.Policy.MaxAge:
			c.say(Stale, fmt.Sprintf("the run ended at %s: the policy takes no record that is older than %v", finished.UTC().Format(time.RFC3339), c.against.Policy.MaxAge))
		}
	}
}

// together asks whether the records are those of one image, each there once.
func (c *court) together() {
	ids, digests, targets := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, r := range c.admitted {
		ids[r.Run.ID]++
		digests[r.Run.Digest], targets[r.Run.Target] = true, true
	}
	for _, r := range c.admitted {
		if ids[r.Run.ID] > 1 && r.Run.ID != "" {
			c.say(Doubled, "there is more than one record of the run "+r.Run.ID)
		}
	}
	if len(digests) > 1 {
		c.say(WrongDigest, "the records are of different images")
	}
	if len(targets) > 1 {
		c.say(Mixed, "the records are of different targets")
	}
	c.shards()
}

// parts asks of a record that was merged whether all parts of the run are there, each once.
func (c *court) parts(r *record.Record) {
	ids := map[string]bool{"": true}
	for i, part := range r.Run.Parts {
		if part.Shard != record.Shard(i+1, len(r.Run.Parts)) || r.Run.Shard != "" {
			c.say(Shards, "the record was merged from parts that are no whole run")
		}
		if ids[part.ID] {
			c.say(Doubled, "the record was merged from parts that are one run")
		}
		ids[part.ID] = true
	}
}

// shards asks whether every part of a run is there, once. Whole runs have none.
func (c *court) shards() {
	var parts []string
	plans := map[string]bool{}
	for _, r := range c.admitted {
		if r.Run.Shard != "" {
			parts = append(parts, r.Run.Shard)
			plans[r.Run.Plan] = true
		}
	}
	if len(parts) == 0 {
		return
	}
	if len(plans) > 1 {
		c.say(Shards, "the records are parts of different plans: a spec may be in none of them")
	}
	slices.Sort(parts)
	_, total, _ := strings.Cut(parts[0], "/")
	// Nobody has more parts than there are records: a larger number lacks some, whatever it is.
	all, err := strconv.Atoi(total)
	whole := err == nil && all == len(parts) && all == len(c.admitted)
	for number := 1; whole && number <= all; number++ {
		whole = slices.Contains(parts, fmt.Sprintf("%d/%d", number, all))
	}
	if !whole {
		c.say(Shards, "the records are the parts "+strings.Join(parts, ", ")+": each part of one run has to be there once, and nothing else")
	}
}
