package zinit

import (
	"context"
	"encoding/json"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// Document is one request as it is sent.
type Document struct {
	// Of names the document that it registers. It is empty in 0.3, where a service is one document.
	Of     dialect.Document
	Method string
	Params any
}

// Speaker is a supervisor of the model of 0.4, in any spelling, that can be sent definitions which were changed on purpose.
type Speaker interface {
	// Spelling returns how the supervisor is spoken to.
	Spelling() dialect.Dialect
	// Documents returns the requests that register a definition, in the order in which they are sent, after a change. The error wraps
	// ErrNotExpressible if the spelling cannot express the definition.
	Documents(definition Definition, change dialect.Change) ([]Document, error)
	// Call sends any request and returns its result undecoded.
	Call(ctx context.Context, method string, params any) (json.RawMessage, error)
	// Action returns an action's definition, if actions are documents of their own.
	Action(ctx context.Context, name string) (Action, error)
	// DeleteAction deletes an action that is a document of its own.
	DeleteAction(ctx context.Context, name string) error
}

// Unchanged returns a document as it is: the change that changes nothing.
func Unchanged(_ dialect.Document, written any) any { return written }

// Spelling returns the contract's own.
func (jobModel) Spelling() dialect.Dialect {
	known, err := dialect.Builtin(dialect.Zinit04)
	if err != nil {
		panic(err) // it is a part of this program, and a test reads it
	}
	return known
}

// Documents returns the requests that register a definition.
func (j jobModel) Documents(definition Definition, change dialect.Change) ([]Document, error) {
	var documents []Document
	for _, action := range definition.Actions {
		of := dialect.Action
		if action.Kind == KindHealth {
			of = dialect.HealthAction
		}
		document, err := newDocument(of, "action.set", "action", action, change)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	document, err := newDocument(dialect.Service, "service.set", "config", definition.Service, change)
	return append(documents, document), err
}

// LegacyDocument returns the request that registers a definition in 0.3. Its parameters are an object. The error wraps ErrNotExpressible if 0.3
// cannot express the definition.
func LegacyDocument(definition Definition) (Document, error) {
	config, err := toLegacy(definition)
	if err != nil {
		return Document{}, fmt.Errorf("service.set of %q: %w", definition.Service.Name, err)
	}
	return newDocument("", "service.set", "config", config, Unchanged)
}

// newDocument returns a request with one parameter.
func newDocument(of dialect.Document, method, parameter string, value any, change dialect.Change) (Document, error) {
	var decoded any
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		return Document{}, fmt.Errorf("write %s: %w", method, err)
	}
	params := map[string]any{}
	if changed := change(of, decoded); changed != nil {
		params[parameter] = changed
	}
	return Document{Of: of, Method: method, Params: params}, nil
}
