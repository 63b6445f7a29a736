// Package advice fills the advice of a promise with values of the image that was tested.
package advice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
)

// Refresh returns the record with the advice of the judging program in place of its own: what a person is told to type does not come
// out of a file.
func Refresh(r *record.Record, known []record.Promise) *record.Record {
	fresh := *r
	fresh.Run.Promises = slices.Clone(r.Run.Promises)
	for i, promise := range fresh.Run.Promises {
		fresh.Run.Promises[i].Advice = record.Advice{}
		if at := slices.IndexFunc(known, func(p record.Promise) bool { return p.ID == promise.ID }); at >= 0 {
			fresh.Run.Promises[i].Advice = known[at].Advice
		}
	}
	return &fresh
}

// For returns the advice of a promise for a failure on a service, with the values of that service. An empty service stands for the target
// as a whole.
func For(r *record.Record, promise, service string) record.Advice {
	found := record.Advice{}
	if i := slices.IndexFunc(r.Run.Promises, func(p record.Promise) bool { return p.ID == promise }); i >= 0 {
		found = r.Run.Promises[i].Advice
	}
	fill := newFiller(r.Run, service)
	return record.Advice{Why: fill.Replace(found.Why), Cause: fill.Replace(found.Cause), Change: fill.Replace(found.Change)}
}

// Lines returns what to do about a failed result, each line with its key: why it matters, what usually causes it, what to change, what was
// tried, and the command that repeats it.
func Lines(r *record.Record, result record.Result) (lines [][2]string) {
	found := For(r, result.Promise, result.Service)
	for _, line := range [][2]string{
		{"why", found.Why},
		{"cause", found.Cause},
		{"change", found.Change},
		{"tried", result.Remedy},
		{"again", repeat.Of(r.Run).On(result.Promise, result.Service).String()},
	} {
		if line[1] != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Values names every value that an advice can have in braces.
func Values() []string {
	return []string{
		"service", "policy", "run-action", "health-action", "delay", "backoff", "max-delay", "max-attempts", "stability-period", "interval", "timeout", "start-period",
		"retries", "endpoint", "stop-timeout", "restart-limit", "serving-limit",
	}
}

const (
	// victimPrefix begins the names of services of hero_chaos itself.
	victimPrefix = "hero_chaos."
	// unknown stands for a value that the record does not have.
	unknown = "as in its definition"
)

// newFiller returns the replacer of names in braces by values. A value that the record does not have is said in words.
func newFiller(run record.Run, name string) *strings.Replacer {
	service := record.Service{}
	if i := slices.IndexFunc(run.Services, func(s record.Service) bool { return s.Name == name }); i >= 0 {
		service = run.Services[i]
	} else if !strings.HasPrefix(name, victimPrefix) {
		name = "" // not a service, but a part of the image
	}
	values := map[string]string{
		"service":    cmp.Or(name, "the service"),
		"run-action": cmp.Or(name, "SERVICE") + ".run", "health-action": cmp.Or(name, "SERVICE") + ".health",
		"endpoint": "its socket or port", "policy": "see `zinit status`",
		"delay": unknown, "backoff": unknown, "max-delay": unknown,
		"max-attempts": unknown, "stability-period": unknown,
		"interval": unknown, "timeout": unknown, "start-period": unknown, "retries": unknown,
		"stop-timeout": "the stop timeout", "restart-limit": "the limit", "serving-limit": "the limit",
	}
	if policy := service.Retry; policy != nil {
		values["delay"], values["max-delay"] = nanoseconds(policy.Delay), nanoseconds(policy.MaxDelay)
		values["stability-period"], values["max-attempts"] = nanoseconds(policy.StabilityPeriod), fmt.Sprint(policy.MaxAttempts)
		values["backoff"] = cmp.Or(policy.Backoff, "none")
	}
	values["policy"] = cmp.Or(service.Policy, values["policy"])
	if check := service.Check; check != nil {
		values["interval"], values["timeout"] = nanoseconds(check.Interval), nanoseconds(check.Timeout)
		values["start-period"], values["retries"] = nanoseconds(check.StartPeriod), fmt.Sprint(check.Retries)
	}
	if limits := run.Limits; limits != nil {
		values["stop-timeout"], values["restart-limit"], values["serving-limit"] = nanoseconds(limits.StopTimeout), nanoseconds(limits.Restart), nanoseconds(limits.Serving)
	}
	switch {
	case service.Port != 0:
		values["endpoint"] = fmt.Sprintf("http://127.0.0.1:%d", service.Port)
	case service.Socket != "":
		values["endpoint"] = service.Socket
	}
	var pairs []string
	for _, name := range Values() {
		pairs = append(pairs, "{"+name+"}", values[name])
	}
	return strings.NewReplacer(pairs...)
}

// nanoseconds writes a time of a definition: "5s", "5m".
func nanoseconds(n int64) string {
	text := time.Duration(n).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return text
}
