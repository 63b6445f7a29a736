package zinit

import (
	"encoding/json"
	"fmt"
)

// Document is one request as it goes over the wire, with parameters that may be anything: what a test of
// refusals changes before Client.Call sends it.
type Document struct {
	Method string
	Params map[string]any
}

// Documents returns the requests by which a dialect registers a definition, in the order in which they are
// sent: the actions, then the service. The error wraps ErrNotExpressible where the dialect has no words for it.
func Documents(dialect Dialect, definition Definition) ([]Document, error) {
	if dialect == Dialect03 {
		config, err := toLegacy(definition)
		if err != nil {
			return nil, fmt.Errorf("service.set of %q: %w", definition.Service.Name, err)
		}
		document, err := documentOf("service.set", configParams{config})
		return []Document{document}, err
	}
	var documents []Document
	for _, action := range definition.Actions {
		document, err := documentOf("action.set", actionParams{action})
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	document, err := documentOf("service.set", configParams{definition.Service})
	return append(documents, document), err
}

func documentOf(method string, params any) (Document, error) {
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
