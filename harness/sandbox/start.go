package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

// startPeriod is the time for which a new container must run to count as started. An image that cannot run at all ends within it.
const startPeriod = 250 * time.Millisecond

// cleanupTimeout bounds what is done after a caller's context has ended.
const cleanupTimeout = 20 * time.Second

// Options describe a container to start.
type Options struct {
	Image   string // reference of the image, which is pulled only if the daemon does not have it
	Session string // id of the session: the value of the label by which the reaper finds everything
	Name    string // of the container; empty: Docker makes one up

	ContainerPort int // the TCP port to publish; 0: none, whatever the image exposes
	HostPort      int // the host's port for it; 0: any free port

	// DataTarget is a directory of the container that outlives it, empty for none. Its content is in DataDir, a directory of the
	// daemon's machine, or in the volume DataVolume, which is made for the session if it does not exist. Give one of the two.
	DataTarget, DataDir, DataVolume string
	// DataBytes makes DataVolume a file system in memory of that size, with DataInodes files at most. It is kept over restarts of
	// the container if the daemon has a reaper. 0: the volume is on the host's disk.
	DataBytes, DataInodes int64

	Env map[string]string // plain environment variables
	// Secrets are names of environment variables that are passed on from this process if they are set. Their values go through
	// Docker's API, and appear in nothing that this package writes.
	Secrets []string

	Capabilities []string // added to Docker's own, without CAP_

	CPUShares int64 // its share of scarce processors; 0: Docker's 1024

	StopTimeout time.Duration // whole seconds between SIGTERM and SIGKILL; 0: Docker's 10 s
}

// Start starts a container and returns when it has run for a moment. It does not check that anything in it is ready. The error is one
// line that says what is wrong: no image, a port or name in use, or a container that ended at once, with its last lines.
func (d *Daemon) Start(ctx context.Context, o Options) (*Sandbox, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	image, err := d.Image(ctx, o.Image)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	creating, cancel := makeWhole(ctx)
	defer cancel()
	if o.DataVolume != "" {
		volume := client.VolumeCreateOptions{Name: o.DataVolume, Labels: o.labels(), DriverOpts: o.volumeOptions()}
		if _, err := d.api.VolumeCreate(creating, volume); err != nil {
			return nil, fmt.Errorf("make volume %s: %s", o.DataVolume, oneLine(err.Error()))
		}
	}
	created, err := testcontainers.GenericContainer(creating, testcontainers.GenericContainerRequest{
		ContainerRequest: o.request(d.host),
		ProviderType:     testcontainers.ProviderDocker,
		Started:          true,
	})
	box := &Sandbox{daemon: d, image: image, secrets: o.Secrets}
	if created != nil {
		box.id = created.GetContainerID()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %s", o.Image, explain(err, o)), box.discard(ctx))
	}
	if err := box.awaitStart(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", o.Image, err), box.discard(ctx))
	}
	if o.DataBytes > 0 && d.helper != "" {
		if err := d.keepVolume(creating, o); err != nil {
			return nil, errors.Join(fmt.Errorf("keep volume %s: %s", o.DataVolume, oneLine(err.Error())), box.discard(ctx))
		}
	}
	return box, nil
}

// keepVolume starts a container that waits until the reaper removes it. It uses a volume in memory, which then outlives a restart of the
// container that it is for.
func (d *Daemon) keepVolume(ctx context.Context, o Options) error {
	created, err := d.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: &container.Config{Image: d.helper, Cmd: []string{"victim", "idle"}, Labels: o.labels()},
		HostConfig: &container.HostConfig{
			NetworkMode: "none", ReadonlyRootfs: true, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
			Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: o.DataVolume, Target: "/data", VolumeOptions: &mount.VolumeOptions{NoCopy: true}}},
		},
	})
	if err != nil {
		return err
	}
	_, err = d.api.ContainerStart(ctx, created.ID, client.ContainerStartOptions{})
	return err
}

// createTimeout bounds how long Docker may take to create a container and to start it.
const createTimeout = time.Minute

// makeWhole returns a context for what Docker creates. It outlives an interrupt: Docker goes on with what nobody waits for any more, and
// nobody would know of it.
func makeWhole(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
}

// check returns an error if the options contradict each other.
func (o Options) check() error {
	if err := reap.CheckID(o.Session); err != nil {
		return fmt.Errorf("start %q: %w", o.Image, err)
	}
	var wrong string
	switch {
	case o.Image == "":
		wrong = "no image is given"
	case min(o.ContainerPort, o.HostPort) < 0 || max(o.ContainerPort, o.HostPort) > math.MaxUint16:
		wrong = fmt.Sprintf("ports %d and %d must lie in 0..65535", o.ContainerPort, o.HostPort)
	case o.HostPort != 0 && o.ContainerPort == 0:
		wrong = fmt.Sprintf("host port %d is given, but no port of the container", o.HostPort)
	case (o.DataDir != "" || o.DataVolume != "") != (o.DataTarget != ""), o.DataDir != "" && o.DataVolume != "":
		wrong = "data needs a target and either a directory or a volume"
	case o.DataBytes < 0 || o.DataInodes < 0 || (o.DataBytes == 0) != (o.DataInodes == 0) || o.DataBytes > 0 && o.DataVolume == "":
		wrong = "a volume in memory needs a name, a size and a number of files"
	case o.StopTimeout < 0 || o.StopTimeout%time.Second != 0:
		wrong = fmt.Sprintf("stop timeout %s must be whole seconds", o.StopTimeout)
	default:
		return nil
	}
	return fmt.Errorf("start %q: %s", o.Image, wrong)
}

// volumeOptions returns how Docker's local driver mounts the volume, nil for a folder on the host's disk.
func (o Options) volumeOptions() map[string]string {
	if o.DataBytes == 0 {
		return nil
	}
	return map[string]string{
		"type": "tmpfs", "device": "tmpfs", "o": fmt.Sprintf("size=%d,nr_inodes=%d", o.DataBytes, o.DataInodes),
	}
}

func (o Options) labels() map[string]string { return map[string]string{reap.Label: o.Session} }

// request describes the container for testcontainers. host is where published ports answer: on this machine a port is published to the
// loopback alone.
func (o Options) request(host string) testcontainers.ContainerRequest {
	bindings := o.bindings(host)
	request := testcontainers.ContainerRequest{Image: o.Image, Name: o.Name, Env: o.environment(), Labels: o.labels()}
	for port := range bindings {
		request.ExposedPorts = append(request.ExposedPorts, port.String())
	}
	var made *container.HostConfig
	request.HostConfigModifier = func(host *container.HostConfig) {
		host.PortBindings, host.Mounts = bindings, o.mounts()
		host.CPUShares, host.CapAdd = o.CPUShares, o.Capabilities
		made = host
	}
	request.ConfigModifier = func(config *container.Config) {
		if o.StopTimeout > 0 {
			seconds := int(o.StopTimeout / time.Second)
			config.StopTimeout = &seconds
		}
	}
	request.LifecycleHooks = []testcontainers.ContainerLifecycleHooks{{
		PreCreates: []testcontainers.ContainerRequestHook{func(context.Context, testcontainers.ContainerRequest) error {
			made.PortBindings = bindings // testcontainers has by now published all that the image exposes
			return nil
		}},
	}}
	return request
}

func (o Options) bindings(host string) network.PortMap {
	port, ok := network.PortFrom(uint16(o.ContainerPort), network.TCP) //nolint:gosec // check has bounded it
	if !ok || o.ContainerPort == 0 {
		return network.PortMap{}
	}
	binding := network.PortBinding{HostPort: strconv.Itoa(o.HostPort)}
	if host == loopback {
		binding.HostIP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return network.PortMap{port: {binding}}
}

func (o Options) mounts() []mount.Mount {
	switch {
	case o.DataVolume != "":
		return []mount.Mount{{Type: mount.TypeVolume, Source: o.DataVolume, Target: o.DataTarget}}
	case o.DataDir != "":
		dir, err := filepath.Abs(o.DataDir)
		if err != nil {
			dir = o.DataDir // Docker refuses it by name
		}
		return []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: o.DataTarget}}
	}
	return nil
}

func (o Options) environment() map[string]string {
	env := maps.Clone(o.Env)
	if env == nil {
		env = map[string]string{}
	}
	for _, name := range o.Secrets {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	return env
}

// explain says why Docker did not start a container, in Docker's words if it knows no better ones.
func explain(err error, o Options) string {
	text := oneLine(err.Error())
	port := strconv.Itoa(o.HostPort)
	inUse := strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use")
	switch {
	case inUse && o.HostPort != 0:
		return "host port " + port + " is in use; stop what uses it or choose another"
	case strings.Contains(text, "is already in use by container"):
		return "a container called " + o.Name + " exists already; remove it or attach to it"
	}
	return regexp.MustCompile(`^(create container: |container create: |start container: |container start: |Error response from daemon: )+`).
		ReplaceAllString(text, "")
}

// discard removes what a failed start has left, even if the caller's context has ended.
func (s *Sandbox) discard(ctx context.Context) error {
	if s.id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	return s.Remove(ctx)
}

// awaitStart returns an error if the container ends within startPeriod, and reads its description.
func (s *Sandbox) awaitStart(ctx context.Context) error {
	start, cancel := context.WithTimeout(ctx, startPeriod)
	defer cancel()
	if _, err := s.WaitExit(start); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err := s.Running(ctx); err != nil {
		return err
	}
	about, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	s.name = strings.TrimPrefix(about.Name, "/")
	if about.Image != s.image.ID {
		return fmt.Errorf("the container runs image %s, not %s: the name was moved to another image meanwhile", about.Image, s.image.ID)
	}
	return nil
}
