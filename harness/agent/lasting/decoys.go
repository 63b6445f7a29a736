package lasting

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
)

const (
	// decoyCount is the number of decoys: under pressure the kernel may kill more than one process before the memory of the first is free.
	decoyCount = 8
	// decoyScore makes the kernel kill a decoy before any process that did not ask for it, and after the victim.
	decoyScore = "900"
)

// decoys are tiny processes that the kernel kills for lack of memory before the container's own.
type decoys struct {
	living []int
	ended  int
}

// startDecoys starts the decoys. They end with the agent.
func startDecoys() (*decoys, error) {
	d := &decoys{}
	program, err := elf.Program(elf.Idle)
	if err != nil {
		return d, err
	}
	descriptor, err := unix.MemfdCreate("decoy", 0)
	if err != nil {
		return d, fmt.Errorf("make the program of decoys: %w", err)
	}
	defer func() { _ = unix.Close(descriptor) }()
	if _, err := unix.Write(descriptor, program); err != nil {
		return d, fmt.Errorf("write the program of decoys: %w", err)
	}
	for range decoyCount {
		pid, err := syscall.ForkExec("/proc/self/fd/0", []string{"decoy"}, &syscall.ProcAttr{
			Files: []uintptr{uintptr(descriptor)}, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, //nolint:gosec // a descriptor fits
		})
		if err != nil {
			return d, fmt.Errorf("start a decoy: %w", err)
		}
		d.living = append(d.living, pid)
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(decoyScore), 0); err != nil {
			return d, fmt.Errorf("offer a decoy to be killed: %w", err)
		}
	}
	return d, nil
}

// countEnded returns how many decoys have been killed so far.
func (d *decoys) countEnded() int64 {
	var living []int
	for _, pid := range d.living {
		if ended, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); ended == 0 || errors.Is(err, syscall.EINTR) {
			living = append(living, pid)
			continue
		}
		d.ended++
	}
	d.living = living
	return int64(d.ended)
}

// stop ends the decoys that live. It may be called of none.
func (d *decoys) stop() {
	if d == nil {
		return
	}
	for _, pid := range d.living {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it is our child until we have waited for it
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
	d.living = nil
}
