package verdict_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// policyText is a policy with every member.
const policyText = `# what decides
max_age: 24h
allowed_slowdown: 12.5%
minimum_samples:
  restart.sigterm: 28
severities:
  - {promise: restart.recorded, severity: blocking, reason: we read it}
waivers:
  - promise: restart.sigterm
    service: user.hero_books_server
    owner: Ada
    reason: issue 12
    expires: 2026-12-31
limits: {tolerance: 250ms, restart: 5s, serving: 10s, stop_timeout: 10s, health: 90s}
`

// limits are those of the policy.
func limits() verdict.Limits {
	return verdict.Limits{
		ToleranceLimit: 250 * time.Millisecond, RestartLimit: 5 * time.Second, ServingLimit: 10 * time.Second, StopTimeout: 10 * time.Second, HealthLimit: 90 * time.Second,
	}
}

func ids() []string { return []string{"restart.sigterm", "restart.recorded"} }

func load(t testing.TB, text string) (verdict.Policy, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	policy, err := verdict.LoadPolicy(path, ids())
	if err != nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n")) {
		t.Errorf("%q does not name %s in one line", err, path)
	}
	return policy, err
}

func TestLoadPolicy(t *testing.T) {
	policy, err := load(t, policyText)
	if err != nil {
		t.Fatal(err)
	}
	if policy.AgeLimit != 24*time.Hour || policy.AllowedSlowdown != 0.125 || policy.MinimumSamples["restart.sigterm"] != 28 ||
		policy.Severities[0].Severity != verdict.Blocking || policy.Waivers[0].Owner != "Ada" || len(policy.SHA256) != 64 || policy.Limits != limits() {
		t.Errorf("%+v", policy)
	}
	other, err := load(t, policyText+"# a word more\n")
	if err != nil || other.SHA256 == policy.SHA256 {
		t.Errorf("another file has the same hash, or: %v", err)
	}
}

func TestWaiverIsExpired(t *testing.T) {
	day := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	for text, expired := range map[string]bool{"2026-12-31": false, "2026-12-30": true, "": true, "31.12.2026": true} {
		if (verdict.Waiver{Expires: text}).IsExpired(day.Add(24*time.Hour-time.Second)) != expired {
			t.Errorf("%q: want %t", text, expired)
		}
	}
	if !(verdict.Waiver{Expires: "2026-12-31"}).IsExpired(day.AddDate(0, 0, 1)) {
		t.Error("it still excuses on the day after")
	}
}

func TestLoadPolicyRefuses(t *testing.T) {
	for wrong, c := range map[string]struct{ old, with, want string }{
		"no YAML":             {"max_age:", "max_age: [", ":3:1: "},
		"nothing":             {policyText, "", "must hold exactly one"},
		"only a comment":      {policyText, "# later\n", "must hold exactly one"},
		"two documents":       {policyText, policyText + "---\n" + policyText, "must hold exactly one"},
		"a list":              {policyText, "- max_age: 24h\n", ":1:"},
		"an unknown member":   {"minimum_samples", "minimum_sample", `:4:1: unknown field "minimum_sample": did you mean "minimum_samples"?`},
		"a member twice":      {"# what decides\n", "max_age: 90000h\n", ":2:1: "},
		"no age":              {"max_age: 24h\n", "", `: max_age is ""`},
		"an age without unit": {"24h", "24", `:2:10: max_age is "24"`},
		"a negative age":      {"24h", "-24h", `:2:10: max_age is "-24h"`},
		"no slowdown":         {"allowed_slowdown: 12.5%\n", "", `allowed_slowdown is ""`},
		"not in percent":      {"12.5%", "0.125", `:3:19: allowed_slowdown is "0.125"`},
		"NaN percent":         {"12.5%", "NaN%", `:3:19: allowed_slowdown is "NaN%"`},
		"too many percent":    {"12.5%", "101%", `:3:19: allowed_slowdown is "101%"`},
		"another's samples":   {"restart.sigterm: 28", "restart.sigtern: 28", `:5:20: unknown promise "restart.sigtern": did you mean`},
		"no limits":           {policyText[strings.Index(policyText, "limits:"):], "", `limits.tolerance is ""`},
		"a limit without":     {", serving: 10s", "", `limits.serving is ""`},
		"no limit at all":     {"restart: 5s", "restart: 0s", `:14:37: limits.restart is "0s"`},
		"a limit of days":     {"health: 90s", "health: 48h", `limits.health is "48h"`},
		"an unknown limit":    {"health: 90s", "helth: 90s", `unknown field "helth": did you mean "health"?`},
		"no samples":          {"restart.sigterm: 28", "restart.sigterm: 0", `:5:20: minimum_samples is "0"`},
		"half a sample":       {"restart.sigterm: 28", "restart.sigterm: 2.5", `:5:20: minimum_samples is "2.5"`},
		"another promise":     {"promise: restart.recorded", "promise: restart.record", `:7:15: unknown promise "restart.record": did you mean "restart.recorded"?`},
		"another severity":    {"severity: blocking", "severity: fatal", `:7:43: the severity is "fatal"`},
		"no reason":           {"reason: we read it", "reason: ' '", "without a reason"},
		"a severity twice":    {"waivers:", "  - {promise: restart.recorded, severity: advisory, reason: no}\nwaivers:", ":8:15: restart.recorded has two severities"},
		"no owner":            {"    owner: Ada\n", "", "has no owner"},
		"a blank reason":      {"reason: issue 12", "reason:", "or no reason"},
		"no end":              {"    expires: 2026-12-31\n", "", `expires is ""`},
		"no day":              {"2026-12-31", "2026-02-30", `:13:14: expires is "2026-02-30"`},
		"forever":             {"2026-12-31", "never", `expires is "never"`},
		"a waiver twice":      {policyText, strings.Replace(policyText, "limits:", policyText[strings.Index(policyText, "  - promise"):strings.Index(policyText, "limits:")]+"limits:", 1), ":14:14: restart.sigterm user.hero_books_server has two waivers"},
		"too long":            {policyText, policyText + strings.Repeat("#", 1<<16), "more than 65536 bytes"},
	} {
		t.Run(wrong, func(t *testing.T) {
			if _, err := load(t, strings.Replace(policyText, c.old, c.with, 1)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := verdict.LoadPolicy(filepath.Join(t.TempDir(), "none.yaml"), ids()); err == nil {
		t.Error("a missing file was accepted")
	}
}

func FuzzLoadPolicy(f *testing.F) {
	f.Add(policyText)
	f.Add("max_age: 1h\nallowed_slowdown: 0%\nlimits: {tolerance: 1s, restart: 1s, serving: 1s, stop_timeout: 1s, health: 1s}")
	f.Add("a: &a [*a]\nwaivers: *a")
	f.Fuzz(func(t *testing.T, text string) {
		policy, err := load(t, text)
		if err != nil {
			return
		}
		for _, waiver := range policy.Waivers {
			if waiver.Owner == "" || waiver.Reason == "" || waiver.IsExpired(time.Time{}) {
				t.Errorf("%+v excuses", waiver)
			}
		}
		if policy.AgeLimit <= 0 || !(policy.AllowedSlowdown >= 0 && policy.AllowedSlowdown <= 1) {
			t.Errorf("%+v", policy)
		}
	})
}
