package verdict_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
)

// tree is a JSON value that can be edited in place: a map's members and a list's elements keep their order.
type tree struct {
	object, list bool
	names        []string // of the members of an object
	inner        []*tree
	scalar       string // the text of anything else
}

// parseTree reads a JSON document.
func parseTree(t testing.TB, document []byte) *tree {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	value, err := readTree(decoder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatal("something follows the document")
	}
	return value
}

func readTree(decoder *json.Decoder) (*tree, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		text, err := json.Marshal(token)
		return &tree{scalar: string(text)}, err
	}
	value := &tree{object: delim == '{', list: delim == '['}
	for decoder.More() {
		if value.object {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value.names = append(value.names, name.(string))
		}
		inner, err := readTree(decoder)
		if err != nil {
			return nil, err
		}
		value.inner = append(value.inner, inner)
	}
	_, err = decoder.Token()
	return value, err
}

// write appends the document's text.
func (v *tree) write(to []byte) []byte {
	switch {
	case v.object:
		to = append(to, '{')
	case v.list:
		to = append(to, '[')
	default:
		return append(to, v.scalar...)
	}
	for i, inner := range v.inner {
		if i > 0 {
			to = append(to, ',')
		}
		if v.object {
			to = append(append(append(to, '"'), v.names[i]...), '"', ':')
		}
		to = inner.write(to)
	}
	if v.object {
		return append(to, '}')
	}
	return append(to, ']')
}

// spot is a value within a document. path has [] for any element of a list.
type spot struct {
	path   string
	value  *tree
	parent *tree // nil at the root
	index  int   // in the parent
}

// spots returns every value of a document.
func (v *tree) spots(path string) (all []spot) {
	for i, inner := range v.inner {
		at := path + "[]"
		if v.object {
			at = path + "." + v.names[i]
		}
		all = append(append(all, spot{at, inner, v, i}), inner.spots(at)...)
	}
	return all
}

// remove takes the value out of its parent. It returns a function that puts it back.
func (s spot) remove() (undo func()) {
	names, inner := s.parent.names, s.parent.inner
	if s.parent.object {
		s.parent.names = slices.Delete(slices.Clone(names), s.index, s.index+1)
	}
	s.parent.inner = slices.Delete(slices.Clone(inner), s.index, s.index+1)
	return func() { s.parent.names, s.parent.inner = names, inner }
}

// double puts an element of a list there twice.
func (s spot) double() (undo func()) {
	inner := s.parent.inner
	s.parent.inner = slices.Insert(slices.Clone(inner), s.index, s.value)
	return func() { s.parent.inner = inner }
}

// set replaces the value.
func (s spot) set(with *tree) (undo func()) {
	s.parent.inner[s.index] = with
	return func() { s.parent.inner[s.index] = s.value }
}
