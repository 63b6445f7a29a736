package victim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

func TestAFloodHasNoLineEndsAndIsSaidToBeOver(t *testing.T) {
	g := NewWithT(t)
	options := victim.Options{Journal: filepath.Join(t.TempDir(), "journal"), FloodPeriod: 300 * time.Millisecond}
	r := &running{Options: options}
	r.command = exec.Command(os.Args[0], options.Args()...) //nolint:gosec // the test's own program
	r.command.Env = append(os.Environ(), asVictim+"=1")
	var output bytes.Buffer
	r.command.Stdout = &output
	g.Expect(r.command.Start()).To(Succeed())
	t.Cleanup(func() { _ = r.command.Process.Kill() })
	r.await(t, victim.EventFlooded)
	g.Expect(r.command.Process.Kill()).To(Succeed())
	_ = r.command.Wait() // "signal: killed"
	g.Expect(output.Len()).To(Equal(300_000))
	g.Expect(output.Bytes()).NotTo(ContainElement(byte('\n')))
	g.Expect(utf8.Valid(output.Bytes())).To(BeFalse())
}
