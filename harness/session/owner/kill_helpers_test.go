package owner

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}

// prepareEmbedded builds the embedded image and the agent once, so that what is killed has no children.
var prepareEmbedded = sync.OnceValues(func() (config.Config, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	configuration, err := config.Default()
	if err != nil {
		return configuration, err
	}
	described, err := target.Load(configuration.Target)
	if err != nil {
		return configuration, err
	}
	configuration.Image, err = ImageOf(ctx, configuration, described)
	return configuration, err
})

// prepareSession connects to Docker and returns the configuration of a session of the embedded image. It skips the test if no
// daemon answers.
func prepareSession(t *testing.T) (*sandbox.Daemon, config.Config) {
	t.Helper()
	daemon, err := sandbox.Connect(deadline(t))
	if err != nil {
		t.Skipf("needs Docker: %v", err)
	}
	t.Cleanup(func() { _ = daemon.Close() })
	configuration, err := prepareEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := readAgent(deadline(t), configuration)
	if err != nil {
		t.Fatal(err)
	}
	configuration.Output = t.TempDir()
	configuration.Agent = filepath.Join(configuration.Output, "agent")
	if err := os.WriteFile(configuration.Agent, binary, 0o600); err != nil {
		t.Fatal(err)
	}
	return daemon, configuration
}

// playRole starts a role in another process. For a harness, it also returns the session's id, which is the first line of its output.
func playRole(t *testing.T, configuration config.Config, role string, environment ...string) (played *exec.Cmd, session string) {
	t.Helper()
	text, err := json.Marshal(configuration)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestARoleInAnotherProcess$") //nolint:gosec // the test binary
	command.Env = append(os.Environ(), append(environment, roleVariable+"="+role, config.Variable+"="+string(text))...)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, command) })
	if role == "harness" {
		line, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			t.Fatalf("the harness said %q and ended: %v", line, err)
		}
		session = strings.TrimSpace(line)
	}
	return command, session
}

// kill sends SIGKILL, and waits until the process is gone.
func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if command.ProcessState != nil {
		return
	}
	if err := command.Process.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
	_ = command.Wait() // "signal: killed"
}

// foreignContainer starts a container that is not the harness's, as somebody who works with the image does.
func foreignContainer(ctx context.Context, t *testing.T, daemon *sandbox.Daemon, image string) string {
	t.Helper()
	name := "hero_chaos-test-" + strings.ToLower(rand.Text()[:10])
	api := daemon.Client()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		defer cancel()
		_, _ = api.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	})
	if _, err := api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: name, Config: &container.Config{Image: image, Labels: map[string]string{"hero_chaos.test": name}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ContainerStart(ctx, name, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	return name
}

func attach(ctx context.Context, t *testing.T, daemon *sandbox.Daemon, name string) *sandbox.Sandbox {
	t.Helper()
	box, err := daemon.Attach(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// runOnce runs a program in a container, and returns what it writes to its standard output.
func runOnce(ctx context.Context, box *sandbox.Sandbox, argv ...string) (string, error) {
	stream, err := box.Exec(ctx, argv...)
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Close() }()
	output, err := io.ReadAll(stream)
	return string(output), err
}

// list returns containers by their labels.
func list(ctx context.Context, t *testing.T, daemon *sandbox.Daemon, options client.ContainerListOptions) []container.Summary {
	t.Helper()
	found, err := daemon.Client().ContainerList(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	return found.Items
}

// removeLeftovers removes the containers that a failed test has left.
func removeLeftovers(t *testing.T, daemon *sandbox.Daemon, ours client.ContainerListOptions) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	found, err := daemon.Client().ContainerList(ctx, ours)
	if err != nil {
		t.Error(err)
	}
	for _, left := range found.Items {
		_, _ = daemon.Client().ContainerRemove(ctx, left.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	}
}

// await polls until nothing is left, and fails with what is left when ctx ends.
func await(ctx context.Context, t *testing.T, what string, left func() string) {
	t.Helper()
	for {
		still := left()
		if still == "" {
			return
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			t.Fatalf("wait for %s: left is %s", what, still)
		}
	}
}

// awaitProcess waits for a process of which is returns true.
func awaitProcess(ctx context.Context, t *testing.T, box *sandbox.Sandbox, what string, is func(process) bool) {
	t.Helper()
	await(ctx, t, what, func() string {
		table := processTable(t, box)
		for _, one := range table {
			if is(one) {
				return ""
			}
		}
		return describe(table)
	})
}

// process is a line of the process table, as seen from the daemon's machine.
type process struct{ state, command string }

func (p process) isStopped() bool { return strings.HasPrefix(p.state, "T") }

// isBase reports whether it is the victim that the roles stop.
func (p process) isBase() bool {
	return strings.Contains(p.command, " victim ") && strings.Contains(p.command, "/base.sock")
}

// isOurs reports whether the harness has brought it.
func (p process) isOurs() bool {
	return strings.Contains(p.command, agentName) || strings.Contains(p.command, protocol.VictimHome+"/")
}

func describe(table []process) string {
	var text bytes.Buffer
	for _, one := range table {
		_, _ = text.WriteString(one.state + " " + one.command + "; ")
	}
	return text.String()
}

func processTable(t *testing.T, box *sandbox.Sandbox) []process {
	t.Helper()
	text, err := box.Top(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var table []process
	for line := range strings.Lines(text) {
		if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) > 3 && fields[0] != "PID" {
			table = append(table, process{state: fields[2], command: fields[len(fields)-1]})
		}
	}
	return table
}
