package cleanup_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/cleanup"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
)

func TestRemoveAllEndsWhatStillRunsOfAProgram(t *testing.T) {
	g := NewWithT(t)
	path, other := filepath.Join(t.TempDir(), "idle"), filepath.Join(t.TempDir(), "idle")
	var victims, kept cleanup.Victims
	g.Expect(victims.Install(t.Context(), protocol.VictimParams{Path: path, Program: elf.Idle})).To(Succeed())
	g.Expect(kept.Install(t.Context(), protocol.VictimParams{Path: other, Program: elf.Idle, Keep: true})).To(Succeed())
	ours, another := start(t, path), start(t, other)
	victims.RemoveAll()
	kept.RemoveAll()
	g.Eventually(ours).Should(Receive(MatchError(ContainSubstring("killed"))))
	g.Consistently(another, 100*time.Millisecond).ShouldNot(Receive())
	g.Expect(path).NotTo(BeAnExistingFile())
	g.Expect(other).To(BeAnExistingFile())
}

// start starts a program and returns a channel that gets the error of its end.
func start(t *testing.T, path string) <-chan error {
	t.Helper()
	command := exec.Command(path) //nolint:gosec // the test's own program
	NewWithT(t).Expect(command.Start()).To(Succeed())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	NewWithT(t).Eventually(func() string {
		link, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", command.Process.Pid))
		return link
	}).Should(Equal(path))
	t.Cleanup(func() { _ = command.Process.Kill() })
	return ended
}

// TestServicesOfAnyUserCanMakeTheirSockets checks that the folder of victims is open for all while they are there, and no longer.
func TestServicesOfAnyUserCanMakeTheirSockets(t *testing.T) {
	const open = 0o777 | os.ModeSticky
	root := t.TempDir()
	mount, used := filepath.Join(root, "mount"), filepath.Join(root, "used")
	for _, folder := range []string{mount, filepath.Join(used, "held")} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	var victims cleanup.Victims
	for folder, want := range map[string]os.FileMode{filepath.Join(root, "new"): open, mount: open, used: 0o750} {
		g := NewWithT(t)
		g.Expect(victims.Install(t.Context(), protocol.VictimParams{Path: filepath.Join(folder, "victim"), Program: elf.Idle})).To(Succeed())
		about, err := os.Stat(folder)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(about.Mode()&(open|os.ModePerm)).To(Equal(want), folder)
	}
	victims.RemoveAll()
	about, err := os.Stat(mount)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(about.Mode().Perm()).To(Equal(os.FileMode(0o750)), "of a folder that stays")
}
