package spec

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

func TestASpecThatIsNotSelectedHasNoResult(t *testing.T) {
	report := types.SpecReport{
		State: types.SpecStateSkipped, ReportEntries: types.ReportEntries{{Name: causeEntry, Value: types.WrapEntryValue(notSelected{})}},
	}
	if result, selected := Result(&target.Target{}, report); selected {
		t.Errorf("%+v", result)
	}
}
