package procfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

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
