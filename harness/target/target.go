// Package target is the image under test and what is expected of it, as a file that a person writes.
package target

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// All stands for every assumption in Target.Confirmed.
const All = "all"

// Target is an image and what is expected of it. fixtures/targets/target.schema.json says the same
// for editors.
type Target struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`

	Image     Image     `yaml:"image"`
	Container Container `yaml:"container"`
	Zinit     Zinit     `yaml:"zinit"`
	// Confirmed lists the ids of the contract's assumptions ([A]) that this image is known to meet, or
	// is "all". A promise that rests on any other never holds the image back.
	Confirmed []string `yaml:"confirmed"`

	// Policy is the retry policy of every service that states none of its own.
	Policy  zinit.RetryPolicy `yaml:"policy"`
	Health  Health            `yaml:"health"`
	Budgets Budgets           `yaml:"budgets"`
	// Services are those that the image ships and that are known by name; there may be more.
	Services  []Service `yaml:"services"`
	Inventory Inventory `yaml:"inventory"`
	Smoke     []Smoke   `yaml:"smoke"`
	// Environments are places where the image runs already, by name: the URL that the smoke paths follow.
	Environments map[string]string `yaml:"environments"`
}

// Image says where the image comes from: either its reference or its build command is set.
type Image struct {
	Reference string `yaml:"reference"` // as docker run takes it
	// Build is a command that is run in the root of this module; the last line that it prints on
	// standard output is the reference of the image that it has made or found.
	Build []string `yaml:"build"`
	// Archive is the built image as a file that `docker load` takes, below the root: what a distribution has in
	// place of the sources. Where it exists it is loaded, and nothing is built.
	Archive string `yaml:"archive"`
	// Mutant is the environment variable by which a built image is broken on purpose; empty: it cannot be.
	Mutant string `yaml:"mutant"`
}

// Container says how the image is run.
type Container struct {
	Port        int               `yaml:"port"`         // in the container; 0: nothing is published
	PublishPort int               `yaml:"publish_port"` // on the host; 0: any that is free
	Data        string            `yaml:"data"`         // where a volume is mounted; empty: no volume
	Env         map[string]string `yaml:"env"`
	// Secrets are names of variables that are passed on from the environment of the harness, where they
	// are set. Their values are in no file.
	Secrets []string `yaml:"secrets"`
}

// Zinit says where the supervisor is.
type Zinit struct {
	// Sockets are the paths to try for zinit's socket, in place of the contract's
	// (zinit.SocketCandidates).
	Sockets []string `yaml:"sockets"`
}

// Health is the schedule of the shipped health checks (suites/contract/hero_zero.md#supervision).
type Health struct {
	Interval    zinit.Milliseconds `yaml:"interval"`     // from one start to the next
	Timeout     zinit.Milliseconds `yaml:"timeout"`      // a longer run counts as failed
	StartPeriod zinit.Milliseconds `yaml:"start_period"` // from a start of the process to the first run
	Retries     int                `yaml:"retries"`      // failures in a row that trigger a restart
}

// Budgets are the outer limits of the shipped services. What a file leaves out is as the contract
// has it.
type Budgets struct {
	// Restart is the longest from an exit to the new process: 5 s, hero_zero "Supervision" [S].
	Restart zinit.Milliseconds `yaml:"restart"`
	// Serving is the longest from an exit to the first correct reply: 10 s, hero_zero "Supervision",
	// "within 5-10 s" [S].
	Serving zinit.Milliseconds `yaml:"serving"`
	// Tolerance is what both may be exceeded by, since the shipped delay is the whole budget of a
	// restart: 250 ms, design "Budgets come from the policy".
	Tolerance zinit.Milliseconds `yaml:"tolerance"`
	// Boot is the longest until all services are Running: 60 s, [A] boot-within-60s.
	Boot zinit.Milliseconds `yaml:"boot"`
	// Smoke is the longest until the smoke paths answer: 120 s, [A] smoke-within-120s.
	Smoke zinit.Milliseconds `yaml:"smoke"`
	// StopTimeout is the longest from a signal to the exit: 10 s, which is also what docker stop waits.
	StopTimeout zinit.Milliseconds `yaml:"stop_timeout"`
}

// Service is one that the image ships. It is probed at its socket or at its port.
type Service struct {
	Name   string `yaml:"name"`
	Socket string `yaml:"socket"` // a path in the container; JSON-RPC server.health
	Port   int    `yaml:"port"`   // in the container; HTTP
	Health string `yaml:"health"` // with a port: the path that answers 200
	// Oneshot services run once and are never restarted; they have neither socket nor port.
	Oneshot  bool               `yaml:"oneshot"`
	Policy   *zinit.RetryPolicy `yaml:"policy"` // in place of the target's
	Requires []string           `yaml:"requires"`
}

// Inventory is what the image is known to hold; 0 where that is not known.
type Inventory struct {
	Services int `yaml:"services"`
	Actions  int `yaml:"actions"` // of the kinds run and health
}

// Smoke is a path of the published port and the HTTP status that it answers with.
type Smoke struct {
	Path   string `yaml:"path"`
	Status int    `yaml:"status"`
}

// Budget is what a service may take after its process has ended.
type Budget struct {
	Restart   time.Duration // from the exit to the new process
	Recovery  time.Duration // from the exit to the first correct reply
	Tolerance time.Duration // what both may be exceeded by; it is printed with every figure
}

// Budget returns the outer limits of a restart: the issue's own numbers, hero_zero "Supervision" [S].
// They hold for the first retry. What is due later, when the policy's state is another, comes from
// the package budget.
func (t *Target) Budget() Budget {
	return Budget{
		Restart:   t.Budgets.Restart.Duration(),
		Recovery:  t.Budgets.Serving.Duration(),
		Tolerance: t.Budgets.Tolerance.Duration(),
	}
}

// Restartable returns the services that zinit has to restart: all but the oneshot ones (contract
// suites/contract/zinit-0.4.md#restart).
func (t *Target) Restartable() []Service {
	return slices.DeleteFunc(slices.Clone(t.Services), func(s Service) bool { return s.Oneshot })
}

// BaseURL returns where the environment of that name answers, without a slash at its end. An unknown one is an error
// that names what was probably meant.
func (t *Target) BaseURL(environment string) (string, error) {
	base, ok := t.Environments[environment]
	if !ok {
		names := slices.Sorted(maps.Keys(t.Environments))
		return "", fmt.Errorf("target %s has no environment %q%s", t.Name, environment, spelling.DidYouMean(environment, names))
	}
	return strings.TrimRight(base, "/"), nil
}

// Service returns the service of that name.
func (t *Target) Service(name string) (Service, bool) {
	i := slices.IndexFunc(t.Services, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return t.Services[i], true
}

// ServiceNames returns the names of all services, in the order of the file.
func (t *Target) ServiceNames() []string {
	var names []string
	for _, service := range t.Services {
		names = append(names, service.Name)
	}
	return names
}

// PolicyOf returns the retry policy of a service: its own, else the target's.
func (t *Target) PolicyOf(service Service) zinit.RetryPolicy {
	if service.Policy != nil {
		return *service.Policy
	}
	return t.Policy
}

// Confirms tells whether the image is known to meet the assumption.
func (t *Target) Confirms(assumption string) bool {
	return slices.Contains(t.Confirmed, All) || slices.Contains(t.Confirmed, assumption)
}

// setDefaults fills in what the file leaves out, as the contract has it.
func (t *Target) setDefaults() {
	budgets := &t.Budgets
	for _, budget := range []struct {
		value     *zinit.Milliseconds
		otherwise time.Duration
	}{
		{&budgets.Restart, 5 * time.Second},
		{&budgets.Serving, 10 * time.Second},
		{&budgets.Tolerance, 250 * time.Millisecond},
		{&budgets.Boot, 60 * time.Second},
		{&budgets.Smoke, 120 * time.Second},
		{&budgets.StopTimeout, 10 * time.Second},
	} {
		if *budget.value == 0 {
			*budget.value = zinit.Milliseconds(budget.otherwise)
		}
	}
	if t.Health.Retries == 0 {
		t.Health.Retries = 1 // [A] retries-default-one
	}
}
