package attest

import (
	"path/filepath"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// File is a record that was judged, with the bytes that it was read from.
type File struct {
	Path   string
	Data   []byte
	Record *record.Record
}

// Of returns what is signed of a verdict on the files.
func Of(judged verdict.Verdict, files ...File) Attested {
	a := Attested{
		Image: judged.Image, Digest: judged.Digest, Verdict: string(judged.Answer), Policy: judged.Judged.Policy, Judged: judged.Judged.At,
	}
	var records []*record.Record
	for _, file := range files {
		records = append(records, file.Record)
		a.Records = append(a.Records, Record{Name: filepath.Base(file.Path), SHA256: hash(file.Data), Finished: finishedFirst(file.Record)})
		a.Version = file.Record.Run.Version
	}
	a.Passed, a.Open = sortPromises(records)
	return a
}

// finishedFirst returns when the first run of a record ended: evidence is as old as its oldest part. It is zero if the record
// has no end.
func finishedFirst(r *record.Record) (first time.Time) {
	for i, run := range r.Runs() {
		if i == 0 || run.Finished.Before(first) {
			first = run.Finished
		}
	}
	return first
}

// sortPromises sorts the promises that records know by whether all their results held.
func sortPromises(records []*record.Record) (held, others []string) {
	all := map[string]bool{}
	for _, r := range records {
		for _, promise := range r.Run.Promises {
			all[promise.ID] = false
		}
	}
	failed := map[string]bool{}
	for _, r := range records {
		for _, promise := range tally.Of(r) {
			total := 0
			for _, n := range promise.Outcomes {
				total += n
			}
			whole := total > 0 && promise.Outcomes[record.Held] == total
			failed[promise.ID] = failed[promise.ID] || !whole
			all[promise.ID] = !failed[promise.ID]
		}
	}
	for id, ok := range all {
		if ok {
			held = append(held, id)
		} else {
			others = append(others, id)
		}
	}
	slices.Sort(held)
	slices.Sort(others)
	return held, others
}
