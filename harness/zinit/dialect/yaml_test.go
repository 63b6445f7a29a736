package dialect_test

import (
	"reflect"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

func TestTheBuiltinDialectsSurviveTheirYAMLForm(t *testing.T) {
	for _, name := range []string{dialect.Zinit04, dialect.Zinit039} {
		known, err := dialect.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := known.YAML()
		if err != nil {
			t.Fatal(err)
		}
		read, err := dialect.Parse("written.yaml", text)
		if err != nil || !reflect.DeepEqual(read, known) {
			t.Errorf("%s: %v\n%s\nis read as\n%+v, not\n%+v", name, err, text, read, known)
		}
	}
}

func TestAMistakeInADialectHasALine(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\ndocumens: {}\n":                                                  `x.yaml:2:1: unknown field "documens": did you mean "documents"?`,
		"name: x\ntransport: {framing: smoke}\n":                                   `x.yaml:2:22: the framing "smoke" is unknown`,
		"documents:\n  action:\n    retry.dely: wait\n":                            `x.yaml:3:17: the model's action has no member "retry.dely": did you mean "retry.delay"?`,
		"documents:\n  action:\n    retry.delay: {at: wait, form: days}\n":         `a duration has no form "days"`,
		"documents:\n  service:\n    status: {at: s, words: {start: on, go: 1}}\n": `status has no word "go"`,
		"operations:\n  start: {methd: go}\n":                                      `did you mean "method"?`,
		"operations:\n  begin: {method: go}\n":                                     `x.yaml:2:10: the model has no such operation`,
		"documents: [\n":                                                           "x.yaml:",
	} {
		if _, err := dialect.Parse("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v does not say %q", text, err, want)
		}
	}
}

func TestA039ServiceIsOneDocument(t *testing.T) {
	known, err := dialect.Builtin(dialect.Zinit039)
	if err != nil {
		t.Fatal(err)
	}
	definition := dialect.Definition{
		Service: dialect.Values{"name": "a", "actions": []string{"a.run"}, "status": "start"},
		Actions: []dialect.Values{{"name": "a.run", "service": "a", "kind": "run", "exec": "x", "retry.max_attempts": int64(3)}},
	}
	messages, err := known.Encode(definition, dialect.Templates{})
	want := map[string]any{
		"service":   map[string]any{"name": "a", "status": "start", "exec": "x"},
		"lifecycle": map[string]any{"restart": "always", "max_restarts": 3.0},
	}
	if err != nil || len(messages) != 1 || !reflect.DeepEqual(messages[0].Document, want) {
		t.Fatalf("written %v (%v), not %v", messages, err, want)
	}
	read, err := known.DecodeService(messages[0].Document)
	if err != nil || len(read.Actions) != 1 || !reflect.DeepEqual(read.Actions[0], definition.Actions[0]) {
		t.Errorf("read %v (%v)", read, err)
	}
}

// TestADialectIsReadWithinLimits checks that what makes the YAML library take gigabytes is refused before it sees it.
func TestADialectIsReadWithinLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("- ", 30_000), strings.Repeat("[", 60_000)} {
		if _, err := dialect.Parse("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "too deep, or with too many members") {
			t.Errorf("%.10q...: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{dialect.Zinit04, dialect.Zinit039} {
		known, err := dialect.Builtin(name)
		if err != nil {
			f.Fatal(err)
		}
		text, err := known.YAML()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("documents:\n  action:\n    retry.delay: {at: wait, form: seconds, default: 1e300}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := dialect.Parse("x.yaml", data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("several lines: %q", err)
			}
			return
		}
		if _, err := read.YAML(); err != nil {
			t.Errorf("%q is read, and not written: %v", data, err)
		}
	})
}
