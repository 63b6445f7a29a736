package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
)

// largestPolicy is in bytes: nobody writes a longer one by hand.
const largestPolicy = 1 << 16

// policyFile is a policy as it is written.
type policyFile struct {
	Severities      []Severity        `yaml:"severities"`
	Waivers         []Waiver          `yaml:"waivers"`
	MinimumSamples  map[string]string `yaml:"minimum_samples"` // the library would round a number
	MaxAge          string            `yaml:"max_age"`
	AllowedSlowdown string            `yaml:"allowed_slowdown"`

	ids []string // of the promises that there are
}

// problem is what is wrong at a place in the file, which a YAML path names.
type problem struct{ at, text string }

func wrong(at, format string, args ...any) *problem {
	return &problem{at, fmt.Sprintf(format, args...)}
}

// LoadPolicy reads a policy file and checks all of it; promises are the ids that it may name. An error is one line that
// begins with file:line:column, where that is known.
func LoadPolicy(path string, promises []string) (Policy, error) {
	file, err := os.Open(path) //nolint:gosec // to read the file that was named is the purpose
	if err != nil {
		return Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, largestPolicy+1))
	if err != nil {
		return Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	if len(data) > largestPolicy {
		return Policy{}, fmt.Errorf("read the policy: %s has more than %d bytes", path, largestPolicy)
	}
	return parsePolicy(path, data, promises)
}

func parsePolicy(path string, data []byte, promises []string) (policy Policy, err error) {
	// The YAML library has been seen to panic at nonsense; the file is at fault all the same.
	defer func() {
		if panicked := recover(); panicked != nil {
			policy, err = Policy{}, fmt.Errorf("%s: it is no YAML that can be read: %s", path, yamlfile.OneLine(fmt.Sprint(panicked)))
		}
	}()
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return Policy{}, yamlfile.Located(path, err, policyKeys())
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return Policy{}, fmt.Errorf("%s: it holds no policy, or more than one", path)
	}
	read := policyFile{ids: promises}
	if err := yaml.UnmarshalWithOptions(data, &read, yaml.Strict()); err != nil {
		return Policy{}, yamlfile.Located(path, err, policyKeys())
	}
	policy, found := read.policy()
	if found != nil {
		return Policy{}, fmt.Errorf("%s%s: %s", path, yamlfile.Position(tree, found.at), yamlfile.OneLine(found.text))
	}
	sum := sha256.Sum256(data)
	policy.SHA256 = hex.EncodeToString(sum[:])
	return policy, nil
}

// policy returns what was written, or the first thing that is wrong with it.
func (f policyFile) policy() (Policy, *problem) {
	for _, check := range []func() *problem{f.checkSeverities, f.checkWaivers} {
		if found := check(); found != nil {
			return Policy{}, found
		}
	}
	samples, found := f.samples()
	if found != nil {
		return Policy{}, found
	}
	age, err := time.ParseDuration(f.MaxAge)
	if err != nil || age < time.Minute {
		return Policy{}, wrong("$.max_age", "the max_age is %q: give how old a record may be, such as 24h, at least 1m", f.MaxAge)
	}
	slowdown, ok := share(f.AllowedSlowdown)
	if !ok {
		return Policy{}, wrong("$.allowed_slowdown", "the allowed_slowdown is %q: give a part in percent, such as 10%%, at most 100%%", f.AllowedSlowdown)
	}
	return Policy{
		Severities: f.Severities, Waivers: f.Waivers, MinimumSamples: samples, MaxAge: age, AllowedSlowdown: slowdown,
	}, nil
}

// share reads "10%" as 0.1.
func share(text string) (float64, bool) {
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
			return wrong(at+".promise", "%s has a severity already", severity.Promise)
		case severity.Severity != Blocking && severity.Severity != Advising:
			return wrong(at+".severity", "the severity is %q: it is %s or %s", severity.Severity, Blocking, Advising)
		case strings.TrimSpace(severity.Reason) == "":
			return wrong(at, "give a reason why %s is %s", severity.Promise, severity.Severity)
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
			return wrong(at+".promise", "%s is waived already", strings.TrimSpace(waiver.Promise+" "+waiver.Service))
		}
		seen[key] = true
		if strings.TrimSpace(waiver.Owner) == "" || strings.TrimSpace(waiver.Reason) == "" {
			return wrong(at, "a waiver has an owner, who answers for it, and a reason")
		}
		if _, err := time.Parse(time.DateOnly, waiver.Expires); err != nil {
			return wrong(at+".expires", "a waiver expires, and %q is no day: give its last one, such as 2026-12-31", waiver.Expires)
		}
	}
	return nil
}

func (f policyFile) samples() (map[string]int, *problem) {
	samples := map[string]int{}
	for _, promise := range slices.Sorted(maps.Keys(f.MinimumSamples)) {
		at := "$.minimum_samples.'" + promise + "'"
		if found := f.checkPromise(at, promise); found != nil {
			return nil, found
		}
		count, err := strconv.Atoi(f.MinimumSamples[promise])
		if err != nil || count < 1 {
			return nil, wrong(at, "%q samples of %s: give how many there are at least, 1 or more", f.MinimumSamples[promise], promise)
		}
		samples[promise] = count
	}
	return samples, nil
}

func (f policyFile) checkPromise(at, id string) *problem {
	if !slices.Contains(f.ids, id) {
		return wrong(at, "there is no promise %q%s", id, yamlfile.Meant(id, f.ids))
	}
	return nil
}

// policyKeys are all that a policy file may hold, at any depth.
func policyKeys() []string {
	return []string{
		"severities", "waivers", "minimum_samples", "max_age", "allowed_slowdown",
		"promise", "severity", "reason", "service", "owner", "expires",
	}
}
