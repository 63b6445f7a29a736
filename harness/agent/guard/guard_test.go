package guard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
)

// The roles of the test binary in other processes.
const (
	roleVariable = "HERO_CHAOS_TEST_ROLE"
	guarding     = "guard"
	holding      = "hold"
)

// TestMain lets the test binary be a guard, and a holder of faults that is to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == guarding {
		if guard.Run(os.Stdin) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(roleVariable) == holding {
		hold(os.Args[1])
	}
	os.Exit(m.Run())
}

// hold stops a child and overwrites a file, and waits to be killed. It drops the step of a second file.
func hold(folder string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	guarded, err := guard.Start(guarding)
	check(err)
	child := exec.Command("sleep", "600")
	check(child.Start())
	process, err := procfs.ReadProcess(child.Process.Pid)
	check(err)
	var limit, size unix.Rlimit
	check(unix.Prlimit(process.PID, unix.RLIMIT_NOFILE, nil, &limit))
	check(unix.Prlimit(process.PID, unix.RLIMIT_FSIZE, nil, &size))
	kept, undone := filepath.Join(folder, "kept"), filepath.Join(folder, "undone")
	check(guarded.Add("process", guard.Step{Process: process.Incarnation, Continues: true, Descriptors: &limit, FileSize: &size}))
	check(guarded.Add("file", guard.Step{File: undone, Content: []byte("before")}))
	check(guarded.Add("other file", guard.Step{File: kept, Content: []byte("before")}))
	guarded.Drop("other file")
	check(unix.Prlimit(process.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: limit.Max}, nil))
	check(unix.Prlimit(process.PID, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 3, Max: size.Max}, nil))
	check(unix.Kill(process.PID, unix.SIGSTOP))
	check(os.WriteFile(undone, []byte("during"), 0o600))
	check(os.WriteFile(kept, []byte("during"), 0o600))
	check(os.WriteFile(filepath.Join(folder, "pid.new"), []byte(strconv.Itoa(process.PID)), 0o600))
	check(os.Rename(filepath.Join(folder, "pid.new"), filepath.Join(folder, "pid")))
	time.Sleep(time.Minute)
}

// TestFaultsOfAKilledAgentAreUndone checks processes, limits and files, and that what was undone already is left alone.
func TestFaultsOfAKilledAgentAreUndone(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	holder := exec.Command(os.Args[0], folder) //nolint:gosec // the test binary
	holder.Env = append(os.Environ(), roleVariable+"="+holding)
	holder.Stderr = os.Stderr
	g.Expect(holder.Start()).To(Succeed())
	var pid int
	g.Eventually(func() error {
		text, err := os.ReadFile(filepath.Join(folder, "pid"))
		if err == nil {
			pid, err = strconv.Atoi(string(text))
		}
		return err
	}, 10*time.Second).Should(Succeed())
	t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGKILL) })
	g.Expect(holder.Process.Kill()).To(Succeed())
	_ = holder.Wait()

	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(folder, name))
		return string(text)
	}
	g.Eventually(read, 10*time.Second).WithArguments("undone").Should(Equal("before"))
	g.Eventually(func() string {
		process, err := procfs.ReadProcess(pid)
		g.Expect(err).NotTo(HaveOccurred())
		return process.State
	}, 10*time.Second).Should(Equal("S"))
	var limit unix.Rlimit
	g.Expect(unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit)).To(Succeed())
	g.Expect(limit.Cur).To(BeNumerically(">", 3))
	g.Expect(unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit)).To(Succeed())
	g.Expect(limit.Cur).To(BeNumerically(">", 3))
	g.Expect(read("kept")).To(Equal("during"), "its step was dropped")
}
