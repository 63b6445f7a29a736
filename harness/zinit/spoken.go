package zinit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// DialectLearned is the model of 0.4 in another spelling (suites/contract/zinit-0.4.md#spelling), which a target file names or
// harness/zinit/learn has learned.
const DialectLearned Dialect = "learned"

// Spelling is a dialect together with what is known of the supervisor's documents.
type Spelling struct {
	Dialect dialect.Dialect `json:"dialect"`
	// Templates are documents of the supervisor's own, over which ours are written: strict supervisors want members that the model does not
	// know.
	Templates dialect.Templates `json:"templates"`
	// Guessed are the members that only a name speaks for, as "action.retry.delay". The supervisor is not told of them.
	Guessed []string `json:"guessed,omitempty"`
}

// spoken is a supervisor that is spoken to in a spelling.
type spoken struct {
	conversation *Conversation
	spelling     Spelling
	guessed      map[string]bool
}

// ConnectAs returns a supervisor that is spoken to in a spelling. It asks nothing.
func ConnectAs(dial PortDialer, spelling Spelling) Supervisor {
	s := spoken{conversation: NewConversation(dial), spelling: spelling, guessed: map[string]bool{}}
	for _, name := range spelling.Guessed {
		s.guessed[name] = true
	}
	return s
}

// Dialect returns DialectLearned.
func (spoken) Dialect() Dialect { return DialectLearned }

// Close does nothing: each call has a connection of its own.
func (spoken) Close() error { return nil }

// ask makes one call and returns the result, decoded.
func (s spoken) ask(ctx context.Context, operation dialect.Operation, subject string, arguments map[dialect.Argument]any) (dialect.Call, any, error) {
	call, known := s.spelling.Dialect.Operations[operation]
	if !known {
		return call, nil, unknownOperationError(operation)
	}
	what := call.Method
	if subject != "" {
		what = fmt.Sprintf("%s of %q", call.Method, subject)
	}
	params, err := call.Request(arguments)
	if err != nil {
		return call, nil, fmt.Errorf("%s: %w: %w", what, err, ErrNotExpressible)
	}
	raw, err := s.Call(ctx, call.Method, params)
	if err != nil {
		return call, nil, fmt.Errorf("%s: %w", what, err)
	}
	var result any
	if err := json.Unmarshal(raw, &result); err != nil {
		return call, nil, fmt.Errorf("%s: %w: the result %s is not JSON: %w", what, ErrConnection, excerpt(raw), err)
	}
	if result == nil && s.spelling.Dialect.Errors.NotFound.Null {
		return call, nil, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return call, result, nil
}

// meaning returns the error that a supervisor's own stands for in the dialect.
func (s spoken) meaning(answer *Error) error {
	known := s.spelling.Dialect.Errors
	for _, refusal := range []struct {
		says  dialect.Refusal
		means error
	}{
		{known.NotFound, ErrNotFound}, {known.AlreadyInState, ErrAlreadyInState}, {known.Cycle, ErrDependencyCycle}, {known.InvalidConfig, ErrInvalidConfig},
	} {
		if refusal.says.Matches(answer.Code, answer.Message) {
			return refusal.means
		}
	}
	if answer.Code == codeNotExpressible {
		return ErrNotExpressible
	}
	return nil
}

// order makes one call whose result does not matter.
func (s spoken) order(ctx context.Context, operation dialect.Operation, name string) error {
	_, _, err := s.ask(ctx, operation, name, map[dialect.Argument]any{dialect.TheName: name})
	return err
}

// Ping returns the version if the supervisor says one, else VersionUnknown.
func (s spoken) Ping(ctx context.Context) (string, error) {
	operation := dialect.Ping
	if _, known := s.spelling.Dialect.Operations[operation]; !known {
		operation = dialect.List
	}
	if _, known := s.spelling.Dialect.Operations[operation]; !known {
		operation = dialect.ListFull
	}
	call, result, err := s.ask(ctx, operation, "", nil)
	if err != nil || operation != dialect.Ping {
		return VersionUnknown, err
	}
	version, _ := call.Answer(result)
	text, _ := version.(string)
	return cmp.Or(text, VersionUnknown), nil
}

// Register sets the actions before the service, or all in one document if the dialect embeds them. A member that is only guessed is not
// used: the error wraps ErrNotExpressible.
func (s spoken) Register(ctx context.Context, definition Definition) ([]string, error) {
	documents, err := s.Documents(definition, Unchanged)
	if err != nil {
		return nil, err
	}
	for _, document := range documents {
		if _, err := s.Call(ctx, document.Method, document.Params); err != nil {
			return nil, fmt.Errorf("%s of %q: %w", document.Method, definition.Service.Name, err)
		}
	}
	return nil, nil
}

// Spelling returns the dialect.
func (s spoken) Spelling() dialect.Dialect { return s.spelling.Dialect }

// Documents returns the requests that register a definition: the actions, in their order, then the service; or all in one.
func (s spoken) Documents(definition Definition, change dialect.Change) ([]Document, error) {
	values := dialect.Definition{Service: serviceValues(definition.Service)}
	if name := s.firstGuessed(dialect.Service, values.Service); name != "" {
		return nil, guessedError(name)
	}
	for _, action := range definition.Actions {
		one := actionValues(action)
		if name := s.firstGuessed(s.documentOf(action), one); name != "" {
			return nil, guessedError(name)
		}
		values.Actions = append(values.Actions, one)
	}
	messages, err := s.spelling.Dialect.EncodeChanged(values, s.spelling.Templates, change)
	if errors.Is(err, dialect.ErrNotExpressible) {
		return nil, fmt.Errorf("%w: %w", err, ErrNotExpressible)
	}
	if err != nil {
		return nil, err
	}
	var documents []Document
	for i, message := range messages {
		of, subject := dialect.Service, definition.Service.Name
		if message.Operation == dialect.SetAction {
			of, subject = s.documentOf(definition.Actions[i]), definition.Actions[i].Name
		}
		document, err := s.write(message, of, subject)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// write returns the request that sends a message.
func (s spoken) write(message dialect.Message, of dialect.Document, subject string) (Document, error) {
	call, known := s.spelling.Dialect.Operations[message.Operation]
	if !known {
		return Document{}, unknownOperationError(message.Operation)
	}
	arguments := map[dialect.Argument]any{dialect.TheDocument: message.Document}
	if call.Takes(dialect.TheName) {
		arguments[dialect.TheName] = subject
	}
	params, err := call.Request(arguments)
	if err != nil {
		return Document{}, fmt.Errorf("%s of %q: %w: %w", call.Method, subject, err, ErrNotExpressible)
	}
	return Document{Of: of, Method: call.Method, Params: params}, nil
}

// documentOf returns the kind of an action's document.
func (s spoken) documentOf(action Action) dialect.Document {
	if _, own := s.spelling.Dialect.Documents[dialect.HealthAction]; own && action.Kind == KindHealth {
		return dialect.HealthAction
	}
	return dialect.Action
}

// Call sends any request and returns its result undecoded.
func (s spoken) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	raw, err := s.conversation.Call(ctx, s.spelling.Dialect.Transport, method, params)
	if answer := new(Error); errors.As(err, &answer) {
		answer.meaning = s.meaning(answer)
	}
	return raw, err
}

func unknownOperationError(operation dialect.Operation) error {
	return fmt.Errorf("%s: it is not known how this supervisor is asked for it: %w", operation, ErrNotExpressible)
}

func guessedError(name string) error {
	return fmt.Errorf("the supervisor's word for %s is only guessed: confirm it under zinit.dialect of the target file: %w", name, ErrNotExpressible)
}

// firstGuessed returns the first member of a document that has a value and whose place is only guessed.
func (s spoken) firstGuessed(document dialect.Document, values dialect.Values) string {
	for _, known := range dialect.Members(document) {
		name := string(document) + "." + known.Name
		if value, given := values[known.Name]; given && s.guessed[name] && !dialect.IsZero(value) {
			return name
		}
	}
	return ""
}

// Delete deletes a service.
func (s spoken) Delete(ctx context.Context, service string) error {
	return s.order(ctx, dialect.Delete, service)
}

// Start starts a service.
func (s spoken) Start(ctx context.Context, service string) error {
	return s.order(ctx, dialect.Start, service)
}

// Stop stops a service.
func (s spoken) Stop(ctx context.Context, service string) error {
	return s.order(ctx, dialect.Stop, service)
}

// Restart restarts a service. Without an order of its own for it, the service is stopped and started.
func (s spoken) Restart(ctx context.Context, service string) error {
	if _, known := s.spelling.Dialect.Operations[dialect.Restart]; known {
		return s.order(ctx, dialect.Restart, service)
	}
	if err := s.Stop(ctx, service); err != nil {
		return err
	}
	return s.Start(ctx, service)
}

// Kill sends a signal.
func (s spoken) Kill(ctx context.Context, service, signal string) error {
	_, _, err := s.ask(ctx, dialect.Kill, service, map[dialect.Argument]any{dialect.TheName: service, dialect.TheSignal: signal})
	return err
}

// Status returns a service's status.
func (s spoken) Status(ctx context.Context, service string) (Status, error) {
	if _, known := s.spelling.Dialect.Operations[dialect.StatusOf]; !known {
		return s.findStatus(ctx, service)
	}
	call, result, err := s.ask(ctx, dialect.StatusOf, service, map[dialect.Argument]any{dialect.TheName: service})
	if err != nil {
		return Status{}, err
	}
	answer, err := call.Answer(result)
	if err != nil {
		return Status{}, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	return s.readStatus(answer, service)
}

// findStatus returns a service's status from the list of all.
func (s spoken) findStatus(ctx context.Context, service string) (Status, error) {
	list, err := s.List(ctx)
	if err != nil {
		return Status{}, err
	}
	for _, status := range list {
		if status.Name == service {
			return status, nil
		}
	}
	return Status{}, fmt.Errorf("status of %q: %w", service, ErrNotFound)
}

func (s spoken) readStatus(theirs any, service string) (Status, error) {
	values, err := s.spelling.Dialect.Shape(dialect.Status).Decode(dialect.Status, theirs)
	if errors.Is(err, dialect.ErrUnknownWord) {
		values, _ = dialect.Shape{"name": s.spelling.Dialect.Shape(dialect.Status)["name"]}.Decode(dialect.Status, theirs)
		status := statusOf(values)
		status.Name = cmp.Or(status.Name, service)
		return status, fmt.Errorf("%w: %w", ErrNotExpressible, err)
	}
	if err != nil {
		return Status{}, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	status := statusOf(values)
	status.Name = cmp.Or(status.Name, service)
	if status.State == "" {
		return status, fmt.Errorf("%w: the status of %q has no state", ErrConnection, status.Name)
	}
	return status, nil
}

// List returns the status of every service, by one call or by one for each service.
func (s spoken) List(ctx context.Context) ([]Status, error) {
	if _, known := s.spelling.Dialect.Operations[dialect.ListFull]; known {
		call, result, err := s.ask(ctx, dialect.ListFull, "", nil)
		if err != nil {
			return nil, err
		}
		documents, err := call.Listed(result, s.spelling.Dialect.Shape(dialect.Status))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConnection, err)
		}
		list := make([]Status, 0, len(documents))
		for _, document := range documents {
			status, err := s.readStatus(document, "")
			if err != nil && !errors.Is(err, ErrNotExpressible) { // a state whose word is not known is none
				return nil, err
			}
			list = append(list, status)
		}
		return list, nil
	}
	services, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Status, 0, len(services))
	for _, service := range services {
		status, err := s.Status(ctx, service)
		if errors.Is(err, ErrNotFound) {
			continue // deleted since
		}
		if err != nil && !errors.Is(err, ErrNotExpressible) { // a state whose word is not known is none
			return nil, err
		}
		list = append(list, status)
	}
	return list, nil
}

// names returns the names of all services.
func (s spoken) names(ctx context.Context) ([]string, error) {
	call, result, err := s.ask(ctx, dialect.List, "", nil)
	if err != nil {
		return nil, err
	}
	texts, err := call.Texts(result)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	return texts, nil
}

// Get returns a service's definition.
func (s spoken) Get(ctx context.Context, service string) (Service, error) {
	definition, err := s.definition(ctx, service)
	if err != nil {
		return Service{}, err
	}
	read := serviceOf(definition.Service)
	read.Name = cmp.Or(read.Name, service)
	if len(read.Actions) == 0 {
		for _, action := range definition.Actions {
			name, _ := action["name"].(string)
			read.Actions = append(read.Actions, name)
		}
	}
	return read, nil
}

func (s spoken) definition(ctx context.Context, service string) (dialect.Definition, error) {
	call, result, err := s.ask(ctx, dialect.GetService, service, map[dialect.Argument]any{dialect.TheName: service})
	if err != nil {
		return dialect.Definition{}, err
	}
	answer, err := call.Answer(result)
	if err == nil {
		var definition dialect.Definition
		if definition, err = s.spelling.Dialect.DecodeService(answer); err == nil {
			return definition, nil
		}
	}
	return dialect.Definition{}, fmt.Errorf("%s of %q: %w: %w", call.Method, service, ErrConnection, err)
}

// Actions returns the actions of a service, or of all services.
func (s spoken) Actions(ctx context.Context, service string) ([]Action, error) {
	if s.spelling.Dialect.Embedding == nil {
		return s.listActions(ctx, service)
	}
	services, err := s.expand(ctx, service)
	if err != nil {
		return nil, err
	}
	var all []Action
	for _, name := range services {
		definition, err := s.definition(ctx, name)
		if errors.Is(err, ErrNotFound) && service == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, values := range definition.Actions {
			all = append(all, actionOf(values))
		}
	}
	return all, nil
}

// expand returns the name of a service, or of all services if it is empty.
func (s spoken) expand(ctx context.Context, service string) ([]string, error) {
	if service != "" {
		return []string{service}, nil
	}
	statuses, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	var services []string
	for _, status := range statuses {
		services = append(services, status.Name)
	}
	return services, nil
}

// listActions returns actions that are documents of their own.
func (s spoken) listActions(ctx context.Context, service string) ([]Action, error) {
	known, isKnown := s.spelling.Dialect.Operations[dialect.ListActions]
	if !isKnown {
		return s.getActions(ctx, service)
	}
	if service == "" && known.At[dialect.TheName].IsInRoute() {
		return s.listEach(ctx)
	}
	arguments := map[dialect.Argument]any{dialect.TheName: service}
	if !known.Takes(dialect.TheName) {
		arguments = nil
	}
	call, result, err := s.ask(ctx, dialect.ListActions, service, arguments)
	if refused := new(Error); errors.As(err, &refused) && service == "" && arguments != nil {
		return s.listEach(ctx) // it wants to be told whose
	}
	if err != nil {
		return nil, err
	}
	documents, err := call.Listed(result, s.spelling.Dialect.Shape(dialect.Action))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	var all []Action
	for _, document := range documents {
		values, err := s.spelling.Dialect.DecodeAction(document)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConnection, err)
		}
		if action := actionOf(values); service == "" || action.Service == service || (action.Service == "" && arguments != nil) {
			all = append(all, action)
		}
	}
	return all, nil
}

// listEach lists the actions of all services, one service after the other.
func (s spoken) listEach(ctx context.Context) ([]Action, error) {
	services, err := s.expand(ctx, "")
	if err != nil {
		return nil, err
	}
	var all []Action
	for _, service := range services {
		actions, err := s.listActions(ctx, service)
		if errors.Is(err, ErrNotFound) {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		all = append(all, actions...)
	}
	return all, nil
}

// getActions reads the actions of a service, or of all services, one by one.
func (s spoken) getActions(ctx context.Context, service string) ([]Action, error) {
	services, err := s.expand(ctx, service)
	if err != nil {
		return nil, err
	}
	var all []Action
	for _, owner := range services {
		read, err := s.Get(ctx, owner)
		if errors.Is(err, ErrNotFound) && service == "" {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		for _, name := range read.Actions {
			action, err := s.getAction(ctx, name)
			if errors.Is(err, ErrNotFound) {
				continue // a service may name an action that does not exist
			}
			if err != nil {
				return nil, err
			}
			all = append(all, action)
		}
	}
	return all, nil
}

// getAction asks for one action.
func (s spoken) getAction(ctx context.Context, name string) (Action, error) {
	call, result, err := s.ask(ctx, dialect.GetAction, name, map[dialect.Argument]any{dialect.TheName: name})
	if err != nil {
		return Action{}, err
	}
	answer, err := call.Answer(result)
	if err == nil {
		var values dialect.Values
		if values, err = s.spelling.Dialect.DecodeAction(answer); err == nil {
			return actionOf(values), nil
		}
	}
	return Action{}, fmt.Errorf("%w: %w", ErrConnection, err)
}

// Action returns an action that is a document of its own: by the method for it, or from the list of all.
func (s spoken) Action(ctx context.Context, name string) (Action, error) {
	if s.spelling.Dialect.Embedding != nil {
		return Action{}, fmt.Errorf("read the action %q: actions are parts of their services: %w", name, ErrNotExpressible)
	}
	if _, known := s.spelling.Dialect.Operations[dialect.GetAction]; known {
		return s.getAction(ctx, name)
	}
	all, err := s.listActions(ctx, "")
	if refused := new(Error); errors.As(err, &refused) { // it is no word on this action
		return Action{}, fmt.Errorf("read the action %q: %w: %w", name, err, ErrNotExpressible)
	}
	if err != nil {
		return Action{}, err
	}
	for _, action := range all {
		if action.Name == name {
			return action, nil
		}
	}
	return Action{}, fmt.Errorf("read the action %q: %w", name, ErrNotFound)
}

// DeleteAction deletes an action.
func (s spoken) DeleteAction(ctx context.Context, name string) error {
	return s.order(ctx, dialect.DeleteAction, name)
}

// Jobs returns the last runs of an action, newest first.
func (s spoken) Jobs(ctx context.Context, action string, limit int) ([]Job, error) {
	arguments := map[dialect.Argument]any{dialect.TheName: action, dialect.TheLimit: limit}
	if !s.spelling.Dialect.Operations[dialect.ListJobs].Takes(dialect.TheLimit) {
		delete(arguments, dialect.TheLimit)
	}
	call, result, err := s.ask(ctx, dialect.ListJobs, action, arguments)
	if err != nil {
		return nil, err
	}
	documents, err := call.Listed(result, s.spelling.Dialect.Shape(dialect.Job))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	list := make([]Job, 0, len(documents))
	for _, document := range documents {
		values, err := s.spelling.Dialect.Shape(dialect.Job).Decode(dialect.Job, document)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConnection, err)
		}
		list = append(list, jobOf(values, action))
	}
	if limit > 0 {
		list = list[:min(limit, len(list))]
	}
	return list, nil
}

// Logs returns the last log lines, oldest first.
func (s spoken) Logs(ctx context.Context, name string, lines int) ([]string, error) {
	arguments := map[dialect.Argument]any{dialect.TheName: name, dialect.TheLimit: lines}
	if !s.spelling.Dialect.Operations[dialect.Logs].Takes(dialect.TheLimit) {
		delete(arguments, dialect.TheLimit)
	}
	call, result, err := s.ask(ctx, dialect.Logs, name, arguments)
	if err != nil {
		return nil, err
	}
	texts, err := call.Texts(result)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	if lines > 0 {
		texts = texts[max(0, len(texts)-lines):]
	}
	return texts, nil
}
