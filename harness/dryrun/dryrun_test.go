package dryrun_test

import (
	"reflect"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/dryrun"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// specs lists one of each kind of spec.
func specs() []shard.Spec {
	on := func(id, service, fault string) record.Key {
		return record.Key{Promise: id, Service: service, Fault: fault, Name: id + service}
	}
	return []shard.Spec{
		{Key: on(promise.HostDiskAfter, "disk-full", ""), Sandbox: "host"},
		{Key: on(promise.HostCPU, "cpu-starved", ""), Sandbox: "host"},
		{Key: on(promise.RestartSIGTERM, "user.a", "SIGTERM")},
		{Key: on(promise.RestartSIGTERM, "user.b", "SIGTERM")},
		{Key: on(promise.RestartSIGTERM, "hero_chaos.v", "SIGTERM")},
		{Key: on(promise.RestartSIGKILL, "user.a", "SIGKILL")},
		{Key: on(promise.RestartZinitKill, "user.a", "zinit-kill")},
		{Key: on(promise.RetryLinear, "hero_chaos.linear", "")}, // the promise says by which fault
		{Key: on(promise.HangDetected, "hero_chaos.hang", "SIGSTOP")},
		{Key: on(promise.HangStopIgnored, "hero_chaos.mute", "mute"), Behaves: true},
		{Key: on(promise.PersistenceServing, "hero_chaos.kept", ""), Sandbox: "persistence", Interrupts: "restart", Injects: "SIGKILL"},
		{Key: on(promise.BootRunning, "user.a", "")},
	}
}

func input() dryrun.Input {
	return dryrun.Input{
		Config: config.Config{Profile: config.Quick}, Target: &target.Target{Name: "embedded", Services: []target.Service{{Name: "user.a"}, {Name: "user.b"}}},
		Specs: specs(), Missing: func(fault.Lasting) string { return "" },
	}
}

// find returns the steps of a promise.
func find(steps []dryrun.Step, id string) (found []dryrun.Step) {
	for _, step := range steps {
		if step.Promise == id {
			found = append(found, step)
		}
	}
	return found
}

func TestStepsSayWhatWouldBeDoneWhere(t *testing.T) {
	steps := dryrun.Steps(input())
	for id, want := range map[string][]dryrun.Step{
		promise.HostDiskAfter:    {{Fault: "disk-full", Scope: "filesystem", Way: "agent", Undo: "holder", Sandbox: "host"}},
		promise.HostCPU:          {{Fault: "cpu-starved", Scope: "cgroup", Way: "docker", Undo: "container", Sandbox: "host"}},
		promise.RestartSIGTERM:   {{Fault: "SIGTERM", Scope: "process", Way: "agent, by a signal", Undo: "-", On: []string{"user.a", "user.b", "hero_chaos.v"}, Sandbox: "main"}},
		promise.RestartZinitKill: {{Fault: "zinit-kill", Scope: "process", Way: "agent, by a command", Undo: "-", On: []string{"user.a"}, Sandbox: "main"}},
		promise.RetryLinear:      {{Fault: "SIGKILL", Scope: "process", Way: "agent, by a signal", Undo: "-", On: []string{"hero_chaos.linear"}, Sandbox: "main"}},
		promise.HangDetected:     {{Fault: "SIGSTOP", Scope: "process", Way: "agent, by a signal", Undo: "SIGCONT", On: []string{"hero_chaos.hang"}, Sandbox: "main"}},
		promise.HangStopIgnored:  {{Fault: "a service of ours is mute", Scope: "process", Way: "its own", Undo: "the service is deleted", On: []string{"hero_chaos.mute"}, Sandbox: "main"}},
		promise.PersistenceServing: {
			{Fault: "restart", Scope: "container", Way: "docker", Undo: "the container is removed", Sandbox: "persistence"},
			{Fault: "SIGKILL", Scope: "process", Way: "agent, by a signal", Undo: "-", Sandbox: "persistence"},
		},
		promise.BootRunning: {{Fault: "none: it reads and asks", Scope: "-", Way: "-", Undo: "-", On: []string{"user.a"}, Sandbox: "main"}},
	} {
		for i := range want {
			want[i].Promise = id
		}
		if found := find(steps, id); !reflect.DeepEqual(found, want) {
			t.Errorf("%s: %+v, not %+v", id, found, want)
		}
	}
	if steps[0].Promise != promise.BootRunning {
		t.Errorf("the steps are not in the order of the promises: %s is first", steps[0].Promise)
	}
}

// TestAForeignContainerIsSpared: the plan refuses what the session would.
func TestAForeignContainerIsSpared(t *testing.T) {
	in := input()
	in.Config.Container = "hero-local"
	for id, want := range map[string]string{
		promise.HostDiskAfter: "ALLOW_DESTRUCTIVE=1", promise.HostCPU: "container as a whole", promise.RestartSIGTERM: "", promise.RestartSIGKILL: "ALLOW_DESTRUCTIVE=1",
		promise.HangDetected: "", promise.PersistenceServing: "needs a container of its own",
	} {
		for _, step := range find(dryrun.Steps(in), id) {
			if (step.Refusal == "") != (want == "") || !strings.Contains(step.Refusal, want) {
				t.Errorf("%s: refused %q, not %q", id, step.Refusal, want)
			}
		}
	}
	in.Config.AllowDestructive = true
	for _, step := range find(dryrun.Steps(in), promise.RestartSIGKILL) {
		if step.Refusal != "" {
			t.Errorf("with leave: refused %q", step.Refusal)
		}
	}
}

func TestTheTextSaysWhatIsNotAllowedAndNotAsked(t *testing.T) {
	in := input()
	in.Missing = func(f fault.Lasting) string {
		if f == fault.CPUStarved {
			return "the kernel has no quota"
		}
		return ""
	}
	text := dryrun.Text(in)
	for _, want := range []string{
		"target embedded, containers of its own: main, and one for each other sandbox", "2 services of the image, 1 of ours", "no: the kernel has no quota",
		"12 specs of 10 promises in the quick profile, 11 steps, of which 1 is not allowed here", "not asked of this target in this profile: boot.inventory, ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	in.Config.Focus = "restart"
	if strings.Contains(dryrun.Text(in), "not asked") {
		t.Error("a focus leaves promises out on purpose")
	}
}
