package advice_test

import (
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
)

func example() *record.Record {
	all := strings.Join(advice.Values(), "} {")
	return &record.Record{Run: record.Run{
		Promises: []record.Promise{{ID: "a.b", Advice: record.Advice{Why: "{service}.", Cause: "{run-action}: {policy}.", Change: "{" + all + "}"}}},
		Services: []record.Service{{
			Name: "user.a", Policy: "20 attempts", Socket: "/a.sock", Retry: &record.RetryPolicy{Delay: int64(5 * time.Second), MaxDelay: int64(5 * time.Minute)},
			Check: &record.Check{Interval: int64(time.Minute)},
		}},
	}}
}

func TestAdviceIsAboutTheService(t *testing.T) {
	for service, want := range map[string]string{
		"user.a": "user.a. user.a.run: 20 attempts.", "": "the service. SERVICE.run: see `zinit status`.", "image": "the service. SERVICE.run: see `zinit status`.",
		"hero_chaos.x": "hero_chaos.x. hero_chaos.x.run: see `zinit status`.",
	} {
		found := advice.For(example(), "a.b", service)
		if got := found.Why + " " + found.Cause; got != want {
			t.Errorf("%q: %s, not %s", service, got, want)
		}
		if strings.ContainsAny(found.Change, "{}") {
			t.Errorf("%q: a value is not filled in: %s", service, found.Change)
		}
	}
	if change := advice.For(example(), "a.b", "user.a").Change; !strings.Contains(change, "5s") || !strings.Contains(change, "5m ") || !strings.Contains(change, "/a.sock") {
		t.Errorf("the values of the service are missing: %s", change)
	}
}

// TestNoCommandComesOutOfAFile checks that the advice of a record gives way to that of the program.
func TestNoCommandComesOutOfAFile(t *testing.T) {
	fresh := advice.Refresh(example(), []record.Promise{{ID: "a.b", Advice: record.Advice{Change: "ours"}}})
	if found := advice.For(fresh, "a.b", ""); found.Change != "ours" || found.Why != "" {
		t.Errorf("%+v", found)
	}
	if found := advice.For(advice.Refresh(example(), nil), "a.b", ""); found != (record.Advice{}) {
		t.Errorf("of a promise that the program does not know: %+v", found)
	}
}
