package protocol

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	// VictimHome is the folder of the container in which services of ours live.
	VictimHome = "/hero_chaos"
	// VictimPrefix begins the name of every service that is ours.
	VictimPrefix = "hero_chaos."
	// VictimBinary is where the agent installs itself as a victim.
	VictimBinary = VictimHome + "/victim"
	// probeTimeout is how long the victims' own health check waits for its reply.
	probeTimeout = 700 * time.Millisecond
)

// VictimPlan is a service of ours that is to be registered in the target.
type VictimPlan struct {
	// Name is unique in its sandbox; see VictimName.
	Name    string         `json:"name"`
	Options victim.Options `json:"options"`
	// Binary is the path of a copy that it is run from, for one that may go missing; empty is everybody's.
	Binary string            `json:"binary,omitempty"`
	Policy zinit.RetryPolicy `json:"policy"`
	// Schedule is the health check's, nil for none. Probe is its command; empty is a sound one of ours.
	Schedule *zinit.Schedule    `json:"schedule,omitempty"`
	Timeout  zinit.Milliseconds `json:"timeout_ms,omitempty"`
	Probe    string             `json:"probe,omitempty"`
	// StopTimeout is how long the supervisor waits for a process that was asked to stop.
	StopTimeout zinit.Milliseconds `json:"stop_timeout_ms,omitempty"`
	Requires    []string           `json:"requires,omitempty"`
	// Wrapper puts a shell between the supervisor and the process that serves.
	Wrapper bool `json:"wrapper,omitempty"`
}

// VictimName makes the name of a service of ours.
func VictimName(name string) string { return VictimPrefix + name }

// NewVictim returns a plan for a well-behaved victim at its own socket, without a health check.
func NewVictim(name string, policy zinit.RetryPolicy) VictimPlan {
	return VictimPlan{Policy: policy}.named(name)
}

// Sample returns the plan of the n-th victim that is like it, at sockets of its own.
func (p VictimPlan) Sample(n int) VictimPlan {
	return p.named(fmt.Sprintf("%s-%d", strings.TrimPrefix(p.Name, VictimPrefix), n))
}

func (p VictimPlan) named(name string) VictimPlan {
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

// WithOwnBinary returns the plan with a copy of the victim's binary for it alone, which the spec has to install.
func (p VictimPlan) WithOwnBinary() VictimPlan {
	p.Binary = path.Join(VictimHome, strings.TrimPrefix(p.Name, VictimPrefix)+".binary")
	return p
}

// WithStopTimeout returns the plan with a limit for a process that was asked to stop.
func (p VictimPlan) WithStopTimeout(limit time.Duration) VictimPlan {
	p.StopTimeout = zinit.Milliseconds(limit)
	return p
}

// Endpoint is where the victim answers.
func (p VictimPlan) Endpoint() agent.Endpoint {
	if p.Options.Port != 0 {
		return agent.Endpoint{Port: p.Options.Port, Path: "/health"}
	}
	return agent.Endpoint{Socket: p.Options.Socket}
}

// Definition is what is registered.
func (p VictimPlan) Definition() zinit.Definition {
	exec := CommandLine(append([]string{cmp.Or(p.Binary, VictimBinary), "victim"}, p.Options.Args()...))
	if p.Wrapper {
		exec = CommandLine([]string{"/bin/sh", "-c", exec + "; true"}) // a shell execs its last command
	}
	run := zinit.RunAction(p.Name, exec, p.Policy)
	run.StopTimeout = p.StopTimeout
	actions := []zinit.Action{run}
	if p.Schedule != nil {
		actions = append(actions, zinit.HealthAction(p.Name, p.probeCommand(), *p.Schedule, p.Timeout))
	}
	definition := zinit.Define(p.Name, actions...)
	definition.Service.Dependencies = zinit.Dependencies{Requires: p.Requires}
	return definition
}

// probeCommand asks as the harness itself does, so it needs no Program of the image.
func (p VictimPlan) probeCommand() string {
	if p.Probe != "" {
		return p.Probe
	}
	return CommandLine([]string{VictimBinary, "probe", p.Options.Socket, probeTimeout.String()})
}

// CommandLine joins words for /bin/sh. Plain words stay as they are: zinit 0.3.9 looks the first one up as it
// stands, and refuses shell words such as exec [Z].
func CommandLine(words []string) string {
	line := make([]string, len(words))
	for i, word := range words {
		line[i] = word
		if strings.ContainsFunc(word, special) || word == "" {
			line[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(line, " ")
}

func special(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:=@%+,", r)
}

// Base is the name of the victim that has a dependent, and is there to be faulted.
const Base = VictimPrefix + "base"

// Bystanders are the victims of every sandbox that nobody faults, and the base that one of them depends on
// (design, "Revert and settle": three Bystanders, one of them a dependent).
func Bystanders(t *target.Target) []VictimPlan {
	base := NewVictim(strings.TrimPrefix(Base, VictimPrefix), t.Policy)
	plans := []VictimPlan{base}
	for i := range 3 {
		plans = append(plans, NewVictim(fmt.Sprintf("bystander%d", i+1), t.Policy))
	}
	plans[len(plans)-1].Requires = []string{base.Name}
	return plans
}

// BaseVictim is the victim of every sandbox that a bystander depends on: it exits 0 on SIGTERM.
func BaseVictim(t *target.Target) Service { return Bystanders(t)[0].Of() }

// EndpointOf is where a service of the target answers.
func EndpointOf(service target.Service) agent.Endpoint {
	if service.Port != 0 {
		return agent.Endpoint{Port: service.Port, Path: service.Health}
	}
	return agent.Endpoint{Socket: service.Socket}
}

// WithPatientProbe returns the plan with a sound probe that waits so long for its reply.
func (p VictimPlan) WithPatientProbe(limit time.Duration) VictimPlan {
	p.Probe = CommandLine([]string{VictimBinary, "probe", p.Options.Socket, limit.String()})
	return p
}

// Wrapped returns the plan with a shell between the supervisor and the process that serves.
func (p VictimPlan) Wrapped() VictimPlan {
	p.Wrapper = true
	return p
}

// ProbeCommand is a sound health check of a socket that gives up after a limit, and needs no Program of the image.
func ProbeCommand(socket string, limit time.Duration) string {
	return CommandLine([]string{VictimBinary, "probe", socket, limit.String()})
}

// Service is something that answers in a sandbox: shipped by the target, or a victim of ours.
type Service struct {
	Name     string
	Endpoint agent.Endpoint
	Policy   zinit.RetryPolicy
	// Journal is where a victim writes down what happens to it, empty for others.
	Journal string
}

// Of is the service that a plan makes.
func (p VictimPlan) Of() Service {
	return Service{Name: p.Name, Endpoint: p.Endpoint(), Policy: p.Policy, Journal: p.Options.Journal}
}
