package spec

import (
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// TestASpecNeedsWhatItIsLabelledWith checks that a spec's own label comes before that of the container around it.
func TestASpecNeedsWhatItIsLabelledWith(t *testing.T) {
	report := types.SpecReport{
		ContainerHierarchyLabels: [][]string{About("load.herd"), In("herd")}, LeafNodeLabels: append(InBackground("truth"), In("own")...),
	}
	for key, want := range map[string]string{sandboxLabel: "own", backgroundLabel: "truth", favouredLabel: "", turnLabel: ""} {
		if found := findLabel(report, key); found != want {
			t.Errorf("%s %q, not %q", key, found, want)
		}
	}
}

func TestTheRestOfARunThatTookTooLongSaysSo(t *testing.T) {
	began := time.Now().Add(-time.Minute)
	skipped := record.Result{Outcome: record.NotRun, Cause: &record.Cause{Kind: record.CauseSkipped}}
	const want = "it did not run: the time limit of the run, 1m0s, was over"
	if why := ExplainEnd(skipped, began, time.Minute).Why(); why != want {
		t.Errorf("%q, not %q", why, want)
	}
	if why := ExplainEnd(skipped, began, time.Hour).Why(); why == want {
		t.Errorf("of a run that took its time: %q", why)
	}
	if held := ExplainEnd(record.Result{Outcome: record.Held}, began, time.Minute); held.Cause != nil {
		t.Errorf("of one that ran: %+v", held)
	}
}
