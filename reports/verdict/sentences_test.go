package verdict

import (
	"maps"
	"reflect"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestEveryKindHasASentenceAndEveryRuleAKind(t *testing.T) {
	used := map[Code]bool{}
	for kind := noRecord; kind <= heldOutsideWindow; kind++ {
		sentence, ok := sentences[kind]
		if !ok || sentence.format == "" || sentence.noun == "" {
			t.Errorf("kind %d has no sentence, or no noun for its count", kind)
		}
		used[sentence.code] = true
	}
	for _, code := range Codes() {
		if !used[code] {
			t.Errorf("no finding belongs to the rule %s", code)
		}
	}
}

// TestNoVerdictDependsOnASentence replaces all sentences, and compares the verdicts without their texts.
func TestNoVerdictDependsOnASentence(t *testing.T) {
	records := []*record.Record{
		{Schema: record.Schema},
		{Schema: "other"},
		{
			Schema: record.Schema, Run: record.Run{ID: "1", Promises: []record.Promise{{ID: "a.b"}, {ID: "a.c"}}},
			Results: []record.Result{
				{Promise: "a.b", Service: "one", Outcome: record.Failed},
				{Promise: "a.b", Service: "two", Outcome: record.Inconclusive, Reason: "x"},
				{Promise: "a.c", Service: "one", Outcome: record.NotRun},
				{Promise: "a.c", Service: "two", Outcome: record.Inconclusive, Reason: "y"},
			},
		},
	}
	judge := func() Verdict {
		v := Judge(records, Against{})
		for i := range v.Reasons {
			if v.Reasons[i].Text == "" {
				t.Error("a reason has no text")
			}
			v.Reasons[i].Text = ""
		}
		return v
	}
	want := judge()
	original := maps.Clone(sentences)
	defer func() { sentences = original }()
	for kind, sentence := range original {
		sentence.format = "nonsense"
		sentences = maps.Clone(sentences)
		sentences[kind] = sentence
	}
	if got := judge(); !reflect.DeepEqual(got, want) {
		t.Errorf("with other sentences the verdict is %+v, not %+v", got, want)
	}
}
