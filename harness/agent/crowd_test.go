package agent_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// startVictim starts a victim that serves nothing, and returns how to kill it.
func startVictim(t *testing.T, argv []string) (kill func()) {
	t.Helper()
	command := exec.Command(argv[0], argv[1:]...) //nolint:gosec // this very test
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	t.Cleanup(kill)
	return kill
}

// countOf counts while what is given happens, until as many as wanted were seen together, or no more looks come.
func countOf(t *testing.T, client protocol.Client, argv []string, looks int, meanwhile func()) protocol.Crowd {
	t.Helper()
	ctx := deadline(t)
	if err := client.WatchCrowd(ctx, "count", map[string][]string{"it": argv}); err != nil {
		t.Fatal(err)
	}
	if err := client.WatchCrowd(ctx, "count", nil); err == nil {
		t.Error("a second count of the same name was begun")
	}
	meanwhile()
	time.Sleep(time.Duration(looks) * 10 * time.Millisecond) // so many looks
	crowd, err := client.EndCrowd(ctx, "count")
	if err != nil {
		t.Fatal(err)
	}
	if crowd.Looks == 0 || crowd.Took <= 0 {
		t.Errorf("there were %d looks in %s", crowd.Looks, crowd.Took)
	}
	return crowd
}

func TestACrowdCountsWhoLivesAtTheSameTime(t *testing.T) {
	argv := victimCommand(t, victim.Options{Journal: filepath.Join(t.TempDir(), "journal")})
	client, _ := linkAgent(t)
	const looks = 50
	killFirst := startVictim(t, argv)
	if one := countOf(t, client, argv, looks, func() {}); len(one.Most["it"].PIDs) != 1 {
		t.Errorf("of one process there are %+v", one.Most)
	}
	successive := countOf(t, client, argv, looks, func() {
		killFirst()
		killFirst = startVictim(t, argv)
	})
	if len(successive.Most["it"].PIDs) != 1 {
		t.Errorf("two that follow each other are %+v", successive.Most)
	}
	both := countOf(t, client, argv, looks, func() { startVictim(t, argv) })
	if len(both.Most["it"].PIDs) != 2 || both.Most["it"].At.Lo >= both.Most["it"].At.Hi {
		t.Errorf("two at once are %+v", both.Most)
	}
	if _, err := client.EndCrowd(deadline(t), "count"); err == nil {
		t.Error("a count was ended twice")
	}
}

// TestUsageIsWhatAProcessHolds counts the files of a child with seven more than another has: this process closes files of earlier tests.
func TestUsageIsWhatAProcessHolds(t *testing.T) {
	client, _ := linkAgent(t)
	path := filepath.Join(t.TempDir(), "held")
	measure := func(count int) protocol.Usage {
		child := exec.Command("cat")
		in, inErr := child.StdinPipe()
		out, outErr := child.StdoutPipe()
		if err := errors.Join(inErr, outErr); err != nil {
			t.Fatal(err)
		}
		for range count {
			file, err := os.Create(path) //nolint:gosec // the test's own
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			child.ExtraFiles = append(child.ExtraFiles, file)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = child.Process.Kill()
			_ = child.Wait()
		}()
		// One that answers has been loaded: its libraries are closed.
		if _, err := in.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		usage, err := client.Usage(deadline(t), child.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		return usage
	}
	before, after := measure(0), measure(7)
	if more := after.Descriptors - before.Descriptors; more != 7 {
		t.Errorf("7 files more are %d", more)
	}
	if !slices.Contains(after.Files, path) || slices.Contains(before.Files, path) {
		t.Errorf("open files: %v", after.Files)
	}
	if after.Threads != 1 || after.Resident <= 0 {
		t.Errorf("%d threads, %d bytes", after.Threads, after.Resident)
	}
	if _, err := client.Usage(deadline(t), 1<<22+1); err == nil || !strings.Contains(err.Error(), "read what process") {
		t.Errorf("a process that is not there: %v", err)
	}
}

func TestAFileIsReplacedAndNotMade(t *testing.T) {
	client, _ := linkAgent(t)
	path := filepath.Join(t.TempDir(), "state")
	if err := client.WriteFile(deadline(t), path, []byte("x")); err == nil {
		t.Error("a file was made")
	}
	if err := os.WriteFile(path, []byte("a long content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := client.WriteFile(deadline(t), path, []byte("\x00\xff")); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "\x00\xff" { //nolint:gosec // the test's own
		t.Errorf("it holds %q: %v", content, err)
	}
}
