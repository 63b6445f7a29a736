package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// mostPolicyBytes is more than anybody writes by hand.
const mostPolicyBytes = 1 << 16

// policyFile is a policy in the form of its file.
type policyFile struct {
	Severities      []Severity        `yaml:"severities"`
	Waivers         []Waiver          `yaml:"waivers"`
	MinimumSamples  map[string]string `yaml:"minimum_samples"` // the library would round a number
	MaxAge          string            `yaml:"max_age"`
	AllowedSlowdown string            `yaml:"allowed_slowdown"`
	Limits          limitsFile        `yaml:"limits"`

	ids []string // of all promises
}

// limitsFile are the limits in the form of the file.
type limitsFile struct {
	Tolerance   string `yaml:"tolerance"`
	Restart     string `yaml:"restart"`
	Serving     string `yaml:"serving"`
	StopTimeout string `yaml:"stop_timeout"`
	Health      string `yaml:"health"`
}

// problem is an error at a place in the file, which a YAML path names.
type problem struct{ at, text string }

func newProblem(at, format string, args ...any) *problem {
	return &problem{at, fmt.Sprintf(format, args...)}
}

// LoadPolicy reads a policy file and checks all of it. promises are the ids that it may name. An error is one line that
// begins with file:line:column, if that is known.
func LoadPolicy(path string, promises []string) (Policy, error) {
	data, err := regular.Read(path, mostPolicyBytes)
	if err != nil {
		return Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	read := policyFile{ids: promises}
	tree, err := yamlfile.Parse(path, data, &read, policyKeys())
	if err != nil {
		return Policy{}, err
	}
	policy, found := read.check()
	if found != nil {
		return Policy{}, fmt.Errorf("%s%s: %s", path, yamlfile.Position(tree, found.at), yamlfile.OneLine(found.text))
	}
	sum := sha256.Sum256(data)
	policy.SHA256, policy.Path = hex.EncodeToString(sum[:]), path
	return policy, nil
}

// check returns the policy, or the first problem of the file.
func (f policyFile) check() (Policy, *problem) {
	for _, check := range []func() *problem{f.checkSeverities, f.checkWaivers} {
		if found := check(); found != nil {
			return Policy{}, found
		}
	}
	samples, found := f.checkSamples()
	if found != nil {
		return Policy{}, found
	}
	age, err := time.ParseDuration(f.MaxAge)
	if err != nil || age < time.Minute {
		return Policy{}, newProblem("$.max_age", "max_age is %q: it must be a duration of at least 1m, such as 24h", f.MaxAge)
	}
	slowdown, ok := parsePercent(f.AllowedSlowdown)
	if !ok {
		return Policy{}, newProblem("$.allowed_slowdown", "allowed_slowdown is %q: it must be a percentage up to 100%%, such as 10%%", f.AllowedSlowdown)
	}
	limits, found := f.Limits.check()
	if found != nil {
		return Policy{}, found
	}
	return Policy{
		Limits:     limits,
		Severities: f.Severities, Waivers: f.Waivers, MinimumSamples: samples, AgeLimit: age, AllowedSlowdown: slowdown,
	}, nil
}

// check returns the limits as durations.
func (f limitsFile) check() (limits Limits, found *problem) {
	for _, limit := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"tolerance", f.Tolerance, &limits.ToleranceLimit},
		{"restart", f.Restart, &limits.RestartLimit},
		{"serving", f.Serving, &limits.ServingLimit},
		{"stop_timeout", f.StopTimeout, &limits.StopTimeout},
		{"health", f.Health, &limits.HealthLimit},
	} {
		duration, err := time.ParseDuration(limit.text)
		if err != nil || duration <= 0 || duration > time.Hour {
			return limits, newProblem("$.limits."+limit.name, "limits.%s is %q: it must be a duration of at most 1h, such as 5s", limit.name, limit.text)
		}
		*limit.into = duration
	}
	return limits, nil
}

// parsePercent reads "10%" as 0.1.
func parsePercent(text string) (float64, bool) {
	number, percent := strings.CutSuffix(text, "%")
	if !percent || !regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3})?$`).MatchString(number) {
		return 0, false
	}
	value, err := strconv.ParseFloat(number, 64)
	return value / 100, err == nil && value <= 100
}

func (f policyFile) checkSeverities() *problem {
	seen := map[string]bool{}
	for i, severity := range f.Severities {
		at := fmt.Sprintf("$.severities[%d]", i)
		if found := f.checkPromise(at+".promise", severity.Promise); found != nil {
			return found
		}
		switch {
		case seen[severity.Promise]:
			return newProblem(at+".promise", "%s has two severities: remove one", severity.Promise)
		case severity.Severity != Blocking && severity.Severity != Advising:
			return newProblem(at+".severity", "the severity is %q: it must be %s or %s", severity.Severity, Blocking, Advising)
		case strings.TrimSpace(severity.Reason) == "":
			return newProblem(at, "%s is %s without a reason: add one", severity.Promise, severity.Severity)
		}
		seen[severity.Promise] = true
	}
	return nil
}

func (f policyFile) checkWaivers() *problem {
	seen := map[[2]string]bool{}
	for i, waiver := range f.Waivers {
		at := fmt.Sprintf("$.waivers[%d]", i)
		if found := f.checkPromise(at+".promise", waiver.Promise); found != nil {
			return found
		}
		key := [2]string{waiver.Promise, waiver.Service}
		if seen[key] {
			return newProblem(at+".promise", "%s has two waivers: remove one", strings.TrimSpace(waiver.Promise+" "+waiver.Service))
		}
		seen[key] = true
		if strings.TrimSpace(waiver.Owner) == "" || strings.TrimSpace(waiver.Reason) == "" {
			return newProblem(at, "the waiver of %s has no owner or no reason: add both", waiver.Promise)
		}
		if _, err := time.Parse(time.DateOnly, waiver.Expires); err != nil {
			return newProblem(at+".expires", "expires is %q: it must be the last day of the waiver, such as 2026-12-31", waiver.Expires)
		}
	}
	return nil
}

// checkSamples returns the minimum samples as numbers.
func (f policyFile) checkSamples() (map[string]int, *problem) {
	samples := map[string]int{}
	for _, promise := range slices.Sorted(maps.Keys(f.MinimumSamples)) {
		at := "$.minimum_samples.'" + promise + "'"
		if found := f.checkPromise(at, promise); found != nil {
			return nil, found
		}
		count, err := strconv.Atoi(f.MinimumSamples[promise])
		if err != nil || count < 1 {
			return nil, newProblem(at, "minimum_samples is %q for %s: it must be a whole number, 1 or more", f.MinimumSamples[promise], promise)
		}
		samples[promise] = count
	}
	return samples, nil
}

func (f policyFile) checkPromise(at, id string) *problem {
	if !slices.Contains(f.ids, id) {
		return newProblem(at, "unknown promise %q%s", id, yamlfile.Meant(id, f.ids))
	}
	return nil
}

// policyKeys returns all members that a policy file may have, at any depth.
func policyKeys() []string {
	return []string{
		"severities", "waivers", "minimum_samples", "max_age", "allowed_slowdown", "limits",
		"tolerance", "restart", "serving", "stop_timeout", "health",
		"promise", "severity", "reason", "service", "owner", "expires",
	}
}
