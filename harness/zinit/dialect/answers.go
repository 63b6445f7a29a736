package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Answer returns the part of a result that answers the call. A result without that part is an error.
func (c Call) Answer(result any) (any, error) {
	answer, ok := c.Result.Get(result)
	if !ok {
		return nil, fmt.Errorf("the result of %s has nothing at %q: %s", c.Method, c.Result, brief(result))
	}
	return answer, nil
}

// Texts returns the names or lines that a result lists. One text is split into its lines.
func (c Call) Texts(result any) ([]string, error) {
	answer, err := c.Answer(result)
	if err != nil {
		return nil, err
	}
	var entries []any
	switch v := answer.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return r == '\n' }), nil
	case map[string]any:
		return slices.Sorted(maps.Keys(v)), nil
	case []any:
		entries = v
	}
	texts := make([]string, 0, len(entries))
	for _, entry := range entries {
		found, ok := c.Entry.Get(entry)
		text, isText := found.(string)
		if !ok || !isText {
			return nil, fmt.Errorf("the result of %s lists %s, which is no text", c.Method, brief(entry))
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// Listed returns the documents that a result lists. Of an object that is keyed by name each key is put into its document at
// the place of the name, where the shape has one and the document lacks it.
func (c Call) Listed(result any, shape Shape) ([]any, error) {
	answer, err := c.Answer(result)
	if err != nil {
		return nil, err
	}
	switch v := answer.(type) {
	case nil:
		return nil, nil
	case []any:
		return v, nil
	case map[string]any:
		var documents []any
		for _, key := range slices.Sorted(maps.Keys(v)) {
			document := clone(v[key])
			name, named := shape["name"]
			if _, there := name.At.Get(document); named && !there {
				if document, err = name.At.Set(document, key); err != nil {
					return nil, fmt.Errorf("read the result of %s: %w", c.Method, err)
				}
			}
			documents = append(documents, document)
		}
		return documents, nil
	}
	return nil, fmt.Errorf("the result of %s is no list: %s", c.Method, brief(answer))
}

// Matches reports whether a supervisor's error says this. A message is compared without regard to case.
func (r Refusal) Matches(code int, message string) bool {
	if slices.Contains(r.Codes, code) {
		return true
	}
	lower := strings.ToLower(message)
	return slices.ContainsFunc(r.Messages, func(part string) bool { return strings.Contains(lower, part) })
}
