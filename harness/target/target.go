// Package target reads target files: an image under test and what is expected of it, written by a person.
package target

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// All stands for every assumption in Target.Confirmed.
const All = "all"

// Target is an image and what is expected of it. fixtures/targets/target.schema.json describes it for editors.
type Target struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`

	Image     Image     `yaml:"image"`
	Container Container `yaml:"container"`
	Zinit     Zinit     `yaml:"zinit"`
	// Confirmed lists the ids of the assumptions that this image is known to meet, or is "all". A promise that rests on another
	// never holds the image back.
	Confirmed []string `yaml:"confirmed"`

	// Policy is the retry policy of every service without a policy of its own.
	Policy  zinit.RetryPolicy `yaml:"policy"`
	Health  Health            `yaml:"health"`
	Budgets Budgets           `yaml:"budgets"`
	// Services are the shipped services that are known by name. There may be more.
	Services  []Service `yaml:"services"`
	Inventory Inventory `yaml:"inventory"`
	Smoke     []Smoke   `yaml:"smoke"`
	// Environments are the base URLs of places where the image already runs, by name.
	Environments map[string]string `yaml:"environments"`

	sum string // of the file
}

// SHA256 returns the hash of the target's file, in hexadecimal; empty if it was not read from one.
func (t *Target) SHA256() string { return t.sum }

// Image is the origin of the image. Either its reference or its build command is set.
type Image struct {
	Reference string `yaml:"reference"` // as docker run takes it
	// Build is a command that runs in the root of this module. The last line of its standard output is the image's reference.
	Build []string `yaml:"build"`
	// Archive is the path of the built image as a file for `docker load`, below the root. A distribution has it in place of the
	// sources. If it exists, it is loaded and nothing is built.
	Archive string `yaml:"archive"`
	// Mutant is the environment variable that selects a mutant of a built image, empty if it has none.
	Mutant string `yaml:"mutant"`
	// Choices is the environment variable that selects what the contract leaves to a supervisor, empty if it has none.
	Choices string `yaml:"choices"`
}

// Container is the configuration of the container.
type Container struct {
	Port        int `yaml:"port"`         // in the container; 0: nothing is published
	PublishPort int `yaml:"publish_port"` // on the host; 0: any that is free
	// Ports are the TCP and UDP ports at which the image may be reached besides those of its services.
	Ports []int             `yaml:"ports"`
	Data  string            `yaml:"data"` // the mount point of a volume; empty: no volume
	Env   map[string]string `yaml:"env"`
	// Secrets are names of variables that are passed on from the environment of the harness if they are set there. No file holds
	// their values.
	Secrets []string `yaml:"secrets"`
	// Capabilities are those that the container gets besides Docker's own, by the names of capabilities(7) without CAP_.
	Capabilities []string `yaml:"capabilities"`
}

// SecretValues returns the values of the secrets that are set, by name.
func (c Container) SecretValues() map[string]string {
	values := map[string]string{}
	for _, name := range c.Secrets {
		values[name] = os.Getenv(name)
	}
	return values
}

// Zinit is the way to the supervisor.
type Zinit struct {
	// Sockets are the paths to try for zinit's socket, in place of zinit.SocketCandidates.
	Sockets []string `yaml:"sockets"`
	// Dialect is the part of its RPC's spelling that a person or discover has written, nil if none. What is missing is learned.
	Dialect *dialect.Dialect `yaml:"dialect"`
}

// Health is the schedule of the shipped health checks (suites/contract/hero_zero.md#supervision).
type Health struct {
	Interval    zinit.Milliseconds `yaml:"interval"`     // from one start to the next
	Timeout     zinit.Milliseconds `yaml:"timeout"`      // a longer run counts as failed
	StartPeriod zinit.Milliseconds `yaml:"start_period"` // from a start of the process to the first run
	Retries     int                `yaml:"retries"`      // failures in a row that trigger a restart
}

// Budgets are the outer limits of the shipped services. setDefaults fills in what a file leaves out.
type Budgets struct {
	// Restart is the longest time from an exit to the new process (suites/contract/hero_zero.md#supervision).
	Restart zinit.Milliseconds `yaml:"restart"`
	// Serving is the longest time from an exit to the first correct reply (suites/contract/hero_zero.md#supervision).
	Serving zinit.Milliseconds `yaml:"serving"`
	// Tolerance is the amount by which both may be exceeded (suites/contract/experiments.md#budgets).
	Tolerance zinit.Milliseconds `yaml:"tolerance"`
	// Boot is the longest time until all services are Running: [A] boot-within-60s.
	Boot zinit.Milliseconds `yaml:"boot"`
	// Smoke is the longest time until the smoke paths answer: [A] smoke-within-120s.
	Smoke zinit.Milliseconds `yaml:"smoke"`
	// StopTimeout is the longest time from a signal to the exit. The default is that of docker stop.
	StopTimeout zinit.Milliseconds `yaml:"stop_timeout"`
}

// Service is a service that the image ships. It is probed at its socket or its port.
type Service struct {
	Name   string `yaml:"name"`
	Socket string `yaml:"socket"` // a path in the container; JSON-RPC server.health
	Port   int    `yaml:"port"`   // in the container; HTTP
	Health string `yaml:"health"` // with a port: the path that answers 200
	// Oneshot services run once and are never restarted. They have neither socket nor port.
	Oneshot  bool               `yaml:"oneshot"`
	Policy   *zinit.RetryPolicy `yaml:"policy"` // in place of the target's
	Requires []string           `yaml:"requires"`
}

// Inventory is the number of services and actions of the image, 0 if it is not known.
type Inventory struct {
	Services int `yaml:"services"`
	Actions  int `yaml:"actions"` // of the kinds run and health
}

// Smoke is a path of the published port and its expected HTTP status.
type Smoke struct {
	Path   string `yaml:"path"`
	Status int    `yaml:"status"`
}

// Restartable returns the services that zinit has to restart: all but the oneshots (suites/contract/zinit-0.4.md#restart).
func (t *Target) Restartable() []Service {
	return slices.DeleteFunc(slices.Clone(t.Services), func(s Service) bool { return s.Oneshot })
}

// BaseURL returns the URL of an environment, without a slash at its end. The error for an unknown name suggests a known one.
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

// PolicyOf returns a service's own retry policy or, without one, the target's.
func (t *Target) PolicyOf(service Service) zinit.RetryPolicy {
	if service.Policy != nil {
		return *service.Policy
	}
	return t.Policy
}

// Confirms reports whether the image is known to meet the assumption.
func (t *Target) Confirms(assumption string) bool {
	return slices.Contains(t.Confirmed, All) || slices.Contains(t.Confirmed, assumption)
}

// setDefaults fills in what the file leaves out.
func (t *Target) setDefaults() {
	budgets := &t.Budgets
	for _, budget := range []struct {
		value    *zinit.Milliseconds
		fallback time.Duration
	}{
		{&budgets.Restart, 5 * time.Second},
		{&budgets.Serving, 10 * time.Second},
		{&budgets.Tolerance, 250 * time.Millisecond},
		{&budgets.Boot, 60 * time.Second},
		{&budgets.Smoke, 120 * time.Second},
		{&budgets.StopTimeout, 10 * time.Second},
	} {
		if *budget.value == 0 {
			*budget.value = zinit.Milliseconds(budget.fallback)
		}
	}
	if t.Health.Retries == 0 {
		t.Health.Retries = 1 // [A] retries-default-one
	}
}
