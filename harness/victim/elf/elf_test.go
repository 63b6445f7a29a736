package elf_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
)

func TestProgramsDoWhatTheirNamesSay(t *testing.T) {
	for kind, code := range map[elf.Kind]int{elf.Succeed: 0, elf.Fail: 1, elf.Die: -1} {
		t.Run(string(kind), func(t *testing.T) {
			g := NewWithT(t)
			command := install(t, kind)
			g.Expect(command.Start()).To(Succeed())
			_ = command.Wait() // its error says the exit code as well
			g.Expect(command.ProcessState.ExitCode()).To(Equal(code))
		})
	}
}

func TestAnIdleProgramWaitsForASignal(t *testing.T) {
	g := NewWithT(t)
	command := install(t, elf.Idle)
	g.Expect(command.Start()).To(Succeed())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	g.Consistently(ended, 100*time.Millisecond).ShouldNot(Receive())
	g.Expect(command.Process.Kill()).To(Succeed())
	g.Eventually(ended).Should(Receive(MatchError(ContainSubstring("killed"))))
}

func TestAnUnknownProgramIsAnError(t *testing.T) {
	_, err := elf.Program("dance")
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("dance")))
}

// install writes a program to a file and returns the command that runs it.
func install(t *testing.T, kind elf.Kind) *exec.Cmd {
	t.Helper()
	g := NewWithT(t)
	program, err := elf.Program(kind)
	g.Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(t.TempDir(), string(kind))
	g.Expect(os.WriteFile(path, program, 0o755)).To(Succeed()) //nolint:gosec // it is to be executed
	return exec.Command(path)                                  //nolint:gosec // the test's own program
}
