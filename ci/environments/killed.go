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

// killAtRandom kills, at random moments, the agent or the whole harness of runs that stop processes in a container which is not
// theirs. It prints what was not as before, and returns how many runs that were.
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
	held := 0
	for i := range runs {
		whom := []string{"agent", "harness"}[i%2]
		during, err := killAt(ctx, host, whom, time.Duration(random.Int64N(int64(momentLimit))), before)
		if ctx.Err() != nil {
			return wrong, ctx.Err()
		}
		result := "as before"
		if during != before {
			held++
			result += fmt.Sprintf("; while it was held: %v", lacking(during, before))
		}
		if err != nil {
			wrong++
			result = "WRONG: " + err.Error()
		}
		fmt.Printf("%3d  %-8s %s\n", i+1, whom, result)
	}
	fmt.Printf("%d kills, %d of them while a fault could be seen, %d not undone within %s\n", runs, held, wrong, undoLimit)
	return wrong, nil
}

// killAt starts a run, kills the agent or the harness after a moment, and returns what was seen at that moment.
func killAt(ctx context.Context, host *lab, whom string, moment time.Duration, before string) (during string, err error) {
	ctx, cancel := context.WithTimeout(ctx, environmentTimeout)
	defer cancel()
	l, err := newLab(ctx, host.image)
	if err != nil {
		return before, err
	}
	defer l.close()
	l.container, l.state = host.container, host.state
	command := l.hero(append(l.args, "--container", l.container, longer, "--allow-destructive")...)
	if err := command.Start(); err != nil {
		return before, err
	}
	if err := l.await("the agent", func() bool { _, err := l.findInContainer("hero_chaos_agent", " link "); return err == nil }); err != nil {
		return before, err
	}
	time.Sleep(moment)
	victims, err := findTree(command.Process.Pid)
	if whom == "agent" {
		var pid int
		pid, err = l.findInContainer("hero_chaos_agent", " link ")
		victims = []int{pid}
	}
	if err != nil {
		return before, errors.Join(err, command.Process.Kill(), command.Wait())
	}
	during, _ = host.readFaults()
	for _, pid := range victims {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	time.Sleep(undoLimit)
	after, err := host.readFaults()
	if err == nil && after != before {
		err = fmt.Errorf("before %q, after %s %q", lacking(before, after), undoLimit, lacking(after, before))
	}
	_ = command.Wait()
	return during, errors.Join(err, l.findLeftovers())
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
