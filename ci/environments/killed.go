package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// undoLimit is the time after which everything is as before if the holder of a fault was killed.
const undoLimit = 5 * time.Second

// victim is a part of a run that is killed, in a run on one kind of container.
type victim struct {
	// whom is the agent, the program hero_chaos alone, or the whole tree of the harness's processes.
	whom string
	// isAttached is whether the run was attached to a container that is not its own.
	isAttached bool
}

// listVictims lists what is killed in turns.
func listVictims() []victim {
	return []victim{{"agent", true}, {"tree", true}, {"program", false}, {"program", true}, {"tree", false}}
}

// killAtRandom kills, at random moments, the agent, the program or the whole harness of runs that stop processes, in containers of
// their own and in one that is not theirs. It prints what was not as before, and returns how many runs that were.
func killAtRandom(ctx context.Context, image string, runs int, seed uint64) (wrong int, err error) {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // to be repeated
	host, err := newLab(ctx, image)
	if err != nil {
		return 0, err
	}
	defer host.close()
	if err := host.attach("--tmpfs", "/data:size=8m"); err != nil {
		return 0, err
	}
	before, err := host.readFaults()
	if err != nil {
		return 0, err
	}
	held, victims := 0, listVictims()
	var ends []time.Duration
	for i := range runs {
		victim, moment := victims[i%len(victims)], time.Duration(random.Int64N(int64(momentLimit)))
		during, end, err := killAt(ctx, host, victim, moment, before)
		if ctx.Err() != nil {
			return wrong, ctx.Err()
		}
		ends = append(ends, end)
		result, container := fmt.Sprintf("as before within %.1f s", end.Seconds()), ""
		if victim.isAttached {
			container = host.container
		}
		if during != before {
			held++
			result += fmt.Sprintf("; while it was held: %v", lacking(during, before))
		}
		if err != nil {
			wrong++
			result = "WRONG: " + err.Error()
		}
		fmt.Printf("%3d  %-8s %-8s after %5.2f s: %s\n", i+1, owner(container), victim.whom, moment.Seconds(), result)
	}
	slices.Sort(ends)
	fmt.Printf("%d kills, %d of them while a fault could be seen, %d with something left; as before within %.1f s at the median and %.1f s at most\n",
		runs, held, wrong, ends[len(ends)/2].Seconds(), ends[len(ends)-1].Seconds())
	return wrong, nil
}

// killAt starts a run and kills a part of it after a moment. It returns what was seen at that moment in the container that is not the
// run's, and how long it took until all was as before.
func killAt(ctx context.Context, host *lab, victim victim, moment time.Duration, before string) (during string, end time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, environmentTimeout)
	defer cancel()
	l, err := newLab(ctx, host.image)
	if err != nil {
		return before, 0, err
	}
	defer l.close()
	l.args, l.env = append(l.args, longer), append(l.env, "TMPDIR="+l.folder)
	if victim.isAttached {
		l.container, l.state = host.container, host.state
		l.args = append(l.args, "--container", l.container, "--allow-destructive")
	}
	command := l.hero(l.args...)
	if err := command.Start(); err != nil {
		return before, 0, err
	}
	if victim.whom == "agent" {
		if err := l.await("the agent", func() bool { _, err := l.findInContainer("hero_chaos_agent", " link "); return err == nil }); err != nil {
			return before, 0, err
		}
	}
	time.Sleep(moment)
	victims := []int{command.Process.Pid}
	switch victim.whom {
	case "agent":
		victims[0], err = l.findInContainer("hero_chaos_agent", " link ")
	case "tree":
		victims, err = findTree(command.Process.Pid)
	}
	if err != nil {
		return before, 0, errors.Join(err, command.Process.Kill(), command.Wait())
	}
	during = before
	if victim.isAttached {
		during, _ = host.readFaults()
	}
	for _, pid := range victims {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	killed := time.Now()
	for {
		after, err := host.readFaults()
		if err == nil && after == before {
			break
		}
		if time.Since(killed) > undoLimit {
			err = errors.Join(err, command.Process.Kill(), command.Wait())
			return during, undoLimit, errors.Join(err, fmt.Errorf("before %q, after %s %q", lacking(before, after), undoLimit, lacking(after, before)))
		}
		time.Sleep(pollInterval)
	}
	_ = command.Wait()
	err = l.findLeftovers()
	end = time.Since(killed)
	if victim.whom != "tree" { // else nobody is left who could remove what the compiler leaves when it is killed
		err = errors.Join(err, l.findFiles())
	}
	return during, end, err
}

// findInContainer returns a process of the container whose command line has all of some words.
func (l *lab) findInContainer(words ...string) (int, error) {
	processes, err := l.command("docker", "top", l.container, "-eo", "pid,args")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(processes) {
		matches := true
		for _, word := range words {
			matches = matches && strings.Contains(line+" ", word)
		}
		if fields := strings.Fields(line); matches && len(fields) > 1 {
			return strconv.Atoi(fields[0])
		}
	}
	return 0, fmt.Errorf("no process of the container has %q", words)
}

// readFaults describes what faults change in a container, a line each: stopped processes, limits, sockets aside, names and room.
func (l *lab) readFaults() (string, error) {
	root, err := l.command("docker", "inspect", "--format", "{{.State.Pid}}", l.container)
	if err != nil {
		return "", err
	}
	first, err := strconv.Atoi(root)
	if err != nil {
		return "", err
	}
	tree, err := findTree(first)
	lines := map[string]bool{}
	for _, pid := range tree {
		folder := fmt.Sprintf("/proc/%d", pid)
		name, _ := os.ReadFile(filepath.Join(folder, "comm"))
		stat, _ := os.ReadFile(filepath.Join(folder, "stat"))
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "T") {
			lines[strings.TrimSpace(string(name))+" is stopped"] = true
		}
		limits, _ := os.ReadFile(filepath.Join(folder, "limits"))
		for line := range strings.Lines(string(limits)) {
			if strings.HasPrefix(line, "Max open files") {
				lines[strings.Join(strings.Fields(line), " ")] = true
			}
		}
	}
	inside := fmt.Sprintf("/proc/%d/root", first)
	aside, _ := filepath.Glob(inside + "/root/hero/var/sockets/*aside")
	for _, path := range aside {
		lines[filepath.Base(path)] = true
	}
	names, namesErr := os.ReadFile(inside + "/etc/resolv.conf")
	lines["names "+strings.Join(strings.Fields(string(names)), " ")] = true
	var disk unix.Statfs_t
	diskErr := unix.Statfs(inside+"/data", &disk)
	lines[fmt.Sprintf("disk has room %t", disk.Bavail > 0 && disk.Ffree > 0)] = true
	return strings.Join(slices.Sorted(maps.Keys(lines)), "\n"), errors.Join(err, namesErr, diskErr)
}
