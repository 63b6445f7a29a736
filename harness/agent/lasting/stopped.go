package lasting

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// stopped is a supervisor that is stopped by SIGSTOP.
type stopped struct{ pid, pidfd int }

func holdStopped(params protocol.LastingParams) held {
	return &stopped{pid: params.SupervisorPID, pidfd: -1}
}

func (s *stopped) begin(context.Context) (err error) {
	if s.pid <= 0 {
		return errors.New("the supervisor's process is not known")
	}
	if s.pidfd, err = unix.PidfdOpen(s.pid, 0); err != nil {
		return fmt.Errorf("open a pidfd of process %d: %w", s.pid, err)
	}
	return unix.PidfdSendSignal(s.pidfd, unix.SIGSTOP, nil, 0)
}

func (s *stopped) prove(context.Context) (proof, missing string) {
	tasks, all := procfs.CountTasks(s.pid)
	if tasks > 0 && all {
		return fmt.Sprintf("state T in %d of %d tasks of the supervisor", tasks, tasks), ""
	}
	if s.pid == 1 {
		return "", "the supervisor is process 1, which ignores SIGSTOP from inside the container"
	}
	return "", "the supervisor did not stop by SIGSTOP"
}

func (s *stopped) revert() {
	if s.pidfd < 0 {
		return
	}
	_ = unix.PidfdSendSignal(s.pidfd, unix.SIGCONT, nil, 0) // who is gone needs none
	_ = unix.Close(s.pidfd)
	s.pidfd = -1
}

func (s *stopped) released(context.Context) string {
	if tasks, all := procfs.CountTasks(s.pid); tasks == 0 || all {
		return ""
	}
	return "the supervisor is no longer in state T"
}
