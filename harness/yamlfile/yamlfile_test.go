package yamlfile_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// described is the document that the tests decode.
type described struct {
	Name   string `yaml:"name"`
	Limits struct {
		Restart int `yaml:"restart"`
	} `yaml:"limits"`
}

// TestLocatedSaysWhereAndWhatWasMeant, in one line that repeats nothing of the file: it may hold a secret.
func TestLocatedSaysWhereAndWhatWasMeant(t *testing.T) {
	const secret = "hunter2"
	keys := []string{"name", "limits", "restart"}
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key":      {"name: x\nlimits:\n  restrat: 5\n", `a.yaml:3:3: unknown field "restrat": did you mean "restart"?`},
		"a key like no other": {"zzzzzzzz: " + secret + "\n", `a.yaml:1:1: unknown field "zzzzzzzz"`},
		"no number":           {"limits:\n  restart: [" + secret + "]\n", "a.yaml:2:12: "},
		"no YAML":             {"name: " + secret + "\nlimits: [\n", "a.yaml:2:9: "},
		"a key twice":         {"name: x\nname: " + secret + "\n", "a.yaml:2:1: "},
	} {
		t.Run(name, func(t *testing.T) {
			var into described
			err := yaml.NewDecoder(strings.NewReader(c.text), yaml.DisallowUnknownField()).Decode(&into)
			if err == nil {
				t.Fatal("the library takes it")
			}
			located := yamlfile.Located("a.yaml", err, keys).Error()
			if !strings.HasPrefix(located, c.want) || strings.Contains(located, "did you mean") != strings.Contains(c.want, "did you mean") || strings.Contains(located, "\n") || strings.Contains(located, secret) {
				t.Errorf("%q, not %q", located, c.want)
			}
		})
	}
}

func TestWhatIsNoErrorOfTheLibraryHasNoPlace(t *testing.T) {
	for _, err := range []error{errors.New("two\n  lines"), fmt.Errorf("wrapped: %w", errors.New("two\nlines"))} {
		if located := yamlfile.Located("a.yaml", err, nil).Error(); located != "a.yaml: "+strings.Join(strings.Fields(err.Error()), " ") {
			t.Errorf("%q", located)
		}
	}
}

func TestMeant(t *testing.T) {
	names := []string{"restart", "retry"}
	for name, want := range map[string]string{"restrat": `: did you mean "restart"?`, "xyzxyzxyz": "", "": ""} {
		if got := yamlfile.Meant(name, names); got != want {
			t.Errorf("%q: %q, not %q", name, got, want)
		}
	}
}

// TestPositionIsOfTheNearestThatIsThere: what was left out is looked for where it belongs.
func TestPositionIsOfTheNearestThatIsThere(t *testing.T) {
	file, err := parser.ParseBytes([]byte("name: x\nlimits:\n  restart: 5\nservices:\n  - name: a\n  - name: b\n    port: 7\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"$.name":             ":1:7",
		"$.limits.restart":   ":3:12",
		"$.limits.serving":   ":3:3",
		"$.services[1].port": ":7:11",
		"$.services[1].path": ":6:5",
		"$.services[9].port": ":5:3",
		"$.missing":          "",
		"$":                  "",
		"":                   "",
		"no path":            "",
		"$.[":                "",
	} {
		if got := yamlfile.Position(file, at); got != want {
			t.Errorf("%q is at %q, not %q", at, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := yamlfile.OneLine("  a\r\n\tb  c\n"); got != "a b c" {
		t.Errorf("%q", got)
	}
}

// FuzzLocated decodes foreign files: whatever is wrong with one is said in one line, at a place that it has.
func FuzzLocated(f *testing.F) {
	for _, text := range []string{"name: [\n", "limits: {restart: x}\n", "a: &a [*a]\n", "? \n: \n", "- \x00", "limits:\n  restrat: 1\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := decoded(text)
		if err == nil {
			return
		}
		if located := yamlfile.Located("a.yaml", err, []string{"name"}).Error(); strings.ContainsAny(located, "\n\r") {
			t.Errorf("%q", located)
		}
		for _, at := range []string{"$.name", "$.limits.restart", "$.a[0]"} {
			if file != nil {
				_ = yamlfile.Position(file, at)
			}
		}
	})
}

// decoded returns what the library makes of a text. Where it panics, as it does on some, it has said nothing to put in one line.
func decoded(text string) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, nil
		}
	}()
	var into described
	err = yaml.NewDecoder(strings.NewReader(text), yaml.DisallowUnknownField()).Decode(&into)
	if parsed, parseErr := parser.ParseBytes([]byte(text), 0); parseErr == nil {
		file = parsed
	}
	return file, err
}

// TestParseBoundsItsMemory parses what made the YAML library take gigabytes, and the largest of each form that passes.
func TestParseBoundsItsMemory(t *testing.T) {
	const most = 64 << 10
	fill := func(text string) string { return strings.Repeat(text, most/len(text)) }
	deep := new(strings.Builder)
	for depth := range 400 {
		deep.WriteString(strings.Repeat(" ", depth) + "a:\n")
	}
	for name, c := range map[string]struct {
		text    string
		refused bool
	}{
		"a line of dashes":        {fill("- "), true},
		"dashes and a word":       {fill("- ") + "x", true},
		"questions":               {fill("? "), true},
		"lines of dashes":         {fill("- - - - - - - - - - - - - - - - -\n"), true},
		"lists":                   {fill("["), true},
		"mappings":                {fill("{a: "), true},
		"ever further in":         {deep.String(), true},
		"members":                 {fill("a: 1\n"), true},
		"aliases":                 {"a: &a x\nb: *a\n", true},
		"members within":          {strings.Repeat("a: 1\n", 4999), true}, // doubled
		"items within":            {strings.Repeat("- x\n", 4999), false},
		"lists within":            {strings.Repeat("- [[[[[[x]]]]]]\n", 600), false},
		"a comment":               {"a: 1\n#" + fill("x"), false},
		"text in quotes":          {"a: '" + fill("x ") + "'\n", false},
		"a text of its own lines": {"a: |\n" + fill("  some words\n"), false},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			var into any
			_, err := yamlfile.Parse("f.yaml", []byte(c.text), &into, nil)
			runtime.ReadMemStats(&after)
			if (err != nil) != c.refused {
				t.Errorf("%v", err)
			}
			if took := time.Since(began); after.TotalAlloc-before.TotalAlloc > 256<<20 || took > 5*time.Second {
				t.Errorf("it took %d MiB and %v", (after.TotalAlloc-before.TotalAlloc)>>20, took)
			}
		})
	}
}

// TestAByteOrderMarkIsSkipped checks that places still count from the first letter of the text.
func TestAByteOrderMarkIsSkipped(t *testing.T) {
	var into described
	if _, err := yamlfile.Parse("a.yaml", []byte("\uFEFFname: x\n"), &into, []string{"name"}); err != nil || into.Name != "x" {
		t.Errorf("%+v, %v", into, err)
	}
	_, err := yamlfile.Parse("a.yaml", []byte("\uFEFFnaem: x\n"), &into, []string{"name"})
	if err == nil || !strings.HasPrefix(err.Error(), `a.yaml:1:1: unknown field "naem"`) {
		t.Errorf("%v", err)
	}
}

// FuzzParse parses foreign files: whatever is wrong with one is said in one line that begins with its path.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"name: [\n", "limits: {restart: x}\n", "a: &a [*a]\n", "? \n: \n", "- \x00", "name: !!binary x\n", "\uFEFFname: |\n  x\n---\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var into described
		file, err := yamlfile.Parse("a.yaml", data, &into, []string{"name"})
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "a.yaml:")) {
			t.Errorf("%q", err)
		}
		if err == nil {
			_ = yamlfile.Position(file, "$.limits.restart")
		}
	})
}
