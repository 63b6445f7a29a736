package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// About is a description of how a container was made.
type About struct {
	// Command is its entry point with its arguments.
	Command []string
	// Variables are the names of its environment variables, Baked those that the image brings.
	Variables, Baked []string
	// SharesNetwork says that its network is the host's, or another container's: it sees ports and sockets that are not its own.
	SharesNetwork bool
}

// About returns how the container was made.
func (s *Sandbox) About(ctx context.Context) (About, error) {
	inspected, err := s.inspect(ctx)
	if err != nil {
		return About{}, err
	}
	about := About{
		Command:   slices.Concat(inspected.Config.Entrypoint, inspected.Config.Cmd),
		Variables: names(inspected.Config.Env),
	}
	if host := inspected.HostConfig; host != nil {
		about.SharesNetwork = host.NetworkMode.IsHost() || host.NetworkMode.IsContainer()
	}
	image, err := s.daemon.api.ImageInspect(ctx, inspected.Image)
	if err != nil {
		return about, fmt.Errorf("inspect the image of container %s: %s", s.name, oneLine(err.Error()))
	}
	if image.Config != nil {
		about.Baked = names(image.Config.Env)
	}
	return about, nil
}

// names returns the names of environment variables.
func names(environment []string) []string {
	found := make([]string, 0, len(environment))
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		found = append(found, name)
	}
	return found
}

// Logged returns the names of the needles that occur in the container's log. Docker's log is searched unredacted: the needles are
// canaries, never secrets.
func (s *Sandbox) Logged(ctx context.Context, needles map[string]string) ([]string, error) {
	inspected, err := s.inspect(ctx)
	if err != nil {
		return nil, err
	}
	log, err := s.daemon.api.ContainerLogs(ctx, s.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, s.wrap("read the log of", err)
	}
	defer func() { _ = log.Close() }()
	var stdout, stderr bytes.Buffer
	limited := &io.LimitedReader{R: log, N: logLimit}
	if inspected.Config.Tty { // both outputs are one then
		_, err = io.Copy(&stdout, limited)
	} else {
		_, err = stdcopy.StdCopy(&stdout, &stderr, limited)
	}
	if err != nil && limited.N > 0 { // a cut frame is no error
		return nil, s.wrap("read the log of", err)
	}
	var found []string
	for name, needle := range needles {
		if bytes.Contains(stdout.Bytes(), []byte(needle)) || bytes.Contains(stderr.Bytes(), []byte(needle)) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found, nil
}
