// Package dialect describes how a supervisor spells the RPC that the harness means: its transport, its methods and the
// members of its documents. A dialect is data: it can be learned, written in a target file, and compared.
//
// The meaning is the model (members.go, operations.go): documents of members, and operations on them. The model's own
// spelling is suites/contract/zinit-0.4.md#spelling; any other spelling of the same model is another Dialect.
package dialect

import (
	"fmt"
	"strings"
)

// Dialect is one spelling of the model.
type Dialect struct {
	// Name tells people which dialect it is: "0.4", "0.3.9", "learned".
	Name      string    `yaml:"name"`
	Transport Transport `yaml:"transport"`
	// Operations are the calls that are known. An operation without a call cannot be asked for, unless others make it up.
	Operations map[Operation]Call `yaml:"operations"`
	// Documents are the shapes by the kind of document.
	Documents map[Document]Shape `yaml:"documents"`
	// Embedding says where actions are inside a service's document; nil if they are documents of their own.
	Embedding *Embedding `yaml:"embedding,omitempty"`
	// Constants are members, by path, that the model does not know and that a document must have.
	Constants map[Document]map[string]any `yaml:"constants,omitempty"`
	Errors    Errors                      `yaml:"errors,omitempty"`
}

// Transport says how documents of JSON-RPC reach the supervisor and come back.
type Transport struct {
	Framing Framing `yaml:"framing"`
	// Path is the path of each HTTP request; empty for other framings.
	Path string `yaml:"path,omitempty"`
	// Port is the TCP port on the container's loopback address; 0 is the unix socket.
	Port int `yaml:"port,omitempty"`
	// Envelope surrounds a method and its parameters; the zero value is JSON-RPC's.
	Envelope Envelope `yaml:"envelope,omitempty"`
}

// Envelope is a form of requests and replies other than JSON-RPC's.
type Envelope struct {
	// Method is the member that names the method. The parameters are beside it. Empty is JSON-RPC.
	Method string `yaml:"method,omitempty"`
	// Batch says that a request comes in a list of one.
	Batch bool `yaml:"batch,omitempty"`
	// TextID says that the id of a request is a text.
	TextID bool `yaml:"text_id,omitempty"`
	// NoID says that a reply has no id.
	NoID bool `yaml:"no_id,omitempty"`
	// Hello is the method that has to be called first on each connection; empty if none has to.
	Hello string `yaml:"hello,omitempty"`
}

// Framing separates one document from the next.
type Framing string

// The framings.
const (
	Line          Framing = "line"           // a document a line
	Bare          Framing = "bare"           // documents one after the other, without line breaks
	ContentLength Framing = "content-length" // a header with the length before each document, as language servers do
	LengthPrefix  Framing = "length-prefix"  // four bytes with the length before each document, the highest first
	HTTP          Framing = "http"           // a POST for each document
	Routes        Framing = "http-routes"    // a request of HTTP for each call, whose method is a route: "PUT /services/{name}"
)

// Framings lists all framings, in the order in which a stranger is tried.
func Framings() []Framing { return []Framing{Line, Bare, ContentLength, LengthPrefix, HTTP, Routes} }

// Shape is where the members of a document are in the supervisor's spelling, by the member's name in the model.
type Shape map[string]Member

// Member is the spelling of one member of the model.
type Member struct {
	At Path `yaml:"at"`
	// Form is how the value is written; empty is the plain form of the member's type.
	Form Form `yaml:"form,omitempty"`
	// Words are the supervisor's values by the model's words, for a word or a flag ("true", "false"). Without them the
	// words are the model's own, in any case.
	Words map[string]any `yaml:"words,omitempty"`
	// Default is the value that an absent member stands for, in the model's form; nil if absent stands for nothing.
	Default any `yaml:"default,omitempty"`
	// Required members are written even if they are empty.
	Required bool `yaml:"required,omitempty"`
	// Lenient members are only guessed: a value that cannot be read is taken for none.
	Lenient bool `yaml:"lenient,omitempty"`
}

// Embedding is where the actions of a service are inside its document.
type Embedding struct {
	// List is the path of a list of action documents. It is nil if Kinds is used.
	List *Path `yaml:"list,omitempty"`
	// Keyed says that List names an object whose keys are the actions' names, or their kinds.
	Keyed Keyed `yaml:"keyed,omitempty"`
	// Kinds are the paths of one document for each kind of action; an empty path is the service's document itself.
	Kinds map[string]Path `yaml:"kinds,omitempty"`
}

// Keyed says what the keys of an object stand for.
type Keyed string

// The ways in which an object lists documents; empty is a plain list.
const (
	KeyedByName Keyed = "name"
	KeyedByKind Keyed = "kind"
)

// Errors tells the supervisor's refusals apart. A refusal that none matches is plain.
type Errors struct {
	NotFound       Refusal `yaml:"not_found,omitempty"`
	AlreadyInState Refusal `yaml:"already_in_state,omitempty"`
	InvalidConfig  Refusal `yaml:"invalid_config,omitempty"`
	Cycle          Refusal `yaml:"cycle,omitempty"`
}

// Refusal tells one kind of error from others.
type Refusal struct {
	Codes []int `yaml:"codes,omitempty"`
	// Messages are texts that the message contains, in lower case.
	Messages []string `yaml:"messages,omitempty"`
	// Null says that a result of null means it.
	Null bool `yaml:"null,omitempty"`
}

// Check returns an error that names the first member, operation or form that the model does not know.
func (d Dialect) Check() error {
	if wrong := d.normalize(); wrong != nil {
		return fmt.Errorf("%s: %s", strings.Join(wrong.at, "."), wrong.text)
	}
	return nil
}

// Shape returns the shape of a document; a health action may have one of its own where the run action's does not fit.
func (d Dialect) Shape(document Document) Shape {
	if shape, ok := d.Documents[document]; ok || document != HealthAction {
		return shape
	}
	return d.Documents[Action]
}
