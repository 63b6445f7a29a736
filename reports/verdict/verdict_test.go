package verdict_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// write returns the example's file: the record without a fault, edited.
func (e example) write(t *testing.T) string {
	t.Helper()
	r := promotable()
	if e.change != nil {
		e.change(r)
	}
	if !e.uncounted {
		count(r)
	}
	if e.afterwards != nil {
		e.afterwards(r)
	}
	document, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	// One result a line keeps the file readable.
	text := "{\n" + strings.ReplaceAll(string(document[1:]), `,{"`, ",\n{\"") + "\n"
	if e.text != nil {
		return e.text(text)
	}
	return text
}

// path returns the path of the example's file. A large one is written by the test.
func (e example) path(t *testing.T) string {
	t.Helper()
	name := filepath.Join("records", e.file+".json")
	if !e.large {
		golden.Check(t, name, e.write(t))
		return filepath.Join(golden.Folder, name)
	}
	path := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(path, []byte(e.write(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judge reads the example and judges it. The error says why it is refused.
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
		t.Errorf("in another order the verdict is\n%s\nnot\n%s", text(t, again), text(t, found))
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

// TestExamples judges every example, and compares the table in README.md.
func TestExamples(t *testing.T) {
	table := new(strings.Builder)
	_, _ = table.WriteString("| record | its fault | verdict | reasons |\n|---|---|---|---|\n")
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

// afterPath returns the part of an error that follows the path of the file.
func afterPath(err error) string {
	_, text, _ := strings.Cut(err.Error(), "record")
	_, text, _ = strings.Cut(text, ".json")
	return strings.TrimPrefix(text, ": ")
}

func TestJudgeWithoutARecord(t *testing.T) {
	for name, records := range map[string][]*record.Record{"none": nil, "a nil one": {nil}} {
		if found := verdict.Judge(records, against()); found.Answer != verdict.Inconclusive || found.Reasons[0].Code != verdict.NoRecord {
			t.Errorf("%s: %s", name, text(t, found))
		}
	}
	// record.Load refuses another schema, but Judge also takes records that were not loaded.
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
		part.Run.ID, part.Results = runID(i), results
		plan(part, record.Shard(i+1, 2), "p1")
		count(part)
		parts = append(parts, part)
	}
	if found := verdict.Judge(parts, against()); found.Answer != verdict.Promote {
		t.Error(text(t, found))
	}
	if found := verdict.Judge(parts[:1], against()); found.Answer != verdict.Inconclusive {
		t.Error(text(t, found))
	}
}

func TestVerdictJSON(t *testing.T) {
	r := promotable()
	fail(r, "restart.sigterm", "user.a")
	r.Results[5].Attempts, r.Run.Profile = 2, "quick"
	r.Seal()
	golden.Check(t, "verdict.json", text(t, verdict.Judge([]*record.Record{r}, against())))
}

// judgeText returns the answer for the text of a record; empty if it is refused.
func judgeText(t testing.TB, text []byte) verdict.Answer {
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

// FuzzJudge checks that every record that promotes proves what the good one proves, and that no judgement panics.
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
		if judgeText(t, text) != verdict.Promote {
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
			r.Run.Mutant+r.Run.Choices+r.Run.Focus+r.Run.Service+r.Run.Shard != "" || r.Run.Scale != 0 {
			t.Errorf("this record promotes:\n%s", text)
		}
	})
}
