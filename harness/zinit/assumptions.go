package zinit

import (
	"github.com/creachadair/jrpc2"

	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

// Assumption is an [A] of the contract: a guess about the image under test or its zinit. A promise that rests on one is
// INCONCLUSIVE if it fails, until the target file lists the assumption's ID under "confirmed".
type Assumption struct {
	// ID is the name by which a target file confirms it. It never changes.
	ID string
	// Statement says what is assumed, in one sentence.
	Statement string
	// Source is the clause that makes it.
	Source contract.Clause
}

// The error codes of zinit 0.4, [A] error-codes.
const (
	codeNotFound        = -32001
	codeAlreadyInState  = -32002
	codeInvalidConfig   = -32003
	codeDependencyCycle = -32004
)

// codeNotExpressible is the answer of a control's adapter (fixtures/controls) to what its supervisor cannot express.
const codeNotExpressible = -32099

// meaningOfCode returns the error that a code of zinit 0.4 stands for, nil for one of JSON-RPC's own.
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

// Assumptions returns every [A] of the contract: first those about the image, then those about zinit.
func Assumptions() []Assumption {
	return append(imageAssumptions(), zinitAssumptions()...)
}

func imageAssumptions() []Assumption {
	return []Assumption{
		{"one-run-one-health", "the 56 registered actions are one run and one health action of each of the 28 services", contract.Image},
		{"shipped-retries-one", "one failed health check is enough for a restart of a shipped service", contract.Supervision},
		{"boot-within-60s", "all services are Running within 60 s of the start", contract.Supervision},
		{"smoke-within-120s", "the smoke test answers within 120 s of the start", contract.Supervision},
		{"health-reply-ok", `server.health answers {"status": "ok"}`, contract.IssueProbe},
	}
}

func zinitAssumptions() []Assumption {
	return []Assumption{
		{"socket-candidates", "zinit's socket is at one of the listed places", contract.Socket},
		{"service-actions-member", "a service names its actions in the member actions", contract.Model},
		{"action-nesting", "an action nests its retry policy in retry and its schedule in schedule", contract.Model},
		{"job-shape", "a job has id, action, attempt, state, pid, started_ms, ended_ms, exit_code and signal", contract.Model},
		{"status-members", "a status has health and restarts besides name, state, pid and error", contract.Model},
		{"error-codes", "-32001 is not found, -32002 already in that state, -32003 invalid config, -32004 dependency cycle", contract.Errors},
		{"effect-around-answer", "start, stop, restart and delete answer before or after the effect", contract.Errors},
		{"no-change-is-fine", "if start, stop, restart or delete changes nothing, both ok and -32002 are right", contract.Errors},
		{"delay-formula", "retry n waits d without backoff, d·n with linear and d·2^(n-1) with exponential backoff, at most max_delay_ms", contract.Delay},
		{"retry-numbering", "retry 1 follows the first unrequested end and the end of a stable run; each further unstable end is followed by the next retry", contract.Delay},
		{"cap-counts-runs", "max_attempts counts unstable runs in a row: with 3 the service is failed at the end of the third", contract.Stability},
		{"failed-until-started", "a failed service stays failed until somebody starts it, and then begins at attempt 1 again", contract.Stability},
		{"job-attempt", "a job's attempt is the number of unstable runs in a row before it, plus 1", contract.Stability},
		{"zero-is-no-limit", "0 means no limit of attempts, no cap of the delay, never stable", contract.Stability},
		{"status-while-waiting", "while a retry is pending, the state is starting or exited, the pid is 0, and error says how the last run ended", contract.Status},
		{"failed-means-given-up", "the state failed means that no retry will follow", contract.Status},
		{"health-tick-overlap", "a tick of the schedule during a health run is dropped, or run at its end", contract.Health},
		{"retries-default-one", "if a schedule has no retries, one failed health run is enough for a restart", contract.Health},
		{"health-restart-counts", "a run that is replaced for its health ends as stopped, the retry delay follows, and a short run counts as unstable", contract.Health},
		{"health-dies-with-incarnation", "a new process starts with health unknown: probe, failure count and result end with the process before it", contract.Health},
		{"descendants-replaced", "a restart or stop also replaces descendants that left the service's group or session", contract.ProcessTree},
		{"no-zombie", "no zombie stays", contract.ProcessTree},
		{"dependents-stay", "dependents are not restarted with their base", contract.Order},
		{"self-dependency", "a service's dependency on itself is filtered with a warning or refused with -32004", contract.Order},
		{"start-within-2s", "a service starts within 2 s of its run action existing and its requirements being up", contract.Definitions},
		{"missing-accepted", "a missing action or dependency is accepted and does not run; a warning is optional", contract.Definitions},
		{"reset-next-run", "an action that is set again takes effect with the next run", contract.Definitions},
		{"action-ownership", "an action belongs to its service member, else to the service that lists it; setting another service's action is refused with -32003 or answered with replaced", contract.Definitions},
		{"unknown-members-ignored", "unknown members are ignored", contract.Definitions},
		{"long-names", "very long names are refused or stored intact", contract.Definitions},
		{"definitions-survive", "definitions survive a restart of the supervisor and of the container, and processes do not double", contract.Persistence},
		{"rpc-within-2s", "the supervisor answers its RPC within 2 s at all times", contract.RPCAnswers},
		{"job-end-states", "a job that exits with 0 has succeeded, with another code or a signal failed, over its timeout ended as timeout, asked for or replaced as stopped", contract.JobEnd},
		{"cli-output", "a line of the CLI with a service's name and a state word gives its state, and a number after pid its pid", contract.CLI},
	}
}
