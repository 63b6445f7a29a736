package spec_test

import (
	"slices"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func TestServicesThatRanTwiceAreListedByName(t *testing.T) {
	crowd := protocol.Crowd{Most: map[string]protocol.Gathering{
		"late": {PIDs: []int{7, 8}}, "early": {PIDs: []int{3, 4, 5}}, "single": {PIDs: []int{1}},
	}}
	want := []spec.Line{{"service", "early: pids 3 4 5 at once"}, {"", "late: pids 7 8 at once"}}
	if lines := spec.ListServices(spec.FindDoubled(crowd)); !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}

func TestAPidAloneIsNoProcess(t *testing.T) {
	before := record.Incarnation{PID: 7, StartTime: 1}
	if !spec.IsSameProcess(before, record.Incarnation{PID: 7, StartTime: 1, Argv: []string{"x"}}) || spec.IsSameProcess(before, record.Incarnation{PID: 7, StartTime: 2}) {
		t.Error("a process is its pid and the time at which it began")
	}
}

func TestVictimsAreOurs(t *testing.T) {
	if !spec.IsOurs(session.VictimName("x")) || spec.IsOurs("user.hero_03_server") {
		t.Error("a victim is ours, and a shipped service is not")
	}
}
