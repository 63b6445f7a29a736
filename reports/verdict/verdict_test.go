package verdict_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// written is the example's file, as it is made from the record that nothing is wrong with.
func (e example) written(t *testing.T) string {
	t.Helper()
	r := promotable()
	if e.change != nil {
		e.change(r)
	}
	document, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	// A result a line: short enough to be kept, and to be read.
	text := "{\n" + strings.ReplaceAll(string(document[1:]), `,{"`, ",\n{\"") + "\n"
	if e.text != nil {
		return e.text(text)
	}
	return text
}

// path is where the example's file is kept. That of a large one is written by the test.
func (e example) path(t *testing.T) string {
	t.Helper()
	name := filepath.Join("records", e.file+".json")
	if !e.large {
		golden.Check(t, name, e.written(t))
		return filepath.Join(golden.Folder, name)
	}
	path := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(path, []byte(e.written(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judge reads the example and judges it; an error where it cannot be read.
func (e example) judge(t *testing.T) (verdict.Verdict, error) {
	t.Helper()
	read, err := record.Load(e.path(t))
	if err != nil {
		return verdict.Verdict{}, err
	}
	records, than := []*record.Record{read}, against()
	if e.beside != nil {
		records = append(records, e.beside()...)
	}
	if e.against != nil {
		e.against(&than)
	}
	found := verdict.Judge(records, than)
	slices.Reverse(records)
	slices.Reverse(read.Results)
	slices.Reverse(read.Recoveries)
	if again := verdict.Judge(records, than); text(t, again) != text(t, found) {
		t.Errorf("in another order:\n%s\nand not\n%s", text(t, again), text(t, found))
	}
	return found, nil
}

func text(t *testing.T, v verdict.Verdict) string {
	t.Helper()
	document, err := v.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func codes(v verdict.Verdict) (found []verdict.Code) {
	for _, reason := range v.Reasons {
		found = append(found, reason.Code)
	}
	return found
}

// TestExamples judges every example, and keeps the table in README.md current.
func TestExamples(t *testing.T) {
	table := new(strings.Builder)
	_, _ = table.WriteString("| record | what is odd about it | verdict | because |\n|---|---|---|---|\n")
	shown := map[verdict.Code]bool{}
	for _, e := range examples() {
		found, err := e.judge(t)
		if (err != nil) != (e.answer == refused) || found.Answer != e.answer {
			t.Errorf("%s: %s is %q, want %q (%v)", e.file, e.wrong, found.Answer, e.answer, err)
		}
		if !slices.Equal(codes(found), e.codes) {
			t.Errorf("%s: %s has the reasons %q, want %q:\n%s", e.file, e.wrong, codes(found), e.codes, text(t, found))
		}
		answer, because := string(found.Answer), ""
		if err != nil {
			answer, because = "refused", afterPath(err)
		}
		for _, code := range slices.Compact(codes(found)) {
			shown[code] = true
			because += fmt.Sprintf("`%s` ", code)
		}
		_, _ = fmt.Fprintf(table, "| %s | %s | %s | %s |\n", e.file, e.wrong, answer, strings.TrimSpace(because))
	}
	golden.CheckSection(t, "README.md", table.String())
	for _, code := range verdict.Codes() {
		if !shown[code] && code != verdict.NoRecord && code != verdict.UnknownSchema {
			t.Errorf("no example shows the rule %s", code)
		}
	}
}

// afterPath is what an error says of a file, without where that is.
func afterPath(err error) string {
	_, text, _ := strings.Cut(err.Error(), "record")
	_, text, _ = strings.Cut(text, ".json")
	return strings.TrimPrefix(text, ": ")
}

func TestNoRecordAtAll(t *testing.T) {
	for name, records := range map[string][]*record.Record{"none": nil, "a nil one": {nil}} {
		if found := verdict.Judge(records, against()); found.Answer != verdict.Inconclusive || found.Reasons[0].Code != verdict.NoRecord {
			t.Errorf("%s: %s", name, text(t, found))
		}
	}
	// record.Load refuses another form; a record that was made otherwise is judged all the same.
	for _, r := range []*record.Record{{}, {Schema: "hero_chaos.record/2", End: &record.End{}}} {
		if found := verdict.Judge([]*record.Record{r}, against()); found.Answer != verdict.Inconclusive || found.Reasons[0].Code != verdict.UnknownSchema {
			t.Error(text(t, found))
		}
	}
	if found := verdict.Judge([]*record.Record{promotable()}, verdict.Against{}); found.Answer != verdict.Inconclusive {
		t.Errorf("against nothing: %s", text(t, found))
	}
}

func TestShardsAreOneRun(t *testing.T) {
	var parts []*record.Record
	for i, results := range [][]record.Result{promotable().Results[:3], promotable().Results[3:]} {
		part := promotable()
		part.Run.ID, part.Run.Shard, part.Results = fmt.Sprint("part", i), fmt.Sprintf("%d/2", i+1), results
		parts = append(parts, part)
	}
	if found := verdict.Judge(parts, against()); found.Answer != verdict.Promote {
		t.Error(text(t, found))
	}
	if found := verdict.Judge(parts[:1], against()); found.Answer != verdict.Inconclusive {
		t.Error(text(t, found))
	}
}

func TestAVerdictAsJSON(t *testing.T) {
	r := promotable()
	failing(r, "restart.sigterm", "user.a")
	r.Results[5].Attempts, r.Run.Profile = 2, "quick"
	golden.Check(t, "verdict.json", text(t, verdict.Judge([]*record.Record{r}, against())))
}

// TestEveryValueCounts changes every value of the record that promotes, and removes every member. What may change
// without an effect is listed: it describes, and proves nothing.
func TestEveryValueCounts(t *testing.T) {
	good, err := json.Marshal(promotable())
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(good, &document); err != nil {
		t.Fatal(err)
	}
	idle := map[string]bool{}
	for _, at := range places(document, nil) {
		for _, value := range []any{nil, "", "x", -1, 0, 7, 1e18, true, false, []any{}, map[string]any{}} {
			edited := put(t, good, at, value)
			if !bytes.Equal(edited, good) && judged(t, edited) == verdict.Promote {
				idle[name(at)] = true
			}
		}
	}
	golden.Check(t, "describes.txt", strings.Join(slices.Sorted(maps.Keys(idle)), "\n")+"\n")
}

// places returns the way to every value below one, itself included.
func places(value any, at []any) (all [][]any) {
	all = append(all, slices.Clone(at))
	switch value := value.(type) {
	case map[string]any:
		for member, inner := range value {
			all = append(all, places(inner, append(slices.Clone(at), member))...)
		}
	case []any:
		for i, inner := range value {
			all = append(all, places(inner, append(slices.Clone(at), i))...)
		}
	}
	return all
}

// put returns the document with another value at a place; nil removes what is there.
func put(t *testing.T, text []byte, at []any, value any) []byte {
	t.Helper()
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var set func(any, []any) any
	set = func(in any, at []any) any {
		if len(at) == 0 {
			return value
		}
		switch in := in.(type) {
		case map[string]any:
			member := at[0].(string)
			if in[member] = set(in[member], at[1:]); in[member] == nil {
				delete(in, member)
			}
		case []any:
			i := at[0].(int)
			if in[i] = set(in[i], at[1:]); in[i] == nil {
				return slices.Delete(in, i, i+1)
			}
		}
		return in
	}
	edited, err := json.Marshal(set(document, at))
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

// name writes a place as results[3].outcome, with [] where all of a list are alike.
func name(at []any) string {
	text := ""
	for _, step := range at {
		switch step := step.(type) {
		case string:
			text += "." + step
		case int:
			text += "[]"
			if step > 3 {
				text = fmt.Sprintf("%s[%d]", strings.TrimSuffix(text, "[]"), step)
			}
		}
	}
	return strings.TrimPrefix(text, ".")
}

// judged is what the text of a record comes to; empty where it is refused.
func judged(t testing.TB, text []byte) verdict.Answer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := record.Load(path)
	if err != nil {
		return refused
	}
	return verdict.Judge([]*record.Record{read}, against()).Answer
}

// FuzzJudge holds every record that promotes against what the good one proves, and no judgement may panic.
func FuzzJudge(f *testing.F) {
	for _, e := range examples() {
		if !e.large {
			text, err := os.ReadFile(filepath.Join(golden.Folder, "records", e.file+".json"))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	proves := func(r *record.Record) (proved []string) {
		for _, result := range r.Results {
			if !slices.ContainsFunc(registry(), func(p record.Promise) bool { return p.ID == result.Promise && p.Advisory }) {
				proved = append(proved, fmt.Sprint(result.Promise, result.Outcome, result.Attempts))
			}
		}
		slices.Sort(proved)
		return slices.Compact(proved)
	}
	want := proves(promotable())
	f.Fuzz(func(t *testing.T, text []byte) {
		if judged(t, text) != verdict.Promote {
			return
		}
		path := filepath.Join(t.TempDir(), "record.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := record.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(proves(r), want) || r.End == nil || r.End.Trouble != "" || r.Run.Digest != digest("a") || r.Run.Profile != "faithful" ||
			r.Run.Mutant+r.Run.Focus+r.Run.Service+r.Run.Shard != "" || r.Run.Scale != 0 {
			t.Errorf("it promotes:\n%s", text)
		}
	})
}
