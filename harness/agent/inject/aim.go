package inject

import (
	"errors"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// aim is a process that a signal is sent to.
type aim struct {
	incarnation record.Incarnation
	process     *handle.Handle
}

// release closes what aimAt opened.
func release(aimed []aim) {
	for _, target := range aimed {
		target.process.Close()
	}
}

// aimAt opens the processes that a fault is aimed at. The caller releases them, also after an error.
func aimAt(params protocol.InjectParams) (aimed []aim, err error) {
	targets, err := chooseTargets(params)
	if err != nil {
		return nil, err
	}
	for _, target := range targets {
		process, err := handle.Open(target)
		if err != nil {
			return aimed, err
		}
		aimed = append(aimed, aim{target, process})
	}
	return aimed, nil
}

func chooseTargets(params protocol.InjectParams) ([]record.Incarnation, error) {
	serving, root := params.Victim.Serving, params.Victim.Root
	wrapped := root.PID != 0 && root.PID != serving.PID
	switch params.Fault.Aim {
	case fault.AtWrapper:
		if !wrapped {
			return nil, errors.New("the process that serves has no wrapper")
		}
		return []record.Incarnation{root}, nil
	case fault.AtWorker:
		return findProcess(func(p protocol.Process) bool { return p.Parent == serving.PID }, "the process that serves has no worker")
	case fault.AtGroup:
		return listGroup(serving, params.SupervisorPID)
	}
	return []record.Incarnation{serving}, nil
}

// findProcess returns the first process that qualifies.
func findProcess(qualifies func(protocol.Process) bool, none string) ([]record.Incarnation, error) {
	table, err := procfs.ListProcesses()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(table, qualifies)
	if i < 0 {
		return nil, errors.New(none)
	}
	return []record.Incarnation{table[i].Incarnation}, nil
}

// listGroup returns the processes that share a group with the one that serves. It refuses the supervisor's own group. A process around it with
// another group is not the service's: a supervisor may have one of its own there, which has to go on.
func listGroup(serving record.Incarnation, supervisor int) ([]record.Incarnation, error) {
	table, err := procfs.ListProcesses()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(table, func(p protocol.Process) bool { return p.PID == serving.PID })
	if at < 0 {
		return nil, errors.New("the process that serves is gone")
	}
	var members []record.Incarnation
	for _, process := range table {
		if process.Group != table[at].Group {
			continue
		}
		if process.PID == supervisor {
			return nil, errors.New("the service shares its group with the supervisor")
		}
		if process.State != "Z" {
			members = append(members, process.Incarnation)
		}
	}
	if len(members) == 0 {
		return nil, errors.New("the process that serves is gone")
	}
	return members, nil
}

// areAllStopped reports whether every task of every process that was aimed at is in state T.
func areAllStopped(aimed []aim) (tasks int, all bool) {
	for _, target := range aimed {
		own, stopped := procfs.CountTasks(target.incarnation.PID)
		if !stopped {
			return 0, false
		}
		tasks += own
	}
	return tasks, true
}
