package record

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// Part is what a shard has of its own when it was merged with the others: another run, on what may be another machine.
type Part struct {
	Shard    string    `json:"shard"` // "2/4"
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Daemon   Daemon    `json:"daemon"`
	Procs    int       `json:"procs"`
	Host     Host      `json:"host"`
	// WorstGap is as in End.
	WorstGap int64 `json:"worst_gap"`
}

// Took is how long the part ran.
func (p Part) Took() time.Duration { return p.Finished.Sub(p.Started) }

// Runs are what a record is of: the parts that it was merged from, else the one run. Finished is the zero time where
// that has no end.
func (r *Record) Runs() []Part {
	if len(r.Run.Parts) > 0 {
		return r.Run.Parts
	}
	return []Part{r.part()}
}

// RunOf returns the run in which something of that Shard was found: "" in a record that was not merged. It is false where
// the record has no such run.
func (r *Record) RunOf(shard string) (Part, bool) {
	for _, run := range r.Runs() {
		if run.Shard == shard || len(r.Run.Parts) == 0 && shard == "" {
			return run, true
		}
	}
	return Part{}, false
}

// Took is how long the longest of the record's runs was: shards may have run side by side or one after the other. It is
// 0 where that has no end.
func (r *Record) Took() (longest time.Duration) {
	for _, run := range r.Runs() {
		longest = max(longest, run.Took())
	}
	return longest
}

// part is what this record would be in a merged one.
func (r *Record) part() Part {
	own := Part{
		Shard: r.Run.Shard, ID: r.Run.ID, Started: r.Run.Started, Daemon: r.Run.Daemon, Procs: r.Run.Procs, Host: r.Run.Host,
	}
	if r.Complete() {
		own.Finished, own.WorstGap = r.End.Finished, r.End.WorstGap
	}
	return own
}

// ParseShard reads "2/4", the second of four. Both are numbers from 1 on without leading zeros or signs, and the first
// is at most the second.
func ParseShard(text string) (number, of int, err error) {
	first, second, _ := strings.Cut(text, "/")
	number, firstErr := strconv.Atoi(first)
	of, secondErr := strconv.Atoi(second)
	if firstErr != nil || secondErr != nil || number < 1 || number > of || Shard(number, of) != text {
		return 0, 0, fmt.Errorf("the shard %q: write 2/4 for the second of four", text)
	}
	return number, of, nil
}

// Shard writes what ParseShard reads.
func Shard(number, of int) string { return fmt.Sprintf("%d/%d", number, of) }

// ShardFolder is where the evidence of a shard lies beside the record that it was merged into, as "shards/2".
func ShardFolder(number int) string { return path.Join("shards", strconv.Itoa(number)) }
