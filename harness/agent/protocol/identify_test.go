package protocol_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// TestTheProcessesAroundOne looks at a program below a process of the supervisor's own, with a shell between them or without.
func TestTheProcessesAroundOne(t *testing.T) {
	runner := record.Incarnation{PID: 7, Argv: []string{"/usr/bin/zinit-run"}}
	for name, c := range map[string]struct {
		between []string
		inShell bool
	}{
		"a shell":            {[]string{"/bin/sh", "-c", "serve"}, true},
		"a shell of BusyBox": {[]string{"busybox", "sh", "-c", "serve"}, true},
		"a script":           {[]string{"/bin/sh", "/start.sh"}, false},
		"another program":    {[]string{"/usr/bin/env", "-c", "serve"}, false},
		"a zombie":           {nil, false},
	} {
		identity := protocol.Identity{Serving: record.Incarnation{PID: 9}, Root: runner, Around: []record.Incarnation{runner, {PID: 8, Argv: c.between}}}
		if identity.InShell() != c.inShell {
			t.Errorf("%s: in a shell: %t", name, !c.inShell)
		}
		for pid, want := range map[int]bool{7: true, 8: true, 9: true, 6: false, 0: false} {
			if identity.Has(pid) != want {
				t.Errorf("%s: process %d is one of them: %t", name, pid, !want)
			}
		}
	}
}
