package census

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// countInterval is the pause between two counts of a crowd. A promise asks for at least 20 counts a second.
const countInterval = 10 * time.Millisecond

// Crowds are the running counts by their ids.
type Crowds struct {
	mu   sync.Mutex
	open map[string]*crowd
}

// crowd is a running count of the processes of services that live at the same time.
type crowd struct {
	services map[string][]string
	proc     int
	known    map[int]seenProcess
	seen     protocol.Crowd
	began    int64
	stop     chan struct{}
	stopped  chan struct{}
}

// seenProcess is a process that an earlier count read.
type seenProcess struct {
	first   int64
	service string // whose command line it has, empty for nobody's
}

// Watch starts a count.
func (c *Crowds) Watch(_ context.Context, params protocol.CrowdParams) error {
	proc, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("count processes: open /proc: %w", err)
	}
	counted := &crowd{
		services: params.Services, proc: proc, known: map[int]seenProcess{}, began: clock.Now(),
		seen: protocol.Crowd{Most: map[string]protocol.Gathering{}},
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]*crowd{}
	}
	if _, taken := c.open[params.ID]; taken {
		_ = unix.Close(proc)
		return fmt.Errorf("count processes: there is a count %q already", params.ID)
	}
	c.open[params.ID] = counted
	go counted.run()
	return nil
}

// End ends a count and returns what it saw.
func (c *Crowds) End(_ context.Context, params protocol.CrowdParams) (protocol.Crowd, error) {
	c.mu.Lock()
	counted, ok := c.open[params.ID]
	delete(c.open, params.ID)
	c.mu.Unlock()
	if !ok {
		return protocol.Crowd{}, fmt.Errorf("end a count of processes: there is no count %q", params.ID)
	}
	return counted.end(), nil
}

// EndAll ends all counts that are left.
func (c *Crowds) EndAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, counted := range c.open {
		counted.end()
		delete(c.open, id)
	}
}

func (c *crowd) end() protocol.Crowd {
	close(c.stop)
	<-c.stopped
	_ = unix.Close(c.proc)
	c.seen.Took = time.Duration(clock.Now() - c.began)
	return c.seen
}

func (c *crowd) run() {
	defer close(c.stopped)
	looks := time.NewTicker(countInterval)
	defer looks.Stop()
	for {
		c.look()
		select {
		case <-looks.C:
		case <-c.stop:
			return
		}
	}
}

// look counts once. A process that belongs to no service is read again only while it is young: it may still execute a program.
func (c *crowd) look() {
	var buffer [16 << 10]byte
	before := clock.Now()
	pids, err := procfs.ListPIDs(c.proc, buffer[:])
	if err != nil {
		return
	}
	alive := map[string][]protocol.Process{}
	known := make(map[int]seenProcess, len(pids))
	for _, pid := range pids {
		seen, met := c.known[pid]
		if !met {
			seen.first = before
		}
		if seen.service != "" || before-seen.first < int64(procfs.SettlePeriod) {
			process, err := procfs.ReadProcess(pid)
			if err != nil {
				continue // it is gone
			}
			if seen.service = c.findService(process); seen.service != "" {
				alive[seen.service] = append(alive[seen.service], process)
			}
		}
		known[pid] = seen
	}
	c.known = known
	c.seen.Looks++
	for service, members := range alive {
		if together := findAliveTogether(members); len(together) > len(c.seen.Most[service].PIDs) {
			c.seen.Most[service] = protocol.Gathering{PIDs: together, At: record.Interval{Lo: before, Hi: clock.Now()}}
		}
	}
}

// findService returns the service whose command line a living process has.
func (c *crowd) findService(process protocol.Process) string {
	if !isAlive(process) {
		return ""
	}
	for _, service := range slices.Sorted(maps.Keys(c.services)) {
		if procfs.EqualArgv(c.services[service], process.Argv) {
			return service
		}
	}
	return ""
}

// isAlive reports whether a process is more than a zombie.
func isAlive(process protocol.Process) bool { return process.State != "Z" && process.State != "X" }

// findAliveTogether returns the processes that live at the same time: all had been seen alive before they are read again here. A process
// with its parent's command line is a fork of the parent and is not counted.
func findAliveTogether(members []protocol.Process) []int {
	pids := make([]int, 0, len(members))
	forked := func(p protocol.Process) bool {
		return slices.ContainsFunc(members, func(other protocol.Process) bool { return other.PID == p.Parent })
	}
	for _, member := range members {
		if forked(member) {
			continue
		}
		if len(members) > 1 {
			again, err := procfs.ReadProcess(member.PID)
			if err != nil || again.StartTime != member.StartTime || !isAlive(again) {
				continue
			}
		}
		pids = append(pids, member.PID)
	}
	return pids
}
