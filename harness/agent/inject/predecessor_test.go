package inject

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAWrapperThatLooksLikeOthersIsNotAwaited(t *testing.T) {
	const supervisor = 7
	process := func(pid, parent int, argv ...string) protocol.Process {
		return protocol.Process{Incarnation: record.Incarnation{PID: pid, Argv: argv}, Parent: parent}
	}
	serving := record.Incarnation{PID: 21, Argv: []string{"books", "serve"}}
	for name, c := range map[string]struct {
		root       record.Incarnation
		processes  []protocol.Process
		wantPID    int
		wantParent int
	}{
		"no wrapper":          {serving, []protocol.Process{process(7, 1, "zinit"), process(21, 7, "books", "serve")}, 21, supervisor},
		"a shell":             {record.Incarnation{PID: 20, Argv: []string{"sh", "-c", "books serve"}}, []protocol.Process{process(7, 1, "zinit"), process(30, 7, "sh", "-c", "osis serve")}, 20, supervisor},
		"a fork":              {record.Incarnation{PID: 20, Argv: []string{"zinit"}}, []protocol.Process{process(7, 1, "zinit")}, 21, 0},
		"one of many alike":   {record.Incarnation{PID: 20, Argv: []string{"shim"}}, []protocol.Process{process(7, 1, "zinit"), process(30, 7, "shim")}, 21, 0},
		"workers of a master": {serving, []protocol.Process{process(7, 1, "zinit"), process(22, 21, "books", "serve")}, 21, supervisor},
	} {
		gone, parent := choosePredecessor(c.processes, protocol.Identity{Serving: serving, Root: c.root}, supervisor)
		if gone.PID != c.wantPID || parent != c.wantParent {
			t.Errorf("%s: waits for the successor of %d below %d, not of %d below %d", name, gone.PID, parent, c.wantPID, c.wantParent)
		}
	}
}
