package spec

import (
	"encoding/json"
	"fmt"
	"os"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it
	"github.com/onsi/ginkgo/v2/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// Survey writes to a file which specs of a preview are selected, as a list of shard.Spec.
func Survey(preview Report, includes func(record.Key) bool, path string) error {
	specs := []shard.Spec{}
	for _, report := range preview.SpecReports {
		key := readLabels(report).Key()
		if report.LeafNodeType != types.NodeTypeIt || !includes(key) {
			continue
		}
		asked, _ := promise.Find(key.Promise)
		found := shard.Spec{
			Key: key, Group: experiment(report), Throughout: asked.Throughout,
			Interrupts: findLabel(report, interruptLabel), Injects: findLabel(report, injectLabel), Behaves: findLabel(report, behaviourLabel) != "",
		}
		if found.Sandbox = sandboxOf(report); found.Sandbox != "" {
			found.Period = findPeriod(report)
		}
		specs = append(specs, found)
	}
	text, err := json.Marshal(specs)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("list the specs: %w", err)
	}
	return nil
}

// experiment names what a spec shares with others, empty if that is nothing. Ginkgo does not say which container around a spec is
// the Ordered one, so all that the outermost holds stays together.
func experiment(report SpecReport) string {
	if !report.IsInOrderedContainer {
		return ""
	}
	return fmt.Sprintf("%s at %s", report.ContainerHierarchyTexts[0], report.ContainerHierarchyLocations[0])
}
