package zinit

import (
	"encoding/json"
	"fmt"
)

// Document is one request as it is sent. Its parameters may be anything: an experiment on refusals changes them before Client.Call
// sends them.
type Document struct {
	Method string
	Params map[string]any
}

// Documents returns the requests that register a definition in a dialect, in the order in which they are sent. The error wraps
// ErrNotExpressible if the dialect cannot express the definition.
func Documents(dialect Dialect, definition Definition) ([]Document, error) {
	if dialect == Dialect03 {
		config, err := toLegacy(definition)
		if err != nil {
			return nil, fmt.Errorf("service.set of %q: %w", definition.Service.Name, err)
		}
		document, err := newDocument("service.set", configParams{config})
		return []Document{document}, err
	}
	var documents []Document
	for _, action := range definition.Actions {
		document, err := newDocument("action.set", actionParams{action})
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	document, err := newDocument("service.set", configParams{definition.Service})
	return append(documents, document), err
}

func newDocument(method string, params any) (Document, error) {
	document := Document{Method: method}
	text, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(text, &document.Params)
	}
	if err != nil {
		return document, fmt.Errorf("write %s: %w", method, err)
	}
	return document, nil
}
