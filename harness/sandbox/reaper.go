package sandbox

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

// reaperLabel marks reapers and their images. They do not carry the session's label: a reaper must not remove itself before it is
// done, and its container is removed by itself then.
const reaperLabel = "hero_chaos.reaper"

// Reaper removes everything that carries a session's label when the session ends, however it ends.
type Reaper struct {
	conn   client.HijackedResponse
	lines  <-chan string // of its output; closed when it has ended
	stderr *tail
	gone   chan struct{}
	ended  atomic.Bool
}

// StartReaper starts the session's reaper before anything else of the session, and returns when it has reached Docker. The reaper is a
// container of a static binary for the daemon's architecture, which must call [reap.Run] when run as `reap SESSION SOCKET`. It has the
// Docker socket and an attached input. Docker closes that input when this process dies, even by SIGKILL, and the reaper then removes
// what is left.
func (d *Daemon) StartReaper(ctx context.Context, session string, binary []byte) (*Reaper, error) {
	fail := func(err error) (*Reaper, error) {
		return nil, fmt.Errorf("start the reaper of session %q: %s", session, oneLine(err.Error()))
	}
	if err := reap.CheckID(session); err != nil {
		return fail(err)
	}
	ref := fmt.Sprintf("hero_chaos/reaper:%.6x", sha256.Sum256(binary))
	if err := d.loadBinary(ctx, ref, binary, map[string]string{reaperLabel: "image"}); err != nil {
		return fail(err)
	}
	d.helper = ref
	creating, cancel := makeWhole(ctx)
	defer cancel()
	created, err := d.api.ContainerCreate(creating, d.reaperContainer(ref, session))
	if err != nil {
		return fail(err)
	}
	reaper, err := d.attachReaper(ctx, created.ID)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		// A reaper that has ended is removed by itself, which is no error.
		_, _ = d.api.ContainerRemove(ctx, created.ID, client.ContainerRemoveOptions{Force: true})
		return fail(err)
	}
	return reaper, nil
}

// reaperContainer describes the reaper's container.
func (d *Daemon) reaperContainer(ref, session string) client.ContainerCreateOptions {
	const inside = "/docker.sock"
	return client.ContainerCreateOptions{
		Config: &container.Config{
			Image:       ref,
			User:        "0",
			Cmd:         []string{"reap", session, inside},
			Labels:      map[string]string{reaperLabel: session},
			AttachStdin: true, AttachStdout: true, AttachStderr: true,
			OpenStdin: true, StdinOnce: true,
		},
		HostConfig: &container.HostConfig{
			AutoRemove:     true,
			NetworkMode:    "none",
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			SecurityOpt:    []string{"no-new-privileges", "label=disable"}, // SELinux would guard the socket
			UsernsMode:     "host",                                         // the socket is the real root's
			Mounts:         []mount.Mount{{Type: mount.TypeBind, Source: d.socket(), Target: inside}},
		},
	}
}

// socket returns the path of the daemon's socket on the daemon's own machine.
func (d *Daemon) socket() string {
	const usual = "/var/run/docker.sock"
	if path := os.Getenv("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"); path != "" {
		return path
	}
	path, local := strings.CutPrefix(d.endpoint.host, "unix://")
	if !local || d.info.OperatingSystem == "Docker Desktop" { // its daemon runs in a virtual machine
		return usual
	}
	return path
}

// attachReaper starts a created reaper, attached, and waits until it is ready.
func (d *Daemon) attachReaper(ctx context.Context, id string) (*Reaper, error) {
	attached, err := d.api.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, err
	}
	lines := make(chan string, 4) // more than a reaper ever writes
	r := &Reaper{conn: attached.HijackedResponse, lines: lines, stderr: &tail{limit: maxStderr}, gone: make(chan struct{})}
	go r.listen(lines)
	if _, err := d.api.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
		r.conn.Close()
		return nil, err
	}
	line, err := r.awaitLine(ctx, reap.Ready)
	if err == nil {
		err = checkDaemon(d.socket(), strings.TrimPrefix(line, reap.Ready+" "), d.info.ID)
	}
	if err != nil {
		r.conn.Close()
		return nil, err
	}
	return r, nil
}

// checkDaemon returns an error if the reaper's socket leads to another daemon than the session's: it would clean up there.
func checkDaemon(socket, reached, wanted string) error {
	if reached == wanted {
		return nil
	}
	return fmt.Errorf("%s on the daemon's machine leads to the Docker with the id %s, and the session's is %s: "+
		"set TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE to the path of that one's socket", socket, reached, wanted)
}

// listen passes on the lines that the reaper writes until it has ended.
func (r *Reaper) listen(lines chan<- string) {
	defer close(r.gone)
	defer close(lines)
	out, in := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(in, r.stderr, r.conn.Reader)
		_ = in.CloseWithError(err)
	}()
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		lines <- scanner.Text()
	}
}

// awaitLine returns the reaper's next line, which must begin with want.
func (r *Reaper) awaitLine(ctx context.Context, want string) (string, error) {
	select {
	case line, ok := <-r.lines:
		switch {
		case !ok:
			return "", fmt.Errorf("the reaper has ended: %s", oneLine(r.stderr.String()))
		case !strings.HasPrefix(line, want):
			return "", fmt.Errorf("the reaper wrote %q, not %q", line, want)
		}
		return line, nil
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the reaper: %w", ctx.Err())
	}
}

// Gone returns a channel that is closed when the reaper has ended. If that is before [Reaper.Close], nothing would clean up after a
// kill of this process.
func (r *Reaper) Gone() <-chan struct{} { return r.gone }

// AnnounceFile makes the reaper remove a file in a container that is not the session's if this process is killed.
func (r *Reaper) AnnounceFile(box *Sandbox, path string) error {
	if _, err := fmt.Fprintln(r.conn.Conn, reap.File, box.ID(), path); err != nil {
		return box.wrap("announce a file of", err)
	}
	return nil
}

// Close waits until the reaper has removed everything that carries the session's label. The error says what is left. A second call
// does nothing.
func (r *Reaper) Close(ctx context.Context) error {
	if r.ended.Swap(true) {
		return nil
	}
	defer r.conn.Close()
	_, err := io.WriteString(r.conn.Conn, reap.Done+"\n")
	if err = errors.Join(err, r.conn.CloseWrite()); err == nil {
		_, err = r.awaitLine(ctx, reap.Reaped)
	}
	if err != nil {
		return fmt.Errorf("clean up after the session: %w", err)
	}
	return nil
}
