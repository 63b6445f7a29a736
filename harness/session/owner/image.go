package owner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// buildEndLimit bounds how long the command that builds an image may take to end after an interrupt.
const buildEndLimit = 5 * time.Second

// ImageOf returns the reference of the image to test: the one that was asked for, or else the target's. It builds the target's image
// if the target says how, or loads its archive, which a distribution has instead of sources.
func ImageOf(ctx context.Context, configuration config.Config, t *target.Target) (string, error) {
	if configuration.Image != "" {
		return configuration.Image, nil
	}
	if len(t.Image.Build) == 0 {
		return t.Image.Reference, nil
	}
	if archive := filepath.Join(configuration.Root, t.Image.Archive); t.Image.Archive != "" && exists(archive) {
		return loadArchive(ctx, archive)
	}
	temporary, err := os.MkdirTemp("", "hero_chaos-build-")
	if err != nil {
		return "", fmt.Errorf("build the image of target %s: %w", t.Name, err)
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	command := exec.CommandContext(ctx, t.Image.Build[0], t.Image.Build[1:]...) //nolint:gosec // the target file is the user's own
	command.Dir = configuration.Root
	command.Env = append(os.Environ(), "GOTMPDIR="+temporary) // Go leaves its files there if it is interrupted
	var output, stderr bytes.Buffer
	command.Stdout, command.Stderr = &output, &stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) } // the programs that it has started as well
	command.WaitDelay = buildEndLimit
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build the image of target %s with %q: %w: %s",
			t.Name, strings.Join(t.Image.Build, " "), err, lastLine(stderr.String()))
	}
	reference := lastLine(output.String())
	if reference == "" {
		return "", fmt.Errorf("build the image of target %s with %q: it printed no image reference", t.Name, strings.Join(t.Image.Build, " "))
	}
	return reference, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// loadArchive loads the image of an archive into the daemon.
func loadArchive(ctx context.Context, archive string) (string, error) {
	daemon, err := sandbox.Connect(ctx)
	if err != nil {
		return "", err
	}
	reference, err := daemon.LoadArchive(ctx, archive)
	return reference, errors.Join(err, daemon.Close())
}

// readAgent returns the agent's binary for the daemon's platform. It builds it from the module if the configuration names none.
func readAgent(ctx context.Context, configuration config.Config) ([]byte, error) {
	path := configuration.Agent
	if path == "" {
		directory, err := os.MkdirTemp("", "hero_chaos-agent-")
		if err != nil {
			return nil, fmt.Errorf("build the agent: %w", err)
		}
		defer func() { _ = os.RemoveAll(directory) }()
		path = filepath.Join(directory, "agent")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./harness/agent/main") //nolint:gosec // our own sources
		build.Dir = configuration.Root
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if output, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the agent: %w: %s", err, lastLine(string(output)))
		}
	}
	binary, err := os.ReadFile(path) //nolint:gosec // the user names it
	if err != nil {
		return nil, fmt.Errorf("read the agent: %w", err)
	}
	if len(binary) == 0 {
		return nil, fmt.Errorf("read the agent: %s is empty", path)
	}
	return binary, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
