package spec_test

import (
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func TestARemedyIsPartOfTheResult(t *testing.T) {
	result, _ := spec.Result(&target.Target{}, types.SpecReport{
		State: types.SpecStateFailed, NumAttempts: 1,
		ReportEntries: types.ReportEntries{{Name: "remedy", Value: types.WrapEntryValue("a.health: curl --fail\nx")}},
	})
	NewWithT(t).Expect(result.Remedy).To(Equal("a.health: curl --fail"))
	NewWithT(t).Expect(result.Recoveries).To(BeEmpty())
}
