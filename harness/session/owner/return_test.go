package owner

import (
	"testing"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// running returns a process table of processes with a command line.
func running(state string, pids []int, argv ...string) (table []agent.Process) {
	for _, pid := range pids {
		table = append(table, agent.Process{Incarnation: record.Incarnation{PID: pid, StartTime: uint64(pid), Argv: argv}, State: state}) //nolint:gosec // small
	}
	return table
}

func TestASupervisorThatCannotComeIsGivenUp(t *testing.T) {
	server := []string{"/usr/bin/zinit", "server"}
	entrypoint := running("S", []int{1}, "entrypoint")
	for name, c := range map[string]struct {
		firstAnswer time.Duration
		table       func(second int) []agent.Process
		givenUp     int // in which second, 0: not within two minutes
		why         string
	}{
		"the entry point goes on alone":  {time.Second, func(int) []agent.Process { return entrypoint }, 10, "/usr/bin/zinit has not run for 10s"},
		"a slow entry point":             {22 * time.Second, func(int) []agent.Process { return entrypoint }, 44, "/usr/bin/zinit has not run for 44s"},
		"it lives and does not answer":   {time.Second, func(int) []agent.Process { return running("S", []int{7}, server...) }, 0, ""},
		"it is dead and nobody reaps it": {time.Second, func(int) []agent.Process { return running("Z", []int{7}, server...) }, 10, "/usr/bin/zinit has not run for 10s"},
		"it ends again and again": {
			time.Second, func(second int) []agent.Process { return running("R", []int{second + 2}, server...) }, 10,
			"/usr/bin/zinit ended 10 times without an answer",
		},
		"it comes every few seconds": {time.Second, func(second int) []agent.Process {
			if second%9 == 0 {
				return running("R", []int{second + 2}, server...)
			}
			return nil
		}, 82, "/usr/bin/zinit ended 10 times without an answer"},
		"its commands are no supervisor": {time.Second, func(second int) []agent.Process {
			return append(running("S", []int{7}, server...), running("R", []int{second + 9}, "/usr/bin/zinit", "list")...)
		}, 0, ""},
	} {
		gone := newAbsence(running("S", []int{5}, server...), 5, c.firstAnswer)
		began, givenUp, why := time.Now(), 0, ""
		for second := 0; second < 120 && why == ""; second++ {
			why = gone.look(c.table(second), began.Add(time.Duration(second)*time.Second))
			givenUp = second
		}
		if why != c.why || why != "" && givenUp != c.givenUp {
			t.Errorf("%s: given up after %d s, not %d: %q", name, givenUp, c.givenUp, why)
		}
	}
	if gone := newAbsence(running("S", []int{5}, server...), 6, time.Second); gone != nil {
		t.Errorf("of a process that is not known: %+v", gone)
	}
}
