package spec_test

import (
	"slices"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// TestEveryStateHasAnOutcome: only an expectation that was not met is a failure of the target, and only a
// spec that passed at once is a promise that held.
func TestEveryStateHasAnOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		state    types.SpecState
		attempts int
		message  string
		outcome  record.Outcome
		text     string // the reason, or the failure
	}{
		"passed":                   {types.SpecStatePassed, 1, "", record.Held, ""},
		"passed when retried":      {types.SpecStatePassed, 2, "", record.Inconclusive, "it held only when it was tried again"},
		"never tried":              {types.SpecStatePassed, 0, "", record.Inconclusive, "it held only when it was tried again"},
		"failed":                   {types.SpecStateFailed, 1, "x was not restarted\n  before pid 41", record.Failed, "x was not restarted\n  before pid 41"},
		"failed when retried":      {types.SpecStateFailed, 2, "no", record.Failed, "no"},
		"failed by a text of ours": {types.SpecStateFailed, 1, "the host stalled, so no", record.Failed, "the host stalled, so no"},
		"skipped otherwise":        {types.SpecStateSkipped, 0, "", record.NotRun, "it did not run: filtered out, pending, or the run ended before"},
		"skipped by a spec":        {types.SpecStateSkipped, 1, "not on Mondays\nsee there", record.NotRun, "it did not run: not on Mondays"},
		"pending":                  {types.SpecStatePending, 0, "", record.NotRun, "it did not run: filtered out, pending, or the run ended before"},
		"timed out":                {types.SpecStateTimedout, 1, "A node timeout occurred\nat", record.Inconclusive, "the spec timed out: A node timeout occurred"},
		"interrupted":              {types.SpecStateInterrupted, 1, "Interrupted by User", record.Inconclusive, "the spec was interrupted: Interrupted by User"},
		"aborted":                  {types.SpecStateAborted, 1, "no session", record.Inconclusive, "the spec was aborted: no session"},
		"panicked":                 {types.SpecStatePanicked, 1, "Test Panicked", record.Inconclusive, "the spec was panicked: Test Panicked"},
		"unknown":                  {types.SpecStateInvalid, 0, "", record.Inconclusive, "Ginkgo reports a state that hero_chaos does not know: "},
	} {
		t.Run(name, func(t *testing.T) {
			result, selected := spec.Result(&target.Target{}, types.SpecReport{
				State: c.state, NumAttempts: c.attempts, Failure: types.Failure{Message: c.message},
			})
			if !selected || result.Outcome != c.outcome || result.Why()+result.Failure != c.text {
				t.Errorf("selected %v, %s: %q%q", selected, result.Outcome, result.Why(), result.Failure)
			}
			if (result.Failure != "") != (result.Outcome == record.Failed) {
				t.Errorf("%s has the failure %q", result.Outcome, result.Failure)
			}
		})
	}
}

// skippedWith returns the report of a spec that was skipped with a report entry.
func skippedWith(entry any, message string) types.SpecReport {
	return types.SpecReport{
		State: types.SpecStateSkipped, NumAttempts: 1, Failure: types.Failure{Message: message},
		ReportEntries: types.ReportEntries{{Name: "cause", Value: types.WrapEntryValue(entry)}},
	}
}

// TestTheCauseDecidesAndNotTheWords: whatever the text is, the entry alone says what came of a spec.
func TestTheCauseDecidesAndNotTheWords(t *testing.T) {
	for cause, spoiled := range map[record.Cause]bool{
		record.HostStalled("the budget cannot be judged"):                    true,
		record.TooCoarse("the budget cannot be judged"):                      true,
		record.NotProved("the host stalled, so nobody knows"):                false,
		{Kind: record.CauseHarnessError, Detail: "observed too coarsely: x"}: false,
	} {
		for _, words := range []string{cause.Sentence(), "", "the host stalled, so that it is off", "not selected"} {
			result, selected := spec.Result(&target.Target{}, skippedWith(cause, words))
			if !selected || result.Outcome != record.Inconclusive || result.Cause == nil || *result.Cause != cause || result.Stalled != spoiled {
				t.Errorf("%+v with the words %q: %+v", cause, words, result)
			}
		}
	}
	if result, selected := spec.Result(&target.Target{}, types.SpecReport{
		State: types.SpecStateSkipped, NumAttempts: 1, Failure: types.Failure{Message: record.HostStalled("x").Sentence()},
	}); !selected || result.Outcome != record.NotRun || result.Stalled {
		t.Errorf("words without an entry: %+v", result)
	}
}

func TestASpecThatTimesOutNamesItsStep(t *testing.T) {
	result, _ := spec.Result(&target.Target{}, types.SpecReport{
		State: types.SpecStateTimedout, NumAttempts: 1, Failure: types.Failure{Message: "A node timeout occurred"},
		SpecEvents: types.SpecEvents{
			{SpecEventType: types.SpecEventByStart, Message: "open the sandbox main"},
			{SpecEventType: types.SpecEventByStart, Message: "wait until user.x serves"},
			{SpecEventType: types.SpecEventNodeEnd},
		},
	})
	if result.Cause == nil || result.Cause.Kind != record.CauseTimedOut || result.Cause.Step != "wait until user.x serves" {
		t.Errorf("%+v", result.Cause)
	}
	if want := `the spec timed out at the step "wait until user.x serves": A node timeout occurred`; result.Why() != want {
		t.Errorf("%q, not %q", result.Why(), want)
	}
}

func TestAResultSaysWhatItIsAbout(t *testing.T) {
	began := time.Now()
	result, _ := spec.Result(&target.Target{}, types.SpecReport{
		State: types.SpecStatePassed, NumAttempts: 1, StartTime: began, RunTime: time.Second,
		ContainerHierarchyTexts: []string{"a killed service"}, LeafNodeText: "comes back: user.x",
		ContainerHierarchyLabels: [][]string{spec.About(promise.RestartSIGKILL)},
		LeafNodeLabels:           slices.Concat([]string(spec.On("user.x")), spec.With(fault.SIGKILL)),
		ReportEntries: types.ReportEntries{
			{Name: "recovery", Value: types.WrapEntryValue("restart.sigkill/user.x#1.1")},
			{Name: "another", Value: types.WrapEntryValue("no recovery")},
			{Name: "recovery", Value: types.WrapEntryValue("restart.sigkill/user.x#1.2")},
		},
	})
	if result.Promise != promise.RestartSIGKILL || result.Theme != "restart" || result.Service != "user.x" || result.Fault != "SIGKILL" {
		t.Errorf("about %+v", result)
	}
	if result.Name != "a killed service comes back: user.x" || !result.Started.Equal(began) || result.Duration != int64(time.Second) {
		t.Errorf("named %+v", result)
	}
	if !slices.Equal(result.Recoveries, []string{"restart.sigkill/user.x#1.1", "restart.sigkill/user.x#1.2"}) {
		t.Errorf("recoveries %v", result.Recoveries)
	}
}

// TestAFailureThatRestsOnAnAssumptionIsDoubted: until the target confirms it.
func TestAFailureThatRestsOnAnAssumptionIsDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		promise   string
		confirmed []string
		outcome   record.Outcome
	}{
		"stated":                  {promise.RestartSIGTERM, nil, record.Failed},
		"assumed":                 {promise.BootRunning, nil, record.Inconclusive},
		"assumed, another is not": {promise.BootRunning, []string{"smoke-within-120s"}, record.Inconclusive},
		"confirmed":               {promise.BootRunning, []string{"boot-within-60s"}, record.Failed},
		"all confirmed":           {promise.BootRunning, []string{"all"}, record.Failed},
	} {
		result, _ := spec.Result(&target.Target{Confirmed: c.confirmed}, types.SpecReport{
			State: types.SpecStateFailed, NumAttempts: 1, Failure: types.Failure{Message: "no"},
			LeafNodeLabels: spec.About(c.promise),
		})
		if result.Outcome != c.outcome || (result.Cause != nil) != (c.outcome == record.Inconclusive) || result.Failure != "no" {
			t.Errorf("%s: %s, %q, %q", name, result.Outcome, result.Why(), result.Failure)
		}
	}
}

// TestAFaultOfTheHostMustHaveBeenHeld: a promise about such a fault does not hold without the window of the fault.
func TestAFaultOfTheHostMustHaveBeenHeld(t *testing.T) {
	point := func(at int64) *record.Interval { return &record.Interval{Lo: at, Hi: at + 1} }
	whole := record.Lasting{
		Fault: "disk-full", Sandbox: "host", Injected: *point(1), Landed: point(3), LandingProof: "no block is free", Reverted: point(5),
		Released: point(7), ReleaseProof: "as before",
	}
	unproved, disordered := whole, whole
	unproved.ReleaseProof = ""
	disordered.Reverted = point(2)
	for name, c := range map[string]struct {
		promise string
		lasting *record.Lasting
		outcome record.Outcome
	}{
		"whole":              {promise.HostDiskDuring, &whole, record.Held},
		"without a fault":    {promise.HostDiskDuring, nil, record.Inconclusive},
		"never let go":       {promise.HostDiskDuring, &unproved, record.Inconclusive},
		"in disorder":        {promise.HostDiskDuring, &disordered, record.Inconclusive},
		"of another promise": {promise.BootRunning, nil, record.Held},
	} {
		report := types.SpecReport{State: types.SpecStatePassed, NumAttempts: 1, LeafNodeLabels: []string{"promise: " + c.promise}}
		if c.lasting != nil {
			report.ReportEntries = types.ReportEntries{{Name: "lasting", Value: types.WrapEntryValue(*c.lasting)}}
		}
		result, _ := spec.Result(&target.Target{}, report)
		if result.Outcome != c.outcome || (result.Cause == nil) != (c.outcome == record.Held) || (result.Lasting == nil) != (c.lasting == nil) {
			t.Errorf("%s: %s, %+v", name, result.Outcome, result)
		}
	}
}
