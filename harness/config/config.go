// Package config holds what a run was asked for, and where it writes. hero_chaos parses it once and hands it to the suites.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
)

// Variable is the environment variable by which hero_chaos tells the suites what to run.
const Variable = "HERO_CHAOS_RUN"

// Config holds what a run was asked for. Its JSON form is handed to the suites in Variable.
type Config struct {
	// Target is the target file's path.
	Target string `json:"target"`
	// Image replaces the target's image, Container attaches to a running container instead of starting one.
	Image     string `json:"image,omitempty"`
	Container string `json:"container,omitempty"`
	// AllowDestructive does to Container what may leave damage behind, too.
	AllowDestructive bool `json:"allow_destructive,omitempty"`
	// Mutant breaks an image of ours on purpose, or makes it odd in a way that is no fault of its.
	Mutant string `json:"mutant,omitempty"`
	// Choices selects, in an image of ours, alternatives of what the contract leaves open.
	Choices string `json:"choices,omitempty"`
	// UpgradeFrom is the image on whose data the tested image has to start; empty if nobody asks that. Itself is the tested image.
	UpgradeFrom string `json:"upgrade_from,omitempty"`
	// Root is the folder of the module, in which a target's build command runs.
	Root string `json:"root"`
	// Agent is the agent's binary for the daemon's platform.
	Agent string `json:"agent,omitempty"`
	// Output is the folder of the record, the reports and the evidence.
	Output  string `json:"output"`
	Focus   string `json:"focus,omitempty"`
	Service string `json:"service,omitempty"`
	// Part is which of the specs that are selected otherwise this run asks; nil is all of them.
	Part *Part `json:"part,omitempty"`
	// Survey is a file: where it is named, the suites list in it what they would ask, and nothing is run.
	Survey  string `json:"survey,omitempty"`
	Profile string `json:"profile"`
	Seed    int64  `json:"seed"`
	Procs   int    `json:"procs"`
	// Sandboxes list the demand for each sandbox beside the main one. The list is empty if nobody has listed the specs.
	Sandboxes []admission.Demand `json:"sandboxes,omitempty"`
	// SandboxOrder limits how many of these exist at once; 0 allows as many as the Docker host bears.
	SandboxOrder admission.Order `json:"sandbox_order,omitempty"`
	// RunLimit is how long the run may take; 0 is the runner's default. What is known then is judged.
	RunLimit time.Duration `json:"run_limit_ns,omitempty"`
	// Samples is how often a victim's ending is repeated, each time on a victim of its own; 0 is once.
	Samples int    `json:"samples,omitempty"`
	Version string `json:"version,omitempty"`
	// PolicySHA256 is the hash of the policy that the run will be judged by.
	PolicySHA256 string `json:"policy_sha256,omitempty"`
	// ParentPipe is the descriptor of a pipe that ends when hero_chaos does, however it ends; 0 is none.
	ParentPipe int `json:"parent_pipe,omitempty"`
	// Progress is the file in which the run's processes announce what they do; empty where nobody follows it.
	Progress string `json:"progress,omitempty"`
}

// Itself stands for the tested image, without what breaks it on purpose, as the image that it is upgraded from.
const Itself = "itself"

// Default returns the configuration of the embedded target, in the checkout or distribution that the working directory or this
// program lies in.
func Default() (Config, error) {
	root, err := moduleRoot()
	if err != nil {
		return Config{}, err
	}
	return Config{
		Target: filepath.Join(root, "fixtures", "targets", "embedded.yaml"),
		Root:   root, Output: filepath.Join(root, "reports", "out"), Profile: Quick, Seed: 1, Procs: 1,
	}, nil
}

// FromEnvironment returns the configuration that hero_chaos handed over, or Default if the suites are run by hand.
func FromEnvironment() (Config, error) {
	text := os.Getenv(Variable)
	if text == "" {
		return Default()
	}
	var configuration Config
	if err := json.Unmarshal([]byte(text), &configuration); err != nil {
		return configuration, fmt.Errorf("read $%s: %w", Variable, err)
	}
	return configuration, nil
}

// The profiles (suites/contract/experiments.md#profiles).
const (
	// Quick proves the engine on victims whose policies are scaled down.
	Quick = "quick"
	// Faithful adds what the shipped numbers promise. Only its record can be promoted.
	Faithful = "faithful"
)

// ProgressPath returns the file in which a run announces what it does.
func (c Config) ProgressPath() string { return filepath.Join(c.Output, "progress.jsonl") }

// RecordPath returns the file of the run's record.
func (c Config) RecordPath() string { return filepath.Join(c.Output, "record.json") }

// moduleRoot finds the checkout or distribution above the working directory, else above this program.
func moduleRoot() (string, error) {
	var places []string
	if directory, err := os.Getwd(); err == nil {
		places = append(places, directory)
	}
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Dir(self))
	}
	for _, directory := range places {
		for parent := filepath.Dir(directory); ; directory, parent = parent, filepath.Dir(parent) {
			if _, err := os.Stat(filepath.Join(directory, "fixtures", "targets")); err == nil {
				return directory, nil
			}
			if parent == directory {
				break
			}
		}
	}
	return "", errors.New("find fixtures/targets: it is above neither the working directory nor this program: run this inside a checkout or a distribution of hero_chaos")
}

// programPath finds the running program.
var programPath = os.Executable

// ProgramRoot returns the checkout or distribution that this program was built into. It looks nowhere else: anybody may have prepared
// the working directory.
func ProgramRoot() (string, error) {
	self, err := programPath()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	folder := filepath.Dir(self)
	if filepath.Base(folder) == binFolder {
		folder = filepath.Dir(folder)
	}
	if _, err := os.Stat(filepath.Join(folder, "fixtures", "targets")); err != nil {
		return "", fmt.Errorf("%s is no checkout or distribution of hero_chaos", folder)
	}
	return folder, nil
}

// binFolder is the folder of a checkout that `make build` puts the programs into. Those of a distribution lie in its root.
const binFolder = "bin"

// The folders inside the output folder.
const (
	EvidenceFolder = record.EvidenceFolder
	ShardsFolder   = "shards"   // the parts of a merged record (record.ShardFolder)
	BaselineFolder = "baseline" // the run of the image that this one is compared with
)

// startErrorName is the file in which the suites tell hero_chaos why there is no session.
const startErrorName = "complaint.txt"

// WriteStartError tells hero_chaos why the session could not be opened.
func (c Config) WriteStartError(err error) {
	_ = os.MkdirAll(c.Output, 0o750)
	_ = os.WriteFile(filepath.Join(c.Output, startErrorName), []byte(strings.ReplaceAll(err.Error(), "\n", "; ")), 0o600)
}

// StartError returns what WriteStartError wrote; empty if the session was opened.
func (c Config) StartError() string {
	text, _ := os.ReadFile(filepath.Join(c.Output, startErrorName)) //nolint:gosec // named by whoever runs us
	return string(text)
}
