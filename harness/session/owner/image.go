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

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// ImageOf returns the reference of the image to test: the one that was asked for, else the target's, which is
// built where the target says how. A distribution has no sources to build from: it has the target's archive.
func ImageOf(ctx context.Context, configuration config.Config, t *target.Target) (string, error) {
	if configuration.Image != "" {
		return configuration.Image, nil
	}
	if len(t.Image.Build) == 0 {
		return t.Image.Reference, nil
	}
	if archive := filepath.Join(configuration.Root, t.Image.Archive); t.Image.Archive != "" && exists(archive) {
		return loaded(ctx, archive)
	}
	command := exec.CommandContext(ctx, t.Image.Build[0], t.Image.Build[1:]...) //nolint:gosec // the target file is the user's own
	command.Dir = configuration.Root
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("build the image of target %s with %q: %w: %s",
			t.Name, strings.Join(t.Image.Build, " "), err, lastLine(complaint.String()))
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

// loaded gives the daemon the image of an archive.
func loaded(ctx context.Context, archive string) (string, error) {
	daemon, err := sandbox.Connect(ctx)
	if err != nil {
		return "", err
	}
	reference, err := daemon.LoadArchive(ctx, archive)
	return reference, errors.Join(err, daemon.Close())
}

// agentBinary returns the agent for the daemon's platform: the one that was handed over, or one built from
// the module.
func agentBinary(ctx context.Context, configuration config.Config) ([]byte, error) {
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
		if complaint, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the agent: %w: %s", err, lastLine(string(complaint)))
		}
	}
	binary, err := os.ReadFile(path) //nolint:gosec // named by whoever runs us
	if err != nil {
		return nil, fmt.Errorf("read the agent: %w", err)
	}
	if len(binary) == 0 {
		return nil, errors.New("read the agent: it is empty")
	}
	return binary, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
