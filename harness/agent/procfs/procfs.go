// Package procfs reads /proc: processes, and the pressure on the host.
package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// SettlePeriod is the time for which a new process is read again: its command line changes with each exec.
const SettlePeriod = 200 * time.Millisecond

// ReadProcess reads one line of the process table.
func ReadProcess(pid int) (protocol.Process, error) {
	process, err := readStat(pid)
	if err == nil {
		process.Argv = ReadArgv(pid)
	}
	return process, err
}

// readStat reads all of a process's line but the command line.
func readStat(pid int) (protocol.Process, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return protocol.Process{}, err
	}
	process, err := parseStat(data)
	if err != nil {
		return protocol.Process{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
	}
	process.PID = pid
	return process, nil
}

// parseStat reads what follows the command's name. The name itself may hold spaces and brackets.
func parseStat(data []byte) (protocol.Process, error) {
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 20 {
		return protocol.Process{}, errors.New("not the form that proc(5) gives")
	}
	var process protocol.Process
	var err error
	number := func(field int) int { // field as proc(5) counts them, from 1
		value, failure := strconv.Atoi(fields[field-3])
		err = errors.Join(err, failure)
		return value
	}
	process.State = fields[0]
	process.Parent, process.Group, process.Session = number(4), number(5), number(6)
	start, failure := strconv.ParseUint(fields[22-3], 10, 64)
	process.StartTime = start
	return process, errors.Join(err, failure)
}

// ReadArgv returns a process's command line; nil if it is a zombie or gone.
func ReadArgv(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
}

// IsSameProcess reports whether a pid is still the same process.
func IsSameProcess(incarnation record.Incarnation) bool {
	process, err := readStat(incarnation.PID)
	return err == nil && process.StartTime == incarnation.StartTime
}

// IsAlive reports whether a pid is still the same process, and no zombie.
func IsAlive(incarnation record.Incarnation) bool {
	process, err := readStat(incarnation.PID)
	return err == nil && process.StartTime == incarnation.StartTime && process.State != "Z" && process.State != "X"
}

// CountTasks counts the tasks of a process, and reports whether all are in state T.
func CountTasks(pid int) (tasks int, stopped bool) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(entries) == 0 {
		return 0, false
	}
	for _, entry := range entries {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", pid, entry.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		task, failure := parseStat(data)
		if err != nil || failure != nil || task.State != "T" {
			return len(entries), false
		}
	}
	return len(entries), true
}

// ListPIDs returns the numeric names in an open /proc. It reads into buffer.
func ListPIDs(proc int, buffer []byte) ([]int, error) {
	if _, err := unix.Seek(proc, 0, unix.SEEK_SET); err != nil {
		return nil, err
	}
	var pids []int
	for {
		n, err := unix.Getdents(proc, buffer)
		if err != nil || n == 0 {
			return pids, err
		}
		_, _, names := unix.ParseDirent(buffer[:n], -1, nil)
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil {
				pids = append(pids, pid)
			}
		}
	}
}

// ListProcesses returns the container's processes.
func ListProcesses() ([]protocol.Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var table []protocol.Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if process, err := ReadProcess(pid); err == nil && IsOurs(pid) {
			table = append(table, process)
		}
	}
	return table, nil
}

// EqualArgv reports whether two command lines are equal. An empty one (a zombie, a kernel thread) equals none.
func EqualArgv(a, b []string) bool { return len(a) > 0 && slices.Equal(a, b) }

// ReadEnvironment returns the environment that a process was started with, NAME=VALUE each.
func ReadEnvironment(pid int) ([]string, error) {
	var data []byte
	err := asOwner(pid, func() (err error) {
		data, err = os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the environment of process %d: %w", pid, err)
	}
	return slices.DeleteFunc(strings.Split(string(data), "\x00"), func(entry string) bool { return entry == "" }), nil
}

// ReadTracer returns the thread that traces a process, 0 for none.
func ReadTracer(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "TracerPid:"); ok {
			tracer, _ := strconv.Atoi(strings.TrimSpace(value)) // the kernel writes a number
			return tracer
		}
	}
	return 0
}
