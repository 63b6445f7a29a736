package procfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// ReadUsage reads the descriptors, threads, memory and files of a process.
func ReadUsage(_ context.Context, params protocol.UsageParams) (protocol.Usage, error) {
	var held protocol.Usage
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", params.PID))
	if err != nil {
		return held, fmt.Errorf("read what process %d holds: %w", params.PID, err)
	}
	if held.Threads, held.Resident, err = parseStatus(status); err != nil {
		return held, fmt.Errorf("read /proc/%d/status: %w", params.PID, err)
	}
	directory := fmt.Sprintf("/proc/%d/fd", params.PID)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return held, fmt.Errorf("read what process %d holds: %w", params.PID, err)
	}
	for _, entry := range entries {
		descriptor := directory + "/" + entry.Name()
		held.Descriptors++
		path, err := os.Readlink(descriptor)
		if err != nil {
			continue // closed meanwhile
		}
		if info, err := os.Stat(descriptor); err == nil && info.Mode().IsRegular() {
			held.Files = append(held.Files, path)
		}
	}
	slices.Sort(held.Files)
	held.Files = slices.Compact(held.Files)
	return held, nil
}

// parseStatus reads Threads and VmRSS (in kB) of /proc/PID/status. A zombie has no memory.
func parseStatus(status []byte) (threads int, resident int64, err error) {
	for line := range bytes.Lines(status) {
		words := bytes.Fields(line)
		if len(words) < 2 {
			continue
		}
		var failure error
		switch string(words[0]) {
		case "Threads:":
			threads, failure = strconv.Atoi(string(words[1]))
		case "VmRSS:":
			resident, failure = strconv.ParseInt(string(words[1]), 10, 64)
			resident <<= 10
		}
		err = errors.Join(err, failure)
	}
	if threads == 0 {
		err = errors.Join(err, errors.New("it does not say how many threads there are"))
	}
	return threads, resident, err
}

// ReadCPUTime returns the processor time that a process has used so far: utime and stime of /proc/PID/stat, in ticks of 10 ms.
func ReadCPUTime(_ context.Context, params protocol.UsageParams) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", params.PID))
	if err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", params.PID, err)
	}
	return parseCPUTime(stat)
}

// parseCPUTime reads the 14th and 15th field of /proc/PID/stat. The second may hold anything, and ends with the last parenthesis.
func parseCPUTime(stat []byte) (time.Duration, error) {
	const userField, ticks = 11, 100 // counted behind the name; USER_HZ is 100 on every architecture that Go knows
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= userField+1 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, err := strconv.ParseInt(string(fields[userField]), 10, 64)
	system, systemErr := strconv.ParseInt(string(fields[userField+1]), 10, 64)
	if err := errors.Join(err, systemErr); err != nil {
		return 0, fmt.Errorf("read /proc/PID/stat: %w", err)
	}
	return time.Duration(user+system) * time.Second / ticks, nil
}
