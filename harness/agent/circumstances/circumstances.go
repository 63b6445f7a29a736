// Package circumstances reads what a process was started in, from outside: what a supervisor gave to it, or took from it.
package circumstances

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// Read returns the circumstances of processes. A process that is gone is left out.
func Read(_ context.Context, params protocol.CircumstancesParams) ([]protocol.Circumstances, error) {
	supervisor := newHolder(params.SupervisorPID)
	all := []protocol.Circumstances{}
	for _, pid := range params.PIDs {
		found, err := readOne(pid, supervisor, params.Salt)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
			continue
		case err != nil:
			return nil, fmt.Errorf("read the circumstances of process %d: %w", pid, err)
		}
		all = append(all, found)
	}
	return all, nil
}

// holder is a process with which descriptors, sessions and groups are compared.
type holder struct {
	process protocol.Process
	links   map[string]bool
}

func newHolder(pid int) holder {
	h := holder{links: map[string]bool{}}
	if pid == 0 {
		return h
	}
	h.process, _ = procfs.ReadProcess(pid) // without it nothing is shared
	links, _ := procfs.ReadLinks(pid)      // as above
	for _, link := range links {
		h.links[link] = true
	}
	return h
}

// reader fills the circumstances of one process.
type reader struct {
	folder string // /proc/PID
	found  protocol.Circumstances
}

// readOne reads a process. It is an error if the process is gone; what the kernel keeps to itself is named in Unread.
func readOne(pid int, supervisor holder, salt []byte) (protocol.Circumstances, error) {
	process, err := procfs.ReadProcess(pid)
	if err != nil {
		return protocol.Circumstances{}, err
	}
	r := &reader{folder: fmt.Sprintf("/proc/%d", pid)}
	r.found = protocol.Circumstances{Incarnation: process.Incarnation, Aspects: map[string]string{}, Environment: map[string]string{}}
	r.readStatus()
	r.readBlocked()
	r.readLimits()
	r.readLinks()
	r.readScheduling(pid)
	r.readDescriptors(supervisor)
	r.readEnvironment(pid, salt)
	r.found.Aspects["session"] = supervisor.relate(process.Session, pid, supervisor.process.Session)
	r.found.Aspects["process group"] = supervisor.relate(process.Group, pid, supervisor.process.Group)
	for name, file := range map[string]string{"OOM score adjustment": "oom_score_adj", "core dump filter": "coredump_filter"} {
		r.set(name, func() (string, error) { return readText(r.folder + "/" + file) })
	}
	r.set("cgroup", func() (string, error) {
		text, err := readText(r.folder + "/cgroup")
		return withoutNumbers(text), err
	})
	if !procfs.IsSameProcess(process.Incarnation) {
		return protocol.Circumstances{}, os.ErrNotExist
	}
	slices.Sort(r.found.Unread)
	return r.found, nil
}

// set reads one aspect, or notes that it cannot be read.
func (r *reader) set(name string, read func() (string, error)) {
	value, err := read()
	if err != nil {
		r.found.Unread = append(r.found.Unread, name)
		return
	}
	r.found.Aspects[name] = value
}

func readText(path string) (string, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a file of /proc
	return strings.TrimSpace(string(data)), err
}

// statusAspects are the lines of /proc/PID/status that say what a process was started in.
var statusAspects = map[string]string{
	"Umask": "umask", "SigIgn": "ignored signals", "Uid": "uid", "Gid": "gid", "Groups": "groups",
	"CapInh": "inheritable capabilities", "CapPrm": "permitted capabilities", "CapEff": "effective capabilities",
	"CapBnd": "bounding capabilities", "CapAmb": "ambient capabilities", "NoNewPrivs": "no_new_privs", "Seccomp": "seccomp",
	"Cpus_allowed_list": "CPU affinity",
}

func (r *reader) readStatus() {
	data, err := os.ReadFile(r.folder + "/status")
	if err != nil {
		r.found.Unread = append(r.found.Unread, "status")
		return
	}
	for line := range bytes.Lines(data) {
		key, value, _ := strings.Cut(string(line), ":")
		name, told := statusAspects[key]
		if !told {
			continue
		}
		value = strings.Join(strings.Fields(value), " ")
		if name == "ignored signals" {
			mask, err := strconv.ParseUint(value, 16, 64)
			if err != nil {
				continue
			}
			value = nameSignals(mask)
		}
		r.found.Aspects[name] = value
	}
}

// readBlocked reads the signals that every thread of the process blocks. A runtime may have threads of its own for signals, and its first
// thread need not be one of them.
func (r *reader) readBlocked() {
	const aspect = "blocked signals"
	blocked, tasks := ^uint64(0), 0
	files, _ := filepath.Glob(r.folder + "/task/*/status") // the pattern is well-formed
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // a file of /proc
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(data)) {
			if text, ok := strings.CutPrefix(line, "SigBlk:"); ok {
				mask, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
				if err != nil {
					r.found.Unread = append(r.found.Unread, aspect)
					return
				}
				blocked &= mask
				tasks++
			}
		}
	}
	if tasks == 0 {
		r.found.Unread = append(r.found.Unread, aspect)
		return
	}
	r.found.Aspects[aspect] = nameSignals(blocked)
}

// nameSignals returns the names of the signals in a mask of /proc/PID/status.
func nameSignals(bits uint64) string {
	var names []string
	for bit := range 64 {
		if bits&(1<<bit) == 0 {
			continue
		}
		name := unix.SignalName(unix.Signal(bit + 1))
		if name == "" {
			name = fmt.Sprintf("signal %d", bit+1)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}

// limitColumns splits a line of /proc/PID/limits: name, soft limit, hard limit, unit.
var limitColumns = regexp.MustCompile(`\s{2,}`)

func (r *reader) readLimits() {
	data, err := os.ReadFile(r.folder + "/limits")
	if err != nil {
		r.found.Unread = append(r.found.Unread, "limits")
		return
	}
	for line := range strings.Lines(string(data)) {
		columns := limitColumns.Split(strings.TrimSpace(line), -1)
		if name, ok := strings.CutPrefix(columns[0], "Max "); ok && len(columns) >= 3 {
			r.found.Aspects["limit: "+name] = columns[1] + ", at most " + columns[2]
		}
	}
}

func (r *reader) readLinks() {
	for name, file := range map[string]string{"working directory": "cwd", "root directory": "root", "program": "exe"} {
		r.set(name, func() (string, error) {
			target, err := os.Readlink(r.folder + "/" + file)
			return strings.TrimSuffix(target, " (deleted)"), err
		})
	}
	namespaces, err := os.ReadDir(r.folder + "/ns")
	if err != nil {
		r.found.Unread = append(r.found.Unread, "namespaces")
		return
	}
	for _, namespace := range namespaces {
		r.set("namespace: "+namespace.Name(), func() (string, error) { return os.Readlink(r.folder + "/ns/" + namespace.Name()) })
	}
}

// readScheduling reads the fields of /proc/PID/stat that say how a process is scheduled, and its terminal (proc(5): 7, 19, 40, 41).
func (r *reader) readScheduling(pid int) {
	fields := map[string]int{"terminal": 7, "nice": 19, "real-time priority": 40, "scheduling policy": 41}
	data, err := os.ReadFile(r.folder + "/stat")
	words := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	for name, field := range fields {
		if err != nil || len(words) <= field-3 {
			r.found.Unread = append(r.found.Unread, name)
			continue
		}
		r.found.Aspects[name] = words[field-3]
	}
	const whoProcess = 1 // IOPRIO_WHO_PROCESS
	priority, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, whoProcess, uintptr(pid), 0)
	if errno != 0 {
		r.found.Unread = append(r.found.Unread, "I/O priority")
		return
	}
	r.found.Aspects["I/O priority"] = strconv.Itoa(int(priority))
}

// readDescriptors reads the three standard descriptors, and those that a process shares with its supervisor: it inherited them.
func (r *reader) readDescriptors(supervisor holder) {
	entries, err := os.ReadDir(r.folder + "/fd")
	if err != nil {
		r.found.Unread = append(r.found.Unread, "descriptors")
		return
	}
	standard := map[string]string{"0": "standard input", "1": "standard output", "2": "standard error"}
	for _, name := range standard {
		r.found.Aspects[name] = "closed"
	}
	var inherited []string
	for _, entry := range entries {
		link, err := os.Readlink(filepath.Join(r.folder, "fd", entry.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		if name, ok := standard[entry.Name()]; ok {
			r.found.Aspects[name] = kindOf(link)
		} else if supervisor.links[link] && isShareable(link) {
			inherited = append(inherited, kindOf(link))
		}
	}
	slices.Sort(inherited)
	r.found.Aspects["descriptors of the supervisor"] = strings.Join(inherited, " ")
	if len(inherited) == 0 {
		r.found.Aspects["descriptors of the supervisor"] = "none"
	}
}

// isShareable reports whether two processes with that link must have inherited it: devices and anonymous files are many by one name.
func isShareable(link string) bool {
	return !strings.HasPrefix(link, "/dev/") && !strings.HasPrefix(link, "anon_inode:")
}

// kindOf returns what a descriptor refers to, without its number: the number differs from run to run.
func kindOf(link string) string {
	kind, _, numbered := strings.Cut(link, ":[")
	if numbered {
		return kind
	}
	return strings.TrimSuffix(link, " (deleted)")
}

// numbers match the parts that a supervisor may put into the name of a run's own cgroup: a pid, a job's number, an id.
var numbers = regexp.MustCompile(`[0-9a-f]{12,}|[0-9]+`)

func withoutNumbers(text string) string { return numbers.ReplaceAllString(text, "#") }

func (r *reader) readEnvironment(pid int, salt []byte) {
	entries, err := procfs.ReadEnvironment(pid)
	if err != nil {
		r.found.Unread = append(r.found.Unread, "environment")
		return
	}
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		r.found.Environment[name] = protocol.MarkOf(salt, value)
	}
}

// relate says whose session or group an id is: the process's own, the supervisor's (theirs), or another's. An id of 0 is
// compared as every other: the kernel gives it to all whose leader is outside of this PID namespace (proc(5)).
func (h holder) relate(id, pid, theirs int) string {
	switch {
	case id == pid:
		return "its own"
	case h.process.PID != 0 && id == theirs:
		return "the supervisor's"
	}
	return "another's"
}
