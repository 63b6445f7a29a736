package lasting

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// reservedThreads is the number of threads that the agent has before it cannot start one any more: a Go program ends if it needs another.
	reservedThreads = 48
	// cgroupMount is where a container sees its own cgroup.
	cgroupMount = "/sys/fs/cgroup"
)

// processesGone is a container in which nothing can be started. Docker sets the limit; the agent sees what the kernel does.
type processesGone struct {
	amount, before int64
}

func holdProcesses(params protocol.LastingParams) held {
	return &processesGone{amount: params.Fault.Amount}
}

func (p *processesGone) begin(context.Context) (err error) {
	reserveThreads(reservedThreads)
	p.before, err = readProcessLimit(cgroupMount)
	return err
}

func (p *processesGone) prove(context.Context) (proof, missing string) {
	limit, err := readProcessLimit(cgroupMount)
	switch forked := tryFork(); {
	case err != nil:
		return "", err.Error()
	case limit != p.amount:
		return "", fmt.Sprintf("the limit is %d processes and threads, and not %d", limit, p.amount)
	case !errors.Is(forked, syscall.EAGAIN):
		return "", fmt.Sprintf("the limit is %d processes and threads, and a process can be started all the same", limit)
	}
	return fmt.Sprintf(record.ProcessesGone, limit), ""
}

func (p *processesGone) revert() {} // who has set the limit takes it away

func (p *processesGone) released(context.Context) string {
	if limit, err := readProcessLimit(cgroupMount); err != nil || limit != p.before || errors.Is(tryFork(), syscall.EAGAIN) {
		return ""
	}
	return record.ProcessesRestored
}

// tryFork forks, and returns the error of that. The child ends at once: its program does not exist.
func tryFork() error {
	_, err := syscall.ForkExec("/proc/none", []string{"none"}, nil)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return err
}

// readProcessLimit reads the limit of processes and threads from a mount of the container's cgroup, of version 2 or 1. It is 0 for none.
func readProcessLimit(mount string) (int64, error) {
	for _, path := range []string{mount + "/pids.max", mount + "/pids/pids.max"} {
		text, err := os.ReadFile(path) //nolint:gosec // a file of the kernel's
		if err != nil {
			continue
		}
		if word := strings.TrimSpace(string(text)); word != "max" {
			return strconv.ParseInt(word, 10, 64)
		}
		return 0, nil
	}
	return 0, errors.New("the container does not see its cgroup: pids.max is not there")
}

// reserveThreads starts threads, which then wait for work.
func reserveThreads(count int) {
	var started sync.WaitGroup
	release := make(chan struct{})
	for range count {
		started.Add(1)
		go func() {
			runtime.LockOSThread() // each of them has a thread to itself
			defer runtime.UnlockOSThread()
			started.Done()
			<-release
		}()
	}
	started.Wait()
	close(release)
}
