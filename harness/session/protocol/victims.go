package protocol

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"mvdan.cc/sh/v3/syntax"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	// VictimHome is the folder of the container that holds what victims need.
	VictimHome = "/hero_chaos"
	// VictimPrefix is the prefix of the name of every victim.
	VictimPrefix = "hero_chaos."
	// VictimBinary is the path at which the agent installs itself as a victim.
	VictimBinary = VictimHome + "/victim"
	// probeTimeout bounds the reply to a victim's health check.
	probeTimeout = 700 * time.Millisecond
)

// VictimPlan is a plan for a victim: a service of the harness that is registered in the target.
type VictimPlan struct {
	// Name is unique in its sandbox; see VictimName.
	Name    string         `json:"name"`
	Options victim.Options `json:"options"`
	// Binary is the path of a copy for this victim alone, which a spec may remove; empty is VictimBinary.
	Binary string            `json:"binary,omitempty"`
	Policy zinit.RetryPolicy `json:"policy"`
	// Schedule is the health check's, nil for none. Probe is its command; empty is the harness's own question.
	Schedule *zinit.Schedule    `json:"schedule,omitempty"`
	Timeout  zinit.Milliseconds `json:"timeout_ms,omitempty"`
	Probe    string             `json:"probe,omitempty"`
	// StopTimeout is the time for which the supervisor waits for a process that was asked to stop.
	StopTimeout zinit.Milliseconds `json:"stop_timeout_ms,omitempty"`
	// StopSignal is the signal by which the supervisor is to stop it, such as SIGUSR1; empty leaves it to the supervisor.
	StopSignal string   `json:"stop_signal,omitempty"`
	Requires   []string `json:"requires,omitempty"`
	// Wrapper puts a shell between the supervisor and the process that serves.
	Wrapper bool `json:"wrapper,omitempty"`
	// InPlace lets the shell that a supervisor runs its command by be replaced by it. A supervisor without a shell cannot run it.
	InPlace bool `json:"in_place,omitempty"`
}

// VictimName returns the name of a victim.
func VictimName(name string) string { return VictimPrefix + name }

// NewVictim returns a plan for a well-behaved victim at its own socket, without a health check.
func NewVictim(name string, policy zinit.RetryPolicy) VictimPlan {
	return VictimPlan{Policy: policy}.withName(name)
}

// Sample returns the plan of the n-th victim like it, with a name, sockets and a journal of its own.
func (p VictimPlan) Sample(n int) VictimPlan {
	return p.withName(fmt.Sprintf("%s-%d", strings.TrimPrefix(p.Name, VictimPrefix), n))
}

// withName returns the plan with a name, and the files that follow from it.
func (p VictimPlan) withName(name string) VictimPlan {
	p.Name = VictimName(name)
	p.Options.Socket = path.Join(VictimHome, name+".sock")
	p.Options.Control = path.Join(VictimHome, name+".control")
	p.Options.Journal = path.Join(VictimHome, name+".journal")
	return p
}

// WithHealth returns the plan with a health check.
func (p VictimPlan) WithHealth(schedule zinit.Schedule, timeout time.Duration) VictimPlan {
	p.Schedule, p.Timeout = &schedule, zinit.Milliseconds(timeout)
	return p
}

// WithOwnBinary returns the plan with a copy of the victim's binary for it alone, which the spec must install.
func (p VictimPlan) WithOwnBinary() VictimPlan {
	p.Binary = path.Join(VictimHome, strings.TrimPrefix(p.Name, VictimPrefix)+".binary")
	return p
}

// WithStopTimeout returns the plan with a limit for a process that was asked to stop.
func (p VictimPlan) WithStopTimeout(limit time.Duration) VictimPlan {
	p.StopTimeout = zinit.Milliseconds(limit)
	return p
}

// StoppedBy returns the plan with a stop signal that the victim takes for one, and no other.
func (p VictimPlan) StoppedBy(signal string) VictimPlan {
	p.StopSignal, p.Options.StopSignal = signal, signal
	return p
}

// Endpoint returns the endpoint at which the victim answers.
func (p VictimPlan) Endpoint() agent.Endpoint {
	if p.Options.Port != 0 {
		return agent.Endpoint{Port: p.Options.Port, Path: "/health"}
	}
	return agent.Endpoint{Socket: p.Options.Socket}
}

// Definition returns the definition to register.
func (p VictimPlan) Definition() zinit.Definition {
	exec := CommandLine(append([]string{cmp.Or(p.Binary, VictimBinary), "victim"}, p.Options.Args()...))
	if p.Wrapper {
		exec = CommandLine([]string{"/bin/sh", "-c", exec + "; true"}) // a shell would exec its last command
	}
	if p.InPlace {
		exec = "exec " + exec
	}
	run := zinit.RunAction(p.Name, exec, p.Policy)
	run.StopTimeout, run.StopSignal = p.StopTimeout, p.StopSignal
	actions := []zinit.Action{run}
	if p.Schedule != nil {
		actions = append(actions, zinit.HealthAction(p.Name, p.probeCommand(), *p.Schedule, p.Timeout))
	}
	definition := zinit.Define(p.Name, actions...)
	definition.Service.Dependencies = zinit.Dependencies{Requires: p.Requires}
	return definition
}

// probeCommand returns the command of the health check.
func (p VictimPlan) probeCommand() string {
	if p.Probe != "" {
		return p.Probe
	}
	return ProbeCommand(p.Options.Socket, probeTimeout)
}

// CommandLine returns words as a command of /bin/sh. Plain words stay as they are: zinit 0.3.9 looks up the first word without a
// shell, and refuses shell keywords such as exec [Z]. POSIX cannot quote a word with a character that does not print; none of ours has
// one, and such a word is left out of the command.
func CommandLine(words []string) string {
	line := make([]string, 0, len(words))
	for _, word := range words {
		if quoted, err := syntax.Quote(word, syntax.LangPOSIX); err == nil {
			line = append(line, quoted)
		}
	}
	return strings.Join(line, " ")
}

// Base is the name of the victim that has a dependent, and is there to be faulted.
const Base = VictimPrefix + "base"

// Bystanders returns the victims of every sandbox: the base, which specs fault, and three bystanders that must not be disturbed
// (suites/contract/experiments.md#settle). The last one depends on the base.
func Bystanders(t *target.Target) []VictimPlan {
	base := NewVictim(strings.TrimPrefix(Base, VictimPrefix), t.Policy)
	plans := []VictimPlan{base}
	for i := range 3 {
		plans = append(plans, NewVictim(fmt.Sprintf("bystander%d", i+1), t.Policy))
	}
	plans[len(plans)-1].Requires = []string{base.Name}
	return plans
}

// BaseVictim returns the victim of every sandbox that a bystander depends on: it exits 0 on SIGTERM.
func BaseVictim(t *target.Target) Service { return Bystanders(t)[0].Of() }

// EndpointOf returns the endpoint at which a service of the target answers.
func EndpointOf(service target.Service) agent.Endpoint {
	if service.Port != 0 {
		return agent.Endpoint{Port: service.Port, Path: service.Health}
	}
	return agent.Endpoint{Socket: service.Socket}
}

// WithPatientProbe returns the plan with the harness's own question as the health check, which waits up to limit for its reply.
func (p VictimPlan) WithPatientProbe(limit time.Duration) VictimPlan {
	p.Probe = ProbeCommand(p.Options.Socket, limit)
	return p
}

// Wrapped returns the plan with a shell between the supervisor and the process that serves.
func (p VictimPlan) Wrapped() VictimPlan {
	p.Wrapper = true
	return p
}

// ProbeCommand returns a health check that asks the harness's own question and gives up after a limit. It needs no program of the image.
func ProbeCommand(socket string, limit time.Duration) string {
	return CommandLine([]string{VictimBinary, "probe", socket, limit.String()})
}

// Service is a service in a sandbox: shipped by the target, or a victim.
type Service struct {
	Name     string
	Endpoint agent.Endpoint
	Policy   zinit.RetryPolicy
	// Journal is the path of a victim's journal, empty for a shipped service.
	Journal string
}

// Of returns the service that the plan describes.
func (p VictimPlan) Of() Service {
	return Service{Name: p.Name, Endpoint: p.Endpoint(), Policy: p.Policy, Journal: p.Options.Journal}
}
