package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// Of returns what is signed of a verdict on records, which lie at the paths.
func Of(judged verdict.Verdict, paths []string, records []*record.Record) (Attested, error) {
	a := Attested{
		Image: judged.Image, Digest: judged.Digest, Verdict: string(judged.Answer), Policy: judged.Judged.Policy, Judged: judged.Judged.At,
	}
	for i, path := range paths {
		sum, err := fileSum(path)
		if err != nil {
			return a, fmt.Errorf("attest the verdict: %w", err)
		}
		a.Records = append(a.Records, Record{Name: filepath.Base(path), SHA256: sum, Finished: finishedFirst(records[i])})
		a.Version = records[i].Run.Version
	}
	a.Passed, a.Open = sortPromises(records)
	return a, nil
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

// fileSum returns the SHA-256 of a file.
func fileSum(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // a record that was named
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
