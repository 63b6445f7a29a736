package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Sandbox is a container with a target in it.
type Sandbox struct {
	daemon   *Daemon
	id, name string
	image    Image
	secrets  []string
	foreign  bool // somebody else started it
}

// Attach returns a sandbox of a running container that somebody else started. It is never removed. secrets are the names of environment
// variables whose values must not be written anywhere.
func (d *Daemon) Attach(ctx context.Context, name string, secrets ...string) (*Sandbox, error) {
	reply, err := d.api.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil, fmt.Errorf("attach to container %s: it does not exist; running are: %s", name, d.runningNames(ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("attach to container %q: %s", name, oneLine(err.Error()))
	}
	about := reply.Container
	box := &Sandbox{daemon: d, id: about.ID, name: strings.TrimPrefix(about.Name, "/"), secrets: secrets, foreign: true}
	if err := box.Running(ctx); err != nil {
		return nil, fmt.Errorf("attach to container %s: %w; start it first", name, err)
	}
	if about.State != nil && about.State.Paused {
		return nil, fmt.Errorf("attach to container %s: it is paused: resume it first (docker unpause %s)", name, name)
	}
	box.image = Image{Ref: about.Config.Image, ID: about.Image}
	if image, err := d.api.ImageInspect(ctx, about.Image); err == nil { // its image may be gone
		box.image.Digests = image.RepoDigests
	}
	return box, nil
}

func (d *Daemon) runningNames(ctx context.Context) string {
	list, err := d.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil || len(list.Items) == 0 {
		return "none"
	}
	var names []string
	for _, c := range list.Items {
		names = append(names, strings.TrimPrefix(strings.Join(c.Names, "/"), "/"))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ID returns the container's id.
func (s *Sandbox) ID() string { return s.id }

// Name returns the container's name.
func (s *Sandbox) Name() string { return s.name }

// Image returns the image that the container runs, with the ID that Docker says of the container.
func (s *Sandbox) Image() Image { return s.image }

// HostAddr returns the addresses (host:port) at which a published TCP port of the container answers: the host's, and the container's own
// on its network, which is empty if it has none. A port that Docker chose may change with a restart.
func (s *Sandbox) HostAddr(ctx context.Context, port int) (address, inside string, err error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return "", "", err
	}
	for _, joined := range about.NetworkSettings.Networks {
		if joined.IPAddress.IsValid() {
			inside = net.JoinHostPort(joined.IPAddress.String(), strconv.Itoa(port))
		}
	}
	for published, bindings := range about.NetworkSettings.Ports {
		if int(published.Num()) == port && published.Proto() == network.TCP && len(bindings) > 0 {
			host := s.daemon.host
			if ip := bindings[0].HostIP; host == loopback && ip.IsValid() && !ip.IsUnspecified() {
				host = ip.String()
			}
			return net.JoinHostPort(host, bindings[0].HostPort), inside, nil
		}
	}
	return "", inside, fmt.Errorf("reach port %d of container %s: it is not published", port, s.name)
}

// CopyFile writes a file into the container, owned by root. The container need not run, and the directory must exist. For a read-only
// file system see [Sandbox.WritableFolders].
func (s *Sandbox) CopyFile(ctx context.Context, file string, mode fs.FileMode, content []byte) error {
	var archive bytes.Buffer
	if err := writeTar(&archive, path.Base(file), int64(mode.Perm()), content); err != nil {
		return fmt.Errorf("copy %s: %w", file, err)
	}
	copying, cancel := makeWhole(ctx)
	defer cancel()
	_, err := s.daemon.api.CopyToContainer(copying, s.id, client.CopyToContainerOptions{DestinationPath: path.Dir(file), Content: &archive})
	return s.wrap("copy "+file+" into", err)
}

// WritableFolders returns where files can be copied to: the root of the container, unless it is read-only, and mounts. A tmpfs is none:
// Docker cannot copy into it.
func (s *Sandbox) WritableFolders(ctx context.Context) ([]string, error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return nil, err
	}
	var folders []string
	if about.HostConfig == nil || !about.HostConfig.ReadonlyRootfs {
		folders = append(folders, "/")
	}
	for _, m := range about.Mounts {
		if m.RW {
			folders = append(folders, m.Destination)
		}
	}
	return folders, nil
}

// State is a container's state, as Docker reports it.
type State struct {
	Status    string // created, running, paused, restarting, exited, dead
	Running   bool   // a paused container runs too
	ExitCode  int    // of the last end
	OOMKilled bool
	StartedAt time.Time
	Error     string // why Docker could not start it
}

// Inspect returns the container's state.
func (s *Sandbox) Inspect(ctx context.Context) (State, error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return State{}, err
	}
	started, err := time.Parse(time.RFC3339Nano, about.State.StartedAt)
	if err != nil {
		return State{}, s.wrap("inspect", err)
	}
	return State{
		Status:    string(about.State.Status),
		Running:   about.State.Running,
		ExitCode:  about.State.ExitCode,
		OOMKilled: about.State.OOMKilled,
		StartedAt: started,
		Error:     about.State.Error,
	}, nil
}

func (s *Sandbox) inspect(ctx context.Context) (container.InspectResponse, error) {
	reply, err := s.daemon.api.ContainerInspect(ctx, s.id, client.ContainerInspectOptions{})
	return reply.Container, s.wrap("inspect", err)
}

// Running returns nil while the container runs, else an error with its exit code and the last lines of its log.
func (s *Sandbox) Running(ctx context.Context) error {
	state, err := s.Inspect(ctx)
	if err != nil || state.Running {
		return err
	}
	why := "killed for lack of memory"
	switch {
	case state.Error != "":
		why = oneLine(state.Error)
	case !state.OOMKilled:
		why = s.lastLines(ctx)
	}
	return fmt.Errorf("the container is %s with exit code %d: %s", state.Status, state.ExitCode, why)
}

func (s *Sandbox) lastLines(ctx context.Context) string {
	const lines = 5
	var log bytes.Buffer
	if err := s.Logs(ctx, &log, lines); err != nil {
		return err.Error()
	}
	text := strings.TrimSpace(log.String())
	if text == "" {
		return "it logged nothing"
	}
	return "last lines: " + strings.ReplaceAll(text, "\n", " | ")
}

// WaitExit waits until the container does not run and returns its exit code.
func (s *Sandbox) WaitExit(ctx context.Context) (int, error) {
	wait := s.daemon.api.ContainerWait(ctx, s.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case reply := <-wait.Result:
		return int(reply.StatusCode), nil
	case err := <-wait.Error:
		return 0, s.wrap("wait for the end of", err)
	}
}

// Stop sends the container's stop signal, and SIGKILL after timeout (whole seconds). It returns when the container has ended.
func (s *Sandbox) Stop(ctx context.Context, timeout time.Duration) error {
	seconds := int(timeout / time.Second)
	_, err := s.daemon.api.ContainerStop(ctx, s.id, client.ContainerStopOptions{Timeout: &seconds})
	return s.wrap("stop", err)
}

// Start starts the container again after it has ended, with the same file system.
func (s *Sandbox) Start(ctx context.Context) error {
	_, err := s.daemon.api.ContainerStart(ctx, s.id, client.ContainerStartOptions{})
	return s.wrap("start", err)
}

// Kill sends a signal, such as SIGTERM, to the container's first process.
func (s *Sandbox) Kill(ctx context.Context, signal string) error {
	_, err := s.daemon.api.ContainerKill(ctx, s.id, client.ContainerKillOptions{Signal: signal})
	return s.wrap("send "+signal+" to", err)
}

// Pause freezes every process of the container.
func (s *Sandbox) Pause(ctx context.Context) error {
	_, err := s.daemon.api.ContainerPause(ctx, s.id, client.ContainerPauseOptions{})
	return s.wrap("pause", err)
}

// Unpause resumes a paused container.
func (s *Sandbox) Unpause(ctx context.Context) error {
	_, err := s.daemon.api.ContainerUnpause(ctx, s.id, client.ContainerUnpauseOptions{})
	return s.wrap("unpause", err)
}

// Remove kills the container and removes it with its anonymous volumes. It refuses a container that somebody else started. One that
// does not exist any more is no error.
func (s *Sandbox) Remove(ctx context.Context) error {
	if s.foreign {
		return fmt.Errorf("remove container %s: somebody else started it", s.name)
	}
	_, err := s.daemon.api.ContainerRemove(ctx, s.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return s.wrap("remove", err)
}

// wrap adds the operation and the container to an error of Docker.
func (s *Sandbox) wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	label := s.name
	if label == "" {
		label = s.id[:min(12, len(s.id))]
	}
	return fmt.Errorf("%s container %s: %w", operation, label, err)
}
