package dialect

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// The names of the dialects that need not be learned.
const (
	Zinit04  = "0.4"
	Zinit039 = "0.3.9"
)

// Builtin returns a dialect that need not be learned.
func Builtin(name string) (Dialect, error) {
	file := path.Join("builtin", "zinit-"+name+".yaml")
	data, err := builtin.ReadFile(file)
	if err != nil {
		return Dialect{}, fmt.Errorf("there is no dialect %q: use %s or %s", name, Zinit04, Zinit039)
	}
	return Parse(file, data)
}

// largestFile is the largest size of a dialect's file in bytes: the YAML library takes quadratic time on nonsense.
const largestFile = 1 << 16

// Parse reads the YAML form of a dialect. An error is one line that begins with file:line:column if that is known.
func Parse(file string, data []byte) (read Dialect, err error) {
	if len(data) > largestFile {
		return read, fmt.Errorf("%s: it is larger than %d bytes", file, largestFile)
	}
	tree, err := yamlfile.Parse(file, data, &read, keys())
	if err != nil {
		return read, err
	}
	if wrong := read.normalize(); wrong != nil {
		return read, fmt.Errorf("%s%s: %s", file, place(tree, wrong.at), yamlfile.OneLine(wrong.text))
	}
	return read, nil
}

// place returns the position of the deepest of the keys that the file has.
func place(tree *ast.File, keys []string) string {
	for ; len(keys) > 0; keys = keys[:len(keys)-1] {
		builder := (&yaml.PathBuilder{}).Root()
		for _, key := range keys {
			builder = builder.Child(key)
		}
		node, err := builder.Build().FilterFile(tree)
		if err == nil && node != nil {
			start := node.GetToken()
			return fmt.Sprintf(":%d:%d", start.Position.Line, start.Position.Column)
		}
	}
	return ""
}

// mistake is an error in a dialect with its place.
type mistake struct {
	at   []string
	text string
}

// normalize gives numbers and defaults the types that the codec expects. It returns the first mistake of the dialect.
func (d *Dialect) normalize() *mistake {
	if d.Transport.Framing != "" && !slices.Contains(Framings(), d.Transport.Framing) {
		return &mistake{[]string{"transport", "framing"}, fmt.Sprintf("the framing %q is unknown: use one of %v", d.Transport.Framing, Framings())}
	}
	for _, operation := range slices.Sorted(maps.Keys(d.Operations)) {
		call := d.Operations[operation]
		if err := call.check(operation); err != nil {
			return &mistake{[]string{"operations", string(operation)}, err.Error()}
		}
		call.Fixed, _ = asJSON(call.Fixed).(map[string]any)
		call.Rest, _ = asJSON(call.Rest).([]any)
		d.Operations[operation] = call
	}
	for _, document := range slices.Sorted(maps.Keys(d.Documents)) {
		if Members(document) == nil {
			return &mistake{[]string{"documents", string(document)}, fmt.Sprintf("the model has no document %q", document)}
		}
		for _, name := range slices.Sorted(maps.Keys(d.Documents[document])) {
			member, err := d.Documents[document][name].normalize(document, name)
			if err != nil {
				return &mistake{[]string{"documents", string(document), name}, err.Error()}
			}
			d.Documents[document][name] = member
		}
	}
	for document, constants := range d.Constants {
		d.Constants[document], _ = asJSON(constants).(map[string]any)
	}
	return nil
}

func (m Member) normalize(document Document, name string) (Member, error) {
	known, ok := MemberOf(document, name)
	if !ok {
		var names []string
		for _, one := range Members(document) {
			names = append(names, one.Name)
		}
		return m, fmt.Errorf("the model's %s has no member %q%s", document, name, yamlfile.Meant(name, names))
	}
	if !slices.Contains(FormsOf(known.Type), m.Form) {
		return m, fmt.Errorf("a %s has no form %q: use one of %v", known.Type, m.Form, FormsOf(known.Type))
	}
	for word := range m.Words {
		if known.Type == Word && !slices.Contains(known.Words, word) {
			return m, fmt.Errorf("%s has no word %q: use %s", name, word, strings.Join(known.Words, ", "))
		}
	}
	if words, ok := asJSON(m.Words).(map[string]any); ok && len(words) > 0 {
		m.Words = words
	}
	if m.Default == nil {
		return m, nil
	}
	theirs := asJSON(m.Default)
	form := Form("")
	if known.Type == Duration {
		form = Written
	}
	var err error
	if m.Default, err = (Member{Form: form}).read(known, theirs); err != nil {
		return m, fmt.Errorf("the default of %s: %w", name, err)
	}
	return m, nil
}

// asJSON returns a value with the types that JSON has after decoding.
func asJSON(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return value
	}
	return decoded
}

// UnmarshalYAML reads a member. A plain text is the member's path.
func (m *Member) UnmarshalYAML(unmarshal func(any) error) error {
	var at string
	if err := unmarshal(&at); err == nil {
		*m = Member{At: ParsePath(at)}
		return nil
	}
	type plain Member
	return unmarshal((*plain)(m))
}

// MarshalYAML writes a member, as its path alone if it has nothing else.
func (m Member) MarshalYAML() (any, error) {
	if m.Form == "" && len(m.Words) == 0 && m.Default == nil && !m.Required && !m.Lenient {
		return m.At.String(), nil
	}
	if d, ok := m.Default.(time.Duration); ok {
		m.Default = writtenDuration(d)
	}
	type plain Member
	return plain(m), nil
}

// YAML returns the dialect as Parse reads it.
func (d Dialect) YAML() ([]byte, error) {
	text, err := yaml.MarshalWithOptions(d, yaml.Flow(false))
	if err != nil {
		return nil, fmt.Errorf("write the dialect %s: %w", d.Name, err)
	}
	return text, nil
}

// keys returns every key that the YAML form may hold.
func keys() []string {
	var found []string
	for _, structure := range []reflect.Type{
		reflect.TypeFor[Dialect](), reflect.TypeFor[Transport](), reflect.TypeFor[Call](), reflect.TypeFor[Member](),
		reflect.TypeFor[Embedding](), reflect.TypeFor[Errors](), reflect.TypeFor[Refusal](),
	} {
		for i := range structure.NumField() {
			key, _, _ := strings.Cut(structure.Field(i).Tag.Get("yaml"), ",")
			found = append(found, key)
		}
	}
	return found
}
