package circumstances_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/circumstances"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
)

func TestReadSeesWhatAProcessWasStartedIn(t *testing.T) {
	g := NewWithT(t)
	salt, folder := []byte("salt"), t.TempDir()
	program, err := elf.Program(elf.Idle)
	g.Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(folder, "idle")
	g.Expect(os.WriteFile(path, program, 0o755)).To(Succeed()) //nolint:gosec // it is to be executed
	shell := exec.Command("/bin/sh", "-c", `umask 027; trap "" HUP; ulimit -n 77; exec "$0"`, path)
	shell.Dir, shell.Env = folder, []string{"WORD=value"}
	read, write, err := os.Pipe()
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = read.Close() }()
	shell.ExtraFiles = []*os.File{write}
	g.Expect(shell.Start()).To(Succeed())
	defer func() { _ = shell.Process.Kill(); _ = shell.Wait(); _ = write.Close() }()

	readProgram := func() string {
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", shell.Process.Pid))
		return link
	}
	g.Eventually(readProgram).Should(Equal(path)) // the shell has become the program
	found, err := circumstances.Read(t.Context(), protocol.CircumstancesParams{PIDs: []int{shell.Process.Pid, 1 << 22}, SupervisorPID: os.Getpid(), Salt: salt})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(HaveLen(1))
	g.Expect(found[0].PID).To(Equal(shell.Process.Pid))
	g.Expect(found[0].Unread).To(BeEmpty())
	aspects := found[0].Aspects
	g.Expect(aspects).To(HaveKeyWithValue("umask", "0027"))
	g.Expect(aspects).To(HaveKeyWithValue("ignored signals", ContainSubstring("SIGHUP")))
	g.Expect(aspects).To(HaveKeyWithValue("limit: open files", "77, at most 77"))
	g.Expect(aspects).To(HaveKeyWithValue("working directory", folder))
	g.Expect(aspects).To(HaveKeyWithValue("standard input", os.DevNull))
	g.Expect(aspects).To(HaveKeyWithValue("session", "the supervisor's"))
	g.Expect(aspects).To(HaveKeyWithValue("descriptors of the supervisor", ContainSubstring("pipe")))
	g.Expect(found[0].Environment).To(HaveKeyWithValue("WORD", protocol.MarkOf(salt, "value")))

	g.Expect(unix.Setpriority(unix.PRIO_PROCESS, shell.Process.Pid, 7)).To(Succeed())
	again, err := circumstances.Read(t.Context(), protocol.CircumstancesParams{PIDs: []int{shell.Process.Pid}, Salt: salt})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again[0].Aspects).To(HaveKeyWithValue("nice", "7"))
}
