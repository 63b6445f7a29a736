package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// connectTimeout bounds a connection to the daemon. ssh has a limit of its own, 30 s.
const connectTimeout = 40 * time.Second

// Daemon is the one Docker daemon of a run.
type Daemon struct {
	api      *client.Client
	endpoint endpoint
	info     system.Info
	host     string // the name or address at which published ports answer
	tunnel   *tunnel
	helper   string // image of the agent's binary; empty before there is a reaper
}

// Connect resolves the daemon once: $DOCKER_HOST, else the docker context, else the default socket. It connects to it, and makes
// testcontainers use the same one by setting DOCKER_HOST and TESTCONTAINERS_RYUK_DISABLED for this process and its children.
//
// testcontainers 0.45 silently falls back to the local socket if the configured host fails. It prefers `tc.host` of its properties
// file, and resolves only once in a process. Therefore both clients must see the same identity of the daemon.
func Connect(ctx context.Context) (*Daemon, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	where, err := resolve()
	if err != nil {
		return nil, err
	}
	d := &Daemon{endpoint: where}
	if err := d.connect(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// connect connects both clients, and compares the daemons that answer.
func (d *Daemon) connect(ctx context.Context) (err error) {
	if d.api, err = client.New(d.endpoint.opts...); err != nil {
		return fmt.Errorf("use Docker at %s: %w", d.endpoint, err)
	}
	reply, err := d.api.Info(ctx, client.InfoOptions{})
	switch {
	case err != nil && strings.Contains(err.Error(), "permission denied"):
		return fmt.Errorf("reach Docker at %s: this user may not use its socket: add the user to the group docker, or run as root", d.endpoint)
	case err != nil:
		return fmt.Errorf("reach Docker at %s: %s; start it (ci/docker.sh) or correct DOCKER_HOST", d.endpoint, oneLine(err.Error()))
	}
	d.info = reply.Info
	if d.info.ID == "" {
		return fmt.Errorf("identify Docker at %s: it has no id, so that two daemons could not be told apart", d.endpoint)
	}
	visible := d.endpoint.host
	if d.endpoint.indirect {
		if d.tunnel, err = openTunnel(d.api.Dialer()); err != nil {
			return err
		}
		visible = d.tunnel.host()
	}
	theirs, err := pointTestcontainers(ctx, visible)
	if err != nil {
		return fmt.Errorf("use Docker at %s through testcontainers: %s", d.endpoint, oneLine(err.Error()))
	}
	if ours := identity(d.info); theirs.identity != ours {
		return fmt.Errorf("use one Docker: %s has the id %s, but testcontainers talks to %s; look at DOCKER_HOST and ~/.testcontainers.properties",
			d.endpoint, ours, theirs.identity)
	}
	d.host = theirs.host
	switch {
	case d.tunnel != nil:
		d.host = d.endpoint.hostname()
	case os.Getenv("TESTCONTAINERS_HOST_OVERRIDE") == "" && d.isOnOurNetwork(ctx):
		d.host = loopback
	}
	return nil
}

// loopback is the host of published ports if the daemon runs on this machine.
const loopback = "localhost"

// isOnOurNetwork reports whether the daemon's bridge is an interface of this machine. testcontainers takes the gateway for the daemon's
// machine if /.dockerenv exists, although the daemon may run in the same container as this process.
func (d *Daemon) isOnOurNetwork(ctx context.Context) bool {
	if !strings.HasPrefix(d.endpoint.host, "unix://") {
		return false
	}
	bridge, err := d.api.NetworkInspect(ctx, "bridge", client.NetworkInspectOptions{})
	if err != nil {
		return false
	}
	_, err = net.InterfaceByName(bridge.Network.Options["com.docker.network.bridge.name"])
	return err == nil
}

// seenDaemon is the daemon that testcontainers really talks to.
type seenDaemon struct {
	identity string
	host     string // the name or address at which published ports answer
	err      error
}

// identity returns what tells daemons apart. The id alone does not if two daemons have the same key file: two of one machine, or
// those of a machine and its copy.
func identity(info system.Info) string {
	return fmt.Sprintf("%s (%s:%s)", info.ID, info.Name, info.DockerRootDir)
}

// silence switches off testcontainers' banner, which would hide our one line. Its logger is a variable without a lock, so it is
// written only once in a process.
var silence sync.Once

// pointTestcontainers points testcontainers at host and returns the daemon that it reaches.
func pointTestcontainers(ctx context.Context, host string) (seenDaemon, error) {
	for name, value := range map[string]string{client.EnvOverrideHost: host, "TESTCONTAINERS_RYUK_DISABLED": "true"} {
		if err := os.Setenv(name, value); err != nil {
			return seenDaemon{}, err
		}
	}
	silence.Do(func() { tclog.SetDefault(tclog.NewNoopLogger()) })
	answer := make(chan seenDaemon, 1)
	go func() { // it takes no context, and panics if the daemon stops answering half-way
		defer func() {
			if p := recover(); p != nil {
				answer <- seenDaemon{err: fmt.Errorf("it gave up: %v", p)}
			}
		}()
		answer <- askTestcontainers(ctx)
	}()
	select {
	case seen := <-answer:
		return seen, seen.err
	case <-ctx.Done():
		return seenDaemon{}, fmt.Errorf("wait for its answer: %w", ctx.Err())
	}
}

// askTestcontainers returns the daemon that testcontainers talks to.
func askTestcontainers(ctx context.Context) seenDaemon {
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return seenDaemon{err: err}
	}
	defer func() { _ = provider.Close() }()
	caching, ok := provider.Client().(*testcontainers.DockerClient)
	if !ok {
		return seenDaemon{err: fmt.Errorf("its client is a %T", provider.Client())}
	}
	reply, err := caching.Client.Info(ctx, client.InfoOptions{}) // the wrapper would answer from memory
	if err != nil {
		return seenDaemon{err: err}
	}
	published, err := provider.DaemonHost(ctx)
	return seenDaemon{identity: identity(reply.Info), host: published, err: err}
}

// Close ends the connections to the daemon. Nothing is stopped or removed.
func (d *Daemon) Close() error {
	var errs []error
	if d.api != nil {
		errs = append(errs, d.api.Close())
	}
	if d.tunnel != nil {
		errs = append(errs, d.tunnel.close())
	}
	return errors.Join(errs...)
}

// ID returns the daemon's own id, the same for all its clients.
func (d *Daemon) ID() string { return d.info.ID }

// Cores returns how many processors the daemon's machine has.
func (d *Daemon) Cores() int { return d.info.NCPU }

// String returns the daemon's version, its address, and where that comes from.
func (d *Daemon) String() string {
	return fmt.Sprintf("Docker %s at %s", d.info.ServerVersion, d.endpoint)
}

// Client returns moby's client of the daemon, for what this package does not do. The daemon closes it.
func (d *Daemon) Client() *client.Client { return d.api }

// oneLine returns a text in one line.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
