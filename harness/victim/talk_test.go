package victim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

func TestATalkerWritesItsFirstWordsAndItsLast(t *testing.T) {
	g := NewWithT(t)
	options := victim.Options{Journal: filepath.Join(t.TempDir(), "journal"), Talks: true, ExitDelay: 10 * time.Millisecond}
	command := exec.Command(os.Args[0], options.Args()...) //nolint:gosec // the test's own program
	command.Env = append(os.Environ(), asVictim+"=1")
	var output, errors bytes.Buffer
	command.Stdout, command.Stderr = &output, &errors
	g.Expect(command.Run()).To(Succeed())
	g.Expect(output.String()).To(ContainSubstring(victim.FirstWords(command.Process.Pid) + "\n"))
	g.Expect(strings.HasSuffix(errors.String(), victim.LastWords(command.Process.Pid)+"\n")).To(BeTrue())
}
