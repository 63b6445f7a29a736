package dialect

import (
	"fmt"
	"maps"
	"slices"
)

// Definition is a service together with its actions, as the model has them.
type Definition struct {
	Service Values
	Actions []Values
}

// Templates are documents that the supervisor gave: what ours are written over.
type Templates struct {
	Service map[string]any
	// Actions are by kind ("run", "health").
	Actions map[string]map[string]any
}

// Message is one document that has to be sent to register a definition.
type Message struct {
	Operation Operation
	// Document is an object, unless a Change has made something else of it; nil is none.
	Document any
}

// Change alters a document that was written, before it is sent: an experiment on refusals makes mistakes. It returns the altered document; nil
// removes it. The document of a service holds its actions if the dialect embeds them, which were altered before.
type Change func(document Document, written any) any

// Encode returns the documents that register a definition, in the order in which they are sent: the actions that are documents
// of their own, then the service. The error wraps ErrNotExpressible.
func (d Dialect) Encode(definition Definition, templates Templates) ([]Message, error) {
	return d.EncodeChanged(definition, templates, func(_ Document, written any) any { return written })
}

// EncodeChanged returns the documents that register a definition, as Encode does, after a change.
func (d Dialect) EncodeChanged(definition Definition, templates Templates, change Change) ([]Message, error) {
	var messages []Message
	var whole any = templates.Service
	if d.Embedding != nil {
		service, _ := clone(templates.Service).(map[string]any)
		whole = d.Embedding.clear(service)
		if d.IsFlat("health") {
			for _, member := range d.Shape(HealthAction) {
				member.At.Delete(service)
			}
		}
	}
	for _, action := range definition.Actions {
		name, _ := definition.Service["name"].(string)
		encoded, err := d.encodeAction(action, name, templates)
		if err != nil {
			return nil, err
		}
		written := change(documentOf(kindOf(action)), encoded)
		if d.Embedding == nil {
			messages = append(messages, Message{SetAction, written})
			continue
		}
		if whole, err = d.Embedding.add(whole, action, written); err != nil {
			return nil, err
		}
	}
	around, isObject := whole.(map[string]any)
	if !isObject {
		return nil, fmt.Errorf("write the service: it is no object")
	}
	// Its own members come last: the template of an action may have some, such as the name of another service.
	service, err := d.encode(Service, d.withoutDerived(Service, definition.Service, ""), around)
	if err != nil {
		return nil, err
	}
	return append(messages, Message{SetService, change(Service, service)}), nil
}

func (d Dialect) encodeAction(action Values, service string, templates Templates) (map[string]any, error) {
	kind := kindOf(action)
	return d.encode(documentOf(kind), d.withoutDerived(documentOf(kind), action, service), templates.Actions[kind])
}

// encode writes a document with the constants that the template lacks.
func (d Dialect) encode(document Document, values Values, template map[string]any) (map[string]any, error) {
	written, err := d.Shape(document).Encode(document, values, template)
	if err != nil {
		return nil, err
	}
	for _, at := range slices.Sorted(maps.Keys(d.Constants[document])) {
		place := ParsePath(at)
		if _, there := place.Get(written); there {
			continue
		}
		if _, err := place.Set(written, d.Constants[document][at]); err != nil {
			return nil, fmt.Errorf("write the %s: %w", document, err)
		}
	}
	return written, nil
}

// withoutDerived leaves out the members without a place that an action's place inside its service says anyway.
func (d Dialect) withoutDerived(document Document, values Values, service string) Values {
	if d.Embedding == nil {
		return values
	}
	kept := maps.Clone(values)
	for _, name := range []string{"name", "service", "kind", "actions"} {
		if _, placed := d.Shape(document)[name]; placed {
			continue
		}
		switch {
		case name == "actions", name == "service", name == "kind" && d.Embedding.tellsKinds():
			delete(kept, name)
		case name == "name" && document != Service && (d.Embedding.Keyed == KeyedByName || values["name"] == service+"."+kindOf(values)):
			delete(kept, name)
		}
	}
	return kept
}

// IsFlat reports whether the members of a kind of action are beside those of the service.
func (d Dialect) IsFlat(kind string) bool {
	if d.Embedding == nil {
		return false
	}
	at, embedded := d.Embedding.Kinds[kind]
	return embedded && len(at) == 0
}

// tellsKinds reports whether the place of an action says its kind.
func (e Embedding) tellsKinds() bool { return e.List == nil || e.Keyed == KeyedByKind }

// DecodeService reads a service's document, and the actions that are inside it.
func (d Dialect) DecodeService(theirs any) (Definition, error) {
	service, err := d.Shape(Service).Decode(Service, theirs)
	if err != nil || d.Embedding == nil {
		return Definition{Service: service}, err
	}
	definition := Definition{Service: service}
	for _, one := range d.Embedding.find(theirs) {
		action, err := d.decodeEmbedded(one)
		if err != nil {
			return definition, err
		}
		if one.kind == "health" && d.IsFlat("health") && IsZero(action["exec"]) {
			continue // the service has none
		}
		if one.kind != "" {
			action["kind"] = one.kind
		}
		if one.name != "" {
			action["name"] = one.name
		}
		d.derive(action, service)
		definition.Actions = append(definition.Actions, action)
	}
	return definition, nil
}

func (d Dialect) decodeEmbedded(one embedded) (Values, error) {
	if one.kind == "" {
		return d.DecodeAction(one.document)
	}
	return d.Shape(documentOf(one.kind)).Decode(documentOf(one.kind), one.document)
}

// derive adds the members of an action that its place inside its service says.
func (d Dialect) derive(action, service Values) {
	shape, owner := d.Shape(documentOf(kindOf(action))), service["name"]
	if _, placed := shape["service"]; !placed && owner != nil {
		action["service"] = owner
	}
	if _, named := action["name"]; !named && owner != nil {
		action["name"] = fmt.Sprintf("%s.%s", owner, kindOf(action))
	}
}

// DecodeAction reads an action's document. It is read as a health action if that has a shape of its own and the action's says
// that it is of another kind, or cannot be read.
func (d Dialect) DecodeAction(theirs any) (Values, error) {
	values, err := d.Shape(Action).Decode(Action, theirs)
	if _, own := d.Documents[HealthAction]; !own || (err == nil && kindOf(values) != "health") {
		return values, err
	}
	return d.Shape(HealthAction).Decode(HealthAction, theirs)
}

func kindOf(action Values) string {
	if kind, ok := action["kind"].(string); ok && kind != "" {
		return kind
	}
	return "run"
}

func documentOf(kind string) Document {
	if kind == "health" {
		return HealthAction
	}
	return Action
}

// embedded is an action's document inside a service's.
type embedded struct {
	kind, name string // where the place tells them
	document   any
}

// find returns the documents of actions inside a service's document, in a fixed order.
func (e Embedding) find(service any) []embedded {
	var found []embedded
	for _, kind := range slices.Sorted(maps.Keys(e.Kinds)) {
		if document, ok := e.Kinds[kind].Get(service); ok && document != nil {
			found = append(found, embedded{kind: kind, document: document})
		}
	}
	if e.List == nil {
		return found
	}
	listed, _ := e.List.Get(service)
	switch v := listed.(type) {
	case []any:
		for _, document := range v {
			found = append(found, embedded{document: document})
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			one := embedded{document: v[key]}
			if e.Keyed == KeyedByKind {
				one.kind = key
			} else {
				one.name = key
			}
			found = append(found, one)
		}
	}
	return found
}

// clear removes the actions that a template brought along.
func (e Embedding) clear(service map[string]any) any {
	for _, at := range e.Kinds {
		at.Delete(service) // an empty path is the service's own document, of which nothing is removed
	}
	if e.List != nil {
		e.List.Delete(service)
	}
	return service
}

// add puts an action's document into a service's.
func (e Embedding) add(service any, action Values, written any) (any, error) {
	kind := kindOf(action)
	if at, ok := e.Kinds[kind]; ok {
		return at.Set(service, written)
	}
	if e.List == nil {
		return nil, fmt.Errorf("write the service: it has no place for a %s action: %w", kind, ErrNotExpressible)
	}
	if e.Keyed != "" {
		key := kind
		if e.Keyed == KeyedByName {
			key = fmt.Sprint(action["name"])
		}
		return e.List.Join(key).Set(service, written)
	}
	listed, _ := e.List.Get(service)
	list, _ := listed.([]any)
	return e.List.Set(service, append(slices.Clone(list), written))
}
