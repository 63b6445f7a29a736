package verdict_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// before are whole records that an older program wrote, with the verdict on each. It is that program's own, except that the faithful
// run was promoted: no program wrote then by which policy a recovery was due, so that its outcome cannot be derived again. Causes were
// sentences.
var before = map[string]struct {
	answer verdict.Answer
	codes  map[verdict.Code]int // how many reasons have each code
}{
	"quick":    {verdict.Inconclusive, map[verdict.Code]int{verdict.Quick: 1, verdict.NotRun: 1, verdict.FewSamples: 1, verdict.Older: 2}},
	"faithful": {verdict.Inconclusive, map[verdict.Code]int{verdict.Older: 2, verdict.FewSamples: 1}},
	"zinit039": {verdict.Hold, map[verdict.Code]int{
		verdict.Failed: 19, verdict.Quick: 1, verdict.NoServices: 1, verdict.NotRun: 1, verdict.Unproved: 33, verdict.FewSamples: 1, verdict.Advisory: 2,
		verdict.Older: 2,
	}},
}

// loadBefore reads a record of an older program.
func loadBefore(t *testing.T, name string) *record.Record {
	t.Helper()
	return loadCompressed(t, filepath.Join("before", name+".json.gz"))
}

// loadCompressed reads a record that is kept compressed in testdata.
func loadCompressed(t testing.TB, name string) *record.Record {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name)) //nolint:gosec // our own records
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	whole, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := io.ReadAll(whole)
	if err != nil {
		t.Fatal(err)
	}
	read, err := record.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// judge judges a record as of half an hour after its end, by the policy of the repository and the promises that it knows itself.
func judge(t *testing.T, r *record.Record) (verdict.Answer, map[verdict.Code]int) {
	t.Helper()
	var ids []string
	for _, promise := range r.Run.Promises {
		ids = append(ids, promise.ID)
	}
	policy, err := verdict.LoadPolicy(filepath.Join("..", "..", "ci", "policy.yaml"), ids)
	if err != nil {
		t.Fatal(err)
	}
	found := verdict.Judge([]*record.Record{r}, verdict.Against{Policy: policy, Now: r.End.Finished.Add(30 * time.Minute), Promises: r.Run.Promises})
	codes := map[verdict.Code]int{}
	for _, reason := range found.Reasons {
		codes[reason.Code]++
	}
	return found.Answer, codes
}

func TestRecordsOfBeforeAreJudgedAsBefore(t *testing.T) {
	for name, want := range before {
		if answer, codes := judge(t, loadBefore(t, name)); answer != want.answer || !maps.Equal(codes, want.codes) {
			t.Errorf("%s: %s by %v, not %s by %v", name, answer, codes, want.answer, want.codes)
		}
	}
}

// TestNoWordDecides replaces every sentence of the records. The answer, the kinds of reasons and what is measured again stay.
func TestNoWordDecides(t *testing.T) {
	for name := range before {
		r := loadBefore(t, name)
		answer, codes := judge(t, r)
		spoiled := r.Spoiled()
		for i := range r.Results {
			result := &r.Results[i]
			words := fmt.Sprintf("word %d", i)
			if result.Cause != nil {
				result.Cause.Detail, result.Cause.Step = words, words
			}
			if result.Reason != "" {
				result.Reason = words
			}
			if result.Failure != "" {
				result.Failure = words
			}
			result.Name = words
		}
		for i := range r.Recoveries {
			r.Recoveries[i].Policy, r.Recoveries[i].Status, r.Recoveries[i].Identity = "word", "word", "word"
		}
		changed, others := judge(t, r)
		if kinds := slices.Sorted(maps.Keys(codes)); changed != answer || !slices.Equal(slices.Sorted(maps.Keys(others)), kinds) {
			t.Errorf("%s: other words made %s by %v of %s by %v", name, changed, others, answer, codes)
		}
		if again := r.Spoiled(); !slices.EqualFunc(again, spoiled, func(one, other record.Result) bool {
			return one.Promise == other.Promise && one.Service == other.Service
		}) {
			t.Errorf("%s: other words made %d spoiled results of %d", name, len(again), len(spoiled))
		}
	}
}
