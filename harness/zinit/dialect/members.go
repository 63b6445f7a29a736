package dialect

import "slices"

// Document is a kind of document of the model.
type Document string

// The documents of the model (suites/contract/zinit-0.4.md#model). A health action is an action; it is a kind of its own
// for dialects that spell it otherwise than a run action.
const (
	Service      Document = "service"
	Action       Document = "action"
	HealthAction Document = "health-action"
	Status       Document = "status"
	Job          Document = "job"
)

// Type is the type of a member's value in the model, with the Go type that Values holds.
type Type string

// The types.
const (
	Text     Type = "text"     // string
	Number   Type = "number"   // int64
	Flag     Type = "flag"     // bool
	Word     Type = "word"     // string, one of Known.Words
	Signal   Type = "signal"   // string, "SIGTERM"
	Duration Type = "duration" // time.Duration
	Time     Type = "time"     // time.Time; the zero time stands for none
	Names    Type = "names"    // []string
	Pairs    Type = "pairs"    // map[string]string
	Command  Type = "command"  // string, run by /bin/sh -c
)

// Known is a member of a document of the model.
type Known struct {
	Name  string
	Type  Type
	Words []string // of a Word, its values
}

// Values are a document of the model: its members by name. An absent member is the zero value.
type Values map[string]any

// Members returns the members of a document, in the contract's order.
func Members(document Document) []Known {
	switch document {
	case Service:
		return []Known{
			{Name: "name", Type: Text},
			{Name: "actions", Type: Names},
			{Name: "status", Type: Word, Words: []string{"start", "stop", "ignore"}},
			{Name: "class", Type: Word, Words: []string{"user", "system"}},
			{Name: "dependencies.requires", Type: Names},
			{Name: "dependencies.after", Type: Names},
			{Name: "dependencies.wants", Type: Names},
			{Name: "dependencies.conflicts", Type: Names},
		}
	case Action, HealthAction:
		return []Known{
			{Name: "name", Type: Text},
			{Name: "service", Type: Text},
			{Name: "kind", Type: Word, Words: []string{"run", "health", "install", "test"}},
			{Name: "exec", Type: Command},
			{Name: "env", Type: Pairs},
			{Name: "dir", Type: Text},
			{Name: "oneshot", Type: Flag},
			{Name: "timeout", Type: Duration},
			{Name: "stop_signal", Type: Signal},
			{Name: "stop_timeout", Type: Duration},
			{Name: "retry.max_attempts", Type: Number},
			{Name: "retry.delay", Type: Duration},
			{Name: "retry.backoff", Type: Word, Words: []string{"none", "linear", "exponential"}},
			{Name: "retry.max_delay", Type: Duration},
			{Name: "retry.stability_period", Type: Duration},
			{Name: "schedule.interval", Type: Duration},
			{Name: "schedule.start_period", Type: Duration},
			{Name: "schedule.retries", Type: Number},
		}
	case Status:
		return []Known{
			{Name: "name", Type: Text},
			{Name: "state", Type: Word, Words: []string{"inactive", "blocked", "starting", "running", "stopping", "exited", "failed"}},
			{Name: "pid", Type: Number},
			{Name: "health", Type: Word, Words: []string{"unknown", "healthy", "unhealthy"}},
			{Name: "restarts", Type: Number},
			{Name: "error", Type: Text},
		}
	case Job:
		return []Known{
			{Name: "id", Type: Number},
			{Name: "action", Type: Text},
			{Name: "attempt", Type: Number},
			{Name: "state", Type: Word, Words: []string{"running", "succeeded", "failed", "timeout", "stopped"}},
			{Name: "pid", Type: Number},
			{Name: "started", Type: Time},
			{Name: "ended", Type: Time},
			{Name: "exit_code", Type: Number},
			{Name: "signal", Type: Number},
		}
	}
	return nil
}

// MemberOf returns the member of a document by its name.
func MemberOf(document Document, name string) (Known, bool) {
	members := Members(document)
	i := slices.IndexFunc(members, func(known Known) bool { return known.Name == name })
	if i < 0 {
		return Known{}, false
	}
	return members[i], true
}
