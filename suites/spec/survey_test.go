package spec_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// TestASurveyListsWhatWouldBeAsked: the same specs as the results that a run writes, by the same keys.
func TestASurveyListsWhatWouldBeAsked(t *testing.T) {
	leaf := func(text, asked, service string) types.SpecReport {
		return types.SpecReport{
			LeafNodeType: types.NodeTypeIt, LeafNodeText: text, LeafNodeLabels: []string{"promise: " + asked, "service: " + service, "fault: SIGTERM", "interrupts: restart", "injects: SIGKILL"},
			ContainerHierarchyTexts: []string{"under load", "at once"}, ContainerHierarchyLocations: []types.CodeLocation{{FileName: "load.go", LineNumber: 7}, {}},
		}
	}
	ordered, whole := leaf("all", promise.LoadHerd, "herd"), leaf("nobody changed", promise.IsolationBystanders, "")
	ordered.IsInOrderedContainer = true
	preview := types.Report{SpecReports: types.SpecReports{
		leaf("a", promise.RestartSIGTERM, "a"), leaf("b", promise.RestartSIGTERM, "b"), ordered, whole, {LeafNodeType: types.NodeTypeSynchronizedBeforeSuite},
	}}
	path := filepath.Join(t.TempDir(), "specs.json")
	if err := spec.Survey(preview, func(key record.Key) bool { return key.Service != "b" }, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	var found []shard.Spec
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	key := func(text, asked, service string) record.Key {
		return record.Key{Promise: asked, Service: service, Fault: "SIGTERM", Name: "under load at once " + text}
	}
	want := []shard.Spec{
		{Key: key("a", promise.RestartSIGTERM, "a")},
		{Key: key("all", promise.LoadHerd, "herd"), Group: "under load at load.go:7"},
		{Key: key("nobody changed", promise.IsolationBystanders, ""), Throughout: true},
	}
	for i := range want {
		want[i].Interrupts, want[i].Injects = "restart", "SIGKILL"
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("%+v, not %+v", found, want)
	}
	if err := spec.Survey(preview, func(record.Key) bool { return true }, filepath.Join(path, "below")); err == nil {
		t.Error("a file below a file was written")
	}
}
