package verdict_test

import (
	"encoding/json"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// The number of edits that are made, and what they are drawn by.
var (
	editCount = flag.Int("edits", 1000, "how many edits of a record are judged")
	editSeed  = flag.Uint64("edit-seed", 1, "what the edits are drawn by")
)

// editor makes edits of a record, each of which is taken back before the next.
type editor struct {
	root   *tree
	all    []spot
	alike  map[string][]spot // by their path
	random *rand.Rand
}

func newEditor(t testing.TB, r *record.Record, seed uint64) *editor {
	t.Helper()
	document, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{root: parseTree(t, document), alike: map[string][]spot{}, random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // repeatable
	e.all = slices.DeleteFunc(e.root.spots(""), func(s spot) bool {
		return strings.HasPrefix(s.path, ".end.seal") || strings.HasPrefix(s.path, ".end.totals")
	})
	for _, s := range e.all {
		e.alike[s.path] = append(e.alike[s.path], s)
	}
	return e
}

// draw returns a random value, each path as often as every other: a record has a thousand windows and one digest.
func (e *editor) draw(paths []string) spot {
	alike := e.alike[paths[e.random.IntN(len(paths))]]
	return alike[e.random.IntN(len(alike))]
}

// paths returns the paths of all values.
func (e *editor) paths() []string { return slices.Sorted(maps.Keys(e.alike)) }

// edit makes a random edit, and returns its kind, its path and a function that takes it back. It may change nothing.
func (e *editor) edit(paths []string) (kind, path string, undo func()) {
	s := e.draw(paths)
	other := e.alike[s.path][e.random.IntN(len(e.alike[s.path]))]
	switch e.random.IntN(6) {
	case 0:
		return "delete", s.path, s.remove()
	case 1:
		if s.parent.list {
			return "duplicate", s.path, s.double()
		}
	case 2:
		one, two := s.set(other.value), other.set(s.value)
		return "swap", s.path, func() { two(); one() }
	case 3:
		return "copy", s.path, s.set(other.value)
	}
	return "shift", s.path, s.set(e.shift(s.value))
}

// shift returns another value of the same form.
func (e *editor) shift(v *tree) *tree {
	pick := func(values ...string) *tree { return &tree{scalar: values[e.random.IntN(len(values))]} }
	switch text := v.scalar; {
	case v.object, v.list:
		return &tree{object: v.object, list: v.list}
	case text == "true", text == "false":
		return pick("true", "false")
	case strings.HasPrefix(text, `"`):
		plain := strings.Trim(text, `"`)
		if at, err := time.Parse(time.RFC3339Nano, plain); err == nil {
			by := []time.Duration{1, time.Millisecond, time.Second, 10 * time.Second, time.Hour, 24 * time.Hour}[e.random.IntN(6)]
			if e.random.IntN(2) == 0 {
				by = -by
			}
			return &tree{scalar: strconv.Quote(at.Add(by).Format(time.RFC3339Nano))}
		}
		return pick(`""`, strconv.Quote(plain+"x"), strconv.Quote(strings.ToUpper(plain)), `"`+plain[:len(plain)/2]+`"`, `"other"`)
	}
	number, err := strconv.ParseInt(v.scalar, 10, 64)
	if err != nil {
		return pick("0", "1", "-1", "1.5")
	}
	var by int64
	switch e.random.IntN(3) {
	case 0:
		by = 1 << e.random.IntN(40)
	case 1:
		by = number / (1 + e.random.Int64N(100))
	default:
		by = []int64{1, 2, number, 2 * number, 1e6, 1e9, 5e9}[e.random.IntN(7)]
	}
	if e.random.IntN(2) == 0 {
		by = -by
	}
	return &tree{scalar: strconv.FormatInt(number+by, 10)}
}

// tallied counts the edits of one path that were judged, and those that are still promoted.
type tallied struct{ judged, promoted int }

// outcome counts what became of many edits.
type outcome struct {
	made, refused, unchanged, judged int
	// sealed are the edits that are promoted as they are, careful those that are promoted if whoever made them sealed and counted the
	// record again.
	sealed, careful map[string]*tallied
}

// note counts an edit.
func note(in map[string]*tallied, path string, isPromoted bool) {
	if in[path] == nil {
		in[path] = &tallied{}
	}
	in[path].judged++
	if isPromoted {
		in[path].promoted++
	}
}

// add adds another outcome.
func (o *outcome) add(other *outcome) {
	o.made, o.refused, o.unchanged, o.judged = o.made+other.made, o.refused+other.refused, o.unchanged+other.unchanged, o.judged+other.judged
	for _, pair := range [][2]map[string]*tallied{{o.sealed, other.sealed}, {o.careful, other.careful}} {
		for path, t := range pair[1] {
			if pair[0][path] == nil {
				pair[0][path] = &tallied{}
			}
			pair[0][path].judged += t.judged
			pair[0][path].promoted += t.promoted
		}
	}
}

// promoted returns the paths whose edits are promoted.
func promoted(in map[string]*tallied) (paths []string) {
	for path, t := range in {
		if t.promoted > 0 {
			paths = append(paths, strings.TrimPrefix(path, "."))
		}
	}
	return paths
}

// judgeEdits makes edits of a record and judges each.
func judgeEdits(t testing.TB, r *record.Record, than verdict.Against, count int, seed uint64) *outcome {
	t.Helper()
	found := &outcome{sealed: map[string]*tallied{}, careful: map[string]*tallied{}}
	e := newEditor(t, r, seed)
	paths, original := e.paths(), string(e.root.write(nil))
	var text []byte
	for range count {
		kind, path, undo := e.edit(paths)
		text = e.root.write(text[:0])
		undo()
		found.made++
		if string(text) == original {
			found.unchanged++
			continue
		}
		read, err := record.Parse(text)
		if err != nil {
			found.refused++
			continue
		}
		found.judged++
		v := verdict.Judge([]*record.Record{read}, than)
		isSealed := !slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool { return strings.Contains(r.Text, "changed after it was saved") })
		note(found.sealed, path, v.Answer == verdict.Promote)
		if v.Answer == verdict.Promote && !read.IsSealed() {
			t.Errorf("%s %s is promoted, and its seal is broken", kind, path)
		}
		if !isSealed && read.End != nil {
			totals := read.Count()
			read.End.Totals = &totals
			read.Seal()
			note(found.careful, path, verdict.Judge([]*record.Record{read}, than).Answer == verdict.Promote)
		}
	}
	return found
}

// TestNoEditOfEvidenceIsPromoted judges random edits of a record that a faithful run has written. The answers are lists of paths: of what
// describes the run, and of what nothing in the record contradicts if whoever edits it knows how to seal it.
func TestNoEditOfEvidenceIsPromoted(t *testing.T) {
	const workers = 2
	r, than := small(t)
	if found := verdict.Judge([]*record.Record{r}, than); found.Answer != verdict.Promote {
		t.Fatal(text(t, found))
	}
	found := &outcome{sealed: map[string]*tallied{}, careful: map[string]*tallied{}}
	var mu sync.Mutex
	var working sync.WaitGroup
	for worker := range workers {
		working.Go(func() {
			own := judgeEdits(t, r, than, *editCount/workers, *editSeed*workers+uint64(worker))
			mu.Lock()
			defer mu.Unlock()
			found.add(own)
		})
	}
	working.Wait()
	t.Logf("%d edits: %d changed nothing, %d were refused, %d were judged", found.made, found.unchanged, found.refused, found.judged)
	for name, in := range map[string]map[string]*tallied{"as they are": found.sealed, "sealed again": found.careful} {
		judged, still := 0, 0
		for _, t := range in {
			judged, still = judged+t.judged, still+t.promoted
		}
		t.Logf("%s: %d of %d are promoted", name, still, judged)
	}
	checkConsistent(t, promoted(found.careful))
}

// checkConsistent compares the paths whose edits are promoted although they are evidence with testdata/consistent.txt. Few edits do not find
// all of them.
func checkConsistent(t *testing.T, paths []string) {
	t.Helper()
	const name = "consistent.txt"
	known, err := os.ReadFile(filepath.Join(golden.Folder, name))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Fields(string(known))
	for _, path := range paths {
		if !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	golden.Check(t, name, strings.Join(all, "\n")+"\n")
}
