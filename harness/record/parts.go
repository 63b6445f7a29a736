package record

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Part is a shard in a merged record: a run, possibly on another machine.
type Part struct {
	Shard    string    `json:"shard"` // "2/4"
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Daemon   Daemon    `json:"daemon" seal:"describes"`
	Procs    int       `json:"procs" seal:"describes"`
	Host     Host      `json:"host" seal:"describes"`
	// WorstGap is as in End.
	WorstGap int64 `json:"worst_gap"`
}

// Took returns how long the part ran.
func (p Part) Took() time.Duration { return p.Finished.Sub(p.Started) }

// Runs returns the runs of a record: the parts that it was merged from, else the one run. Finished is the zero time if there is no end.
func (r *Record) Runs() []Part {
	if len(r.Run.Parts) > 0 {
		return r.Run.Parts
	}
	return []Part{r.part()}
}

// RunOf returns the run of a shard; "" is the one run of a record that was not merged. It is false if the record has no such run.
func (r *Record) RunOf(shard string) (Part, bool) {
	for _, run := range r.Runs() {
		if run.Shard == shard || len(r.Run.Parts) == 0 && shard == "" {
			return run, true
		}
	}
	return Part{}, false
}

// Took returns how long the longest of the record's runs took: shards may have run side by side or one after the other. It is 0 without
// an end.
func (r *Record) Took() (longest time.Duration) {
	for _, run := range r.Runs() {
		longest = max(longest, run.Took())
	}
	return longest
}

// part returns this record as a part of a merged one.
func (r *Record) part() Part {
	own := Part{
		Shard: r.Run.Shard, ID: r.Run.ID, Started: r.Run.Started, Daemon: r.Run.Daemon, Procs: r.Run.Procs, Host: r.Run.Host,
	}
	if r.Complete() {
		own.Finished, own.WorstGap = r.End.Finished, r.End.WorstGap
	}
	return own
}

// Whole returns what a record that was merged from these runs says of itself: an id that follows from theirs, from when until when they ran,
// and the longest gap of an observer.
func Whole(parts []Part) (whole Part) {
	ids := sha256.New()
	for i, part := range parts {
		_, _ = fmt.Fprintln(ids, part.ID)
		if i == 0 || part.Started.Before(whole.Started) {
			whole.Started = part.Started
		}
		if part.Finished.After(whole.Finished) {
			whole.Finished = part.Finished
		}
		whole.WorstGap = max(whole.WorstGap, part.WorstGap)
	}
	whole.ID = fmt.Sprintf("merged-%.6x", ids.Sum(nil))
	return whole
}

// ParseShard reads "2/4", the second of four. Both numbers begin at 1, without leading zeros or signs, and the first is at most the
// second.
func ParseShard(text string) (number, of int, err error) {
	first, second, _ := strings.Cut(text, "/")
	number, firstErr := strconv.Atoi(first)
	of, secondErr := strconv.Atoi(second)
	if firstErr != nil || secondErr != nil || number < 1 || number > of || Shard(number, of) != text {
		return 0, 0, fmt.Errorf("the shard %q: write 2/4 for the second of four", text)
	}
	return number, of, nil
}

// Shard writes a shard's name for ParseShard.
func Shard(number, of int) string { return fmt.Sprintf("%d/%d", number, of) }

// EvidenceFolder is the folder of what was collected of each sandbox, beside the record.
const EvidenceFolder = "evidence"

// ShardFolder returns the folder of a shard's evidence beside the merged record, as "shards/2".
func ShardFolder(number int) string { return path.Join("shards", strconv.Itoa(number)) }
