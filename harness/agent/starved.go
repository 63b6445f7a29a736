package agent

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// starved returns how long the threads of a process have waited for a processor so far, all together: the
// second word of their schedstat (the kernel's sched-stats document), in nanoseconds. It is 0 where the
// process is gone or the kernel does not count.
func starved(pid int) time.Duration {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0
	}
	var waited time.Duration
	for _, thread := range threads {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, thread.Name()))
		fields := strings.Fields(string(data))
		if err != nil || len(fields) < 2 {
			continue
		}
		if nanoseconds, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			waited += time.Duration(nanoseconds)
		}
	}
	return waited
}

// starvation is how long the host let those wait who had to act on a fault: the supervisor since the
// injection, and the new process since its birth.
func (o *observation) starvation() time.Duration {
	waited := max(0, starved(o.params.SupervisorPID)-o.waitedBefore)
	if after := o.seen.After; after != nil {
		waited += starved(after.Root.PID)
		if after.Serving.PID != after.Root.PID {
			waited += starved(after.Serving.PID)
		}
	}
	return waited
}
