package environment

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestOnlyOneValueOfAnEnvironmentIsTold(t *testing.T) {
	g := NewWithT(t)
	found, err := Describe(t.Context(), protocol.EnvironmentParams{PID: os.Getpid(), Variable: "PATH"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Names).To(ContainElement("HOME"))
	g.Expect(found.Names).NotTo(ContainElement(ContainSubstring("=")))
	g.Expect(found.Value).To(Equal(os.Getenv("PATH")))
	_, err = Describe(t.Context(), protocol.EnvironmentParams{PID: -1})
	g.Expect(err).To(HaveOccurred())
}

func TestProgramsAreLookedUp(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(folder, "there"), nil, 0o755)).To(Succeed()) //nolint:gosec // a program
	g.Expect(os.WriteFile(filepath.Join(folder, "plain"), nil, 0o600)).To(Succeed())
	missing, err := FindMissingPrograms(t.Context(), protocol.ProgramsParams{
		Names: []string{"there", "plain", "absent", folder + "/there", folder + "/plain", "/none/x"}, Path: "/none:" + folder,
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(missing).To(Equal(map[string]string{
		"plain": folder + "/plain is not executable", "absent": "it is nowhere in PATH",
		folder + "/plain": folder + "/plain is not executable", "/none/x": "there is no such file",
	}))
	missing, err = FindMissingPrograms(t.Context(), protocol.ProgramsParams{Names: []string{"go"}, PID: os.Getpid()})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(missing).To(BeEmpty())
}
