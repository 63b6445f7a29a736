package lasting

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// stopped is a supervisor that is stopped by SIGSTOP, from outside the container or by the agent.
type stopped struct {
	pid     int
	outside bool
	handle  *handle.Handle
}

func holdStopped(params protocol.LastingParams) held {
	return &stopped{pid: params.SupervisorPID, outside: params.Fault.Way == fault.ByDocker}
}

// prepare takes hold of the supervisor, which is to go on.
func (s *stopped) prepare() (step guard.Step, err error) {
	if s.handle, err = openSupervisor(s.pid); err != nil {
		return step, err
	}
	return guard.Step{Process: s.handle.Incarnation(), Continues: true}, nil
}

func (s *stopped) begin(context.Context) error {
	if s.outside {
		return nil
	}
	return s.handle.Signal(unix.SIGSTOP)
}

// openSupervisor takes hold of the supervisor's process.
func openSupervisor(pid int) (*handle.Handle, error) {
	if pid <= 0 {
		return nil, errors.New("the supervisor's process is not known")
	}
	process, err := procfs.ReadProcess(pid)
	if err != nil {
		return nil, err
	}
	return handle.Open(process.Incarnation)
}

func (s *stopped) prove(context.Context) (proof, missing string) {
	tasks, all := procfs.CountTasks(s.pid)
	if tasks > 0 && all {
		return fmt.Sprintf(record.SupervisorStopped, tasks, tasks), ""
	}
	if s.pid == 1 && !s.outside {
		return "", "the supervisor is process 1, which ignores SIGSTOP from inside the container"
	}
	return "", "the supervisor did not stop by SIGSTOP"
}

func (s *stopped) revert() {
	if s.handle != nil {
		_ = s.handle.Signal(unix.SIGCONT) // who is gone needs none
		s.handle.Close()
	}
}

func (s *stopped) released(context.Context) string {
	if s.handle.HasEnded() {
		return record.SupervisorEnded
	}
	if tasks, all := procfs.CountTasks(s.pid); tasks == 0 || all {
		return ""
	}
	return record.SupervisorGoesOn
}
