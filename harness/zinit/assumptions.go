package zinit

import "github.com/creachadair/jrpc2"

// Assumption is something that nobody has told us of the image under test or of its zinit 0.4:
// an [A] of the contract. A promise that rests on one alone is INCONCLUSIVE where it fails, until
// the target file lists the assumption's ID under "confirmed".
type Assumption struct {
	// ID is what a target file confirms it by. It never changes.
	ID string
	// Statement says what is assumed, in one sentence.
	Statement string
	// Source is the place in the contract that makes it.
	Source string
}

// The error codes of zinit 0.4, [A] error-codes.
const (
	codeNotFound        = -32001
	codeAlreadyInState  = -32002
	codeInvalidConfig   = -32003
	codeDependencyCycle = -32004
)

// codeNotExpressible is what the adapter of a control answers (fixtures/controls) where the supervisor behind it has no words for
// something.
const codeNotExpressible = -32099

// meaningOfCode returns what a code of zinit 0.4 stands for, nil where it is one of JSON-RPC's own.
func meaningOfCode(code int, _ string) error {
	switch code {
	case codeNotFound:
		return ErrNotFound
	case codeAlreadyInState:
		return ErrAlreadyInState
	case codeInvalidConfig:
		return ErrInvalidConfig
	case codeDependencyCycle:
		return ErrDependencyCycle
	case codeNotExpressible, int(jrpc2.MethodNotFound):
		return ErrNotExpressible
	}
	return nil
}

// Assumptions returns every [A] of the contract, those about the image before those about zinit.
func Assumptions() []Assumption {
	return append(imageAssumptions(), zinitAssumptions()...)
}

func imageAssumptions() []Assumption {
	return []Assumption{
		{"one-run-one-health", "the 56 registered actions are one run and one health action of each of the 28 services", "hero_zero, The image"},
		{"shipped-retries-one", "one failed health check is enough for a restart of a shipped service", "hero_zero, Supervision"},
		{"boot-within-60s", "all services are Running within 60 s of the start", "hero_zero, Supervision"},
		{"smoke-within-120s", "the smoke test answers within 120 s of the start", "hero_zero, Supervision"},
		{"health-reply-ok", `server.health answers {"status": "ok"}`, "hero_zero, Supervision"},
	}
}

func zinitAssumptions() []Assumption {
	return []Assumption{
		{"socket-candidates", "zinit's socket is at one of the listed places", "zinit-0.4, Socket"},
		{"service-actions-member", "a service names its actions in the member actions", "zinit-0.4, services, actions, jobs"},
		{"action-nesting", "an action nests its retry policy in retry and its schedule in schedule", "zinit-0.4, services, actions, jobs"},
		{"job-shape", "a job has id, action, attempt, state, pid, started_ms, ended_ms, exit_code and signal", "zinit-0.4, services, actions, jobs"},
		{"status-members", "a status has health and restarts besides name, state, pid and error", "zinit-0.4, services, actions, jobs"},
		{"error-codes", "-32001 is not found, -32002 already in that state, -32003 invalid config, -32004 dependency cycle", "zinit-0.4, services, actions, jobs"},
		{"effect-around-answer", "start, stop, restart and delete answer before or after the effect", "zinit-0.4, services, actions, jobs"},
		{"no-change-is-fine", "where start, stop, restart or delete changes nothing, both ok and -32002 are right", "zinit-0.4, services, actions, jobs"},
		{"delay-formula", "retry n waits d without backoff, d·n with linear and d·2^(n-1) with exponential backoff, at most max_delay_ms", "zinit-0.4, Semantics 2"},
		{"retry-numbering", "the first unrequested end and the end of a stable run are followed by retry 1, each further unstable end by the next", "zinit-0.4, Semantics 2"},
		{"cap-counts-runs", "max_attempts counts unstable runs in a row: with 3 the service is failed at the end of the third", "zinit-0.4, Semantics 3"},
		{"failed-until-started", "a failed service stays failed until someone starts it, which begins at attempt 1 again", "zinit-0.4, Semantics 3"},
		{"job-attempt", "a job's attempt is the number of unstable runs in a row before it, plus 1", "zinit-0.4, Semantics 3"},
		{"zero-is-no-limit", "0 means no limit of attempts, no cap of the delay, never stable", "zinit-0.4, Semantics 3"},
		{"status-while-waiting", "while a retry is pending the state is starting or exited, the pid 0, and error says how the last run ended", "zinit-0.4, Semantics 4"},
		{"failed-means-given-up", "the state failed means that no retry will follow", "zinit-0.4, Semantics 4"},
		{"health-tick-overlap", "a tick of the schedule that falls into a health run is dropped or run at its end", "zinit-0.4, Semantics 5"},
		{"retries-default-one", "without retries in a schedule one failed health run is enough for a restart", "zinit-0.4, Semantics 5"},
		{"health-restart-counts", "the job of a run replaced for its health ends stopped, the retry delay follows, and a short run counts as unstable", "zinit-0.4, Semantics 5"},
		{"health-dies-with-incarnation", "probe, failure count and verdict die with the incarnation: afterwards health is unknown", "zinit-0.4, Semantics 5"},
		{"descendants-replaced", "a restart or stop also replaces descendants that left the service's group or session", "zinit-0.4, Semantics 6"},
		{"no-zombie", "no zombie stays", "zinit-0.4, Semantics 6"},
		{"dependents-stay", "dependents are not restarted with their base", "zinit-0.4, Semantics 7"},
		{"self-dependency", "a service's dependency on itself is filtered with a warning or refused with -32004", "zinit-0.4, Semantics 7"},
		{"start-within-2s", "a service starts within 2 s of its run action existing and its requirements being up", "zinit-0.4, Semantics 8"},
		{"missing-accepted", "a missing action or dependency is accepted, does not run, and need not be warned about", "zinit-0.4, Semantics 8"},
		{"reset-next-run", "an action that is set again takes effect with the next run", "zinit-0.4, Semantics 8"},
		{"action-ownership", "an action belongs to its service member, else to the service that lists it; setting another's is refused with -32003 or answered with replaced", "zinit-0.4, Semantics 8"},
		{"unknown-members-ignored", "unknown members are ignored", "zinit-0.4, Semantics 8"},
		{"long-names", "very long names are refused or stored intact", "zinit-0.4, Semantics 8"},
		{"definitions-survive", "definitions survive a restart of the supervisor and of the container, and processes do not double", "zinit-0.4, Semantics 9"},
		{"rpc-within-2s", "the supervisor answers its RPC within 2 s at all times", "zinit-0.4, Semantics 10"},
		{"job-end-states", "exit 0 is succeeded, another code or a signal failed, over the timeout timeout, asked for or replaced stopped", "zinit-0.4, Job end"},
		{"cli-output", "a line of the CLI that holds a service's name and a state word tells its state, a number after pid its pid", "zinit-0.4, The CLI"},
	}
}
