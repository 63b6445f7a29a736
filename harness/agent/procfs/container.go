package procfs

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// IsOurs reports whether a process is the container's: it is in the agent's control group or below, or descends from a process that is.
// In a pid namespace of its own a container sees no other; with the host's (--pid host) it sees all.
func IsOurs(pid int) bool {
	own := ownGroup()
	for own != "" && pid > 0 {
		if group, err := readGroup(pid); err == nil && isWithin(own, group) {
			return true
		}
		process, err := readStat(pid)
		if err != nil || process.Parent <= 1 {
			return false
		}
		pid = process.Parent
	}
	return own == ""
}

// ownGroup returns the agent's control group; empty if every process that is seen is the container's.
var ownGroup = sync.OnceValue(func() string {
	own, err := readGroup(os.Getpid())
	if err != nil {
		return ""
	}
	if first, err := readGroup(1); err != nil || isWithin(own, first) {
		return ""
	}
	return own
})

// readGroup returns the control group of a process.
func readGroup(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	return parseGroup(string(data)), nil
}

// parseGroup reads /proc/PID/cgroup (cgroups(7)): the group in which processes are counted, else that of the one hierarchy of version 2.
func parseGroup(text string) (group string) {
	for line := range strings.Lines(text) {
		number, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, found := strings.Cut(rest, ":")
		switch {
		case !found:
		case strings.Contains(","+controllers+",", ",pids,"):
			return path
		case number == "0" && controllers == "":
			group = path
		}
	}
	return group
}

// isWithin reports whether a control group is another one or below it. Seen from a namespace, what is outside begins with "/..".
func isWithin(own, group string) bool {
	if own == "/" {
		return group != "" && group != "/.." && !strings.HasPrefix(group, "/../")
	}
	return group == own || strings.HasPrefix(group, own+"/")
}
