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

// About is how a container was made.
type About struct {
	// Command is its entry point with its arguments.
	Command []string
	// Variables are the names of its environment, Baked those that the image itself brings.
	Variables, Baked []string
}

// About returns how the container was made.
func (s *Sandbox) About(ctx context.Context) (About, error) {
	inspected, err := s.inspect(ctx)
	if err != nil {
		return About{}, err
	}
	about := About{
		Command:   slices.Concat(inspected.Config.Entrypoint, inspected.Config.Cmd),
		Variables: variables(inspected.Config.Env),
	}
	image, err := s.daemon.api.ImageInspect(ctx, inspected.Image)
	if err != nil {
		return about, fmt.Errorf("inspect the image of container %s: %s", s.name, oneLine(err.Error()))
	}
	if image.Config != nil {
		about.Baked = variables(image.Config.Env)
	}
	return about, nil
}

func variables(environment []string) []string {
	names := make([]string, 0, len(environment))
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	return names
}

// Logged returns which of the needles, by what they are called, occur in what the container has printed. The log
// is searched as Docker has it: the needles are canaries, for secrets must not be searched for.
func (s *Sandbox) Logged(ctx context.Context, needles map[string]string) ([]string, error) {
	inspected, err := s.inspect(ctx)
	if err != nil {
		return nil, err
	}
	log, err := s.daemon.api.ContainerLogs(ctx, s.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, s.told("read the log of", err)
	}
	defer func() { _ = log.Close() }()
	var out, complaints bytes.Buffer
	if inspected.Config.Tty { // the outputs come in one then
		_, err = io.Copy(&out, log)
	} else {
		_, err = stdcopy.StdCopy(&out, &complaints, log)
	}
	if err != nil {
		return nil, s.told("read the log of", err)
	}
	var found []string
	for name, needle := range needles {
		if bytes.Contains(out.Bytes(), []byte(needle)) || bytes.Contains(complaints.Bytes(), []byte(needle)) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found, nil
}
