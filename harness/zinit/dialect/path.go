package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Path leads to a place in a document, key by key. The empty path is the document itself. Its text joins the keys by dots; a
// dot or a backslash in a key has a backslash before it.
type Path []string

// ParsePath reads the text of a path.
func ParsePath(text string) Path {
	if text == "" {
		return nil
	}
	var path Path
	var key strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			key.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '.':
			path = append(path, key.String())
			key.Reset()
		default:
			key.WriteRune(r)
		}
	}
	return append(path, key.String())
}

// String returns the path's text.
func (p Path) String() string {
	keys := make([]string, len(p))
	for i, key := range p {
		keys[i] = strings.NewReplacer(`\`, `\\`, `.`, `\.`).Replace(key)
	}
	return strings.Join(keys, ".")
}

// MarshalText writes the path's text.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the path's text.
func (p *Path) UnmarshalText(text []byte) error {
	*p = ParsePath(string(text))
	return nil
}

// Get returns what is at the path; false if nothing is.
func (p Path) Get(document any) (any, bool) {
	for _, key := range p {
		object, ok := document.(map[string]any)
		if !ok {
			return nil, false
		}
		if document, ok = object[key]; !ok {
			return nil, false
		}
	}
	return document, true
}

// Set returns the document with a value at the path. Objects on the way are made; a value that is no object is an error. At
// the empty path an object's members are added to the document's.
func (p Path) Set(document, value any) (any, error) {
	object, ok := document.(map[string]any)
	if document != nil && !ok {
		return nil, fmt.Errorf("put a value at %q: there is no object on the way", p)
	}
	if len(p) == 0 {
		members, isObject := value.(map[string]any)
		if !isObject || len(object) == 0 {
			return value, nil
		}
		return merge(object, members), nil
	}
	if object == nil {
		object = map[string]any{}
	}
	if len(p) == 1 {
		object[p[0]] = value
		return object, nil
	}
	inner, err := p[1:].Set(object[p[0]], value)
	if err != nil {
		return nil, err
	}
	object[p[0]] = inner
	return object, nil
}

// merge returns an object with the members of another, and merges objects that both have.
func merge(object, members map[string]any) map[string]any {
	merged := maps.Clone(object)
	for key, value := range members {
		inner, isObject := value.(map[string]any)
		if there, both := merged[key].(map[string]any); both && isObject {
			merged[key] = merge(there, inner)
			continue
		}
		merged[key] = value
	}
	return merged
}

// Delete removes what is at the path, and objects that this leaves empty.
func (p Path) Delete(document any) {
	object, ok := document.(map[string]any)
	if !ok || len(p) == 0 {
		return
	}
	if len(p) == 1 {
		delete(object, p[0])
		return
	}
	p[1:].Delete(object[p[0]])
	if inner, isObject := object[p[0]].(map[string]any); isObject && len(inner) == 0 {
		delete(object, p[0])
	}
}

// Join returns the path followed by another.
func (p Path) Join(more ...string) Path { return append(slices.Clone(p), more...) }

// clone copies a document deeply.
func clone(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, inner := range v {
			copied[key] = clone(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, inner := range v {
			copied[i] = clone(inner)
		}
		return copied
	}
	return value
}
