// Package cleanup takes back what the harness brought into the container.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/handle"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// cleanupTimeout bounds the time in which the supervisor deletes our services.
const cleanupTimeout = 20 * time.Second

// Cleanup leaves a container that is not ours as it was found, even if the harness is killed: only the agent knows what to take back.
type Cleanup struct {
	mu     sync.Mutex
	params *protocol.CleanupParams
	made   bool // the folder held nothing before
}

// Plan remembers what to take back when the link ends.
func (c *Cleanup) Plan(_ context.Context, params protocol.CleanupParams) (protocol.CleanupPlan, error) {
	if params.Prefix == "" || params.Home == "" {
		return protocol.CleanupPlan{}, errors.New("plan the cleanup: it needs the prefix of our services, and our folder")
	}
	held, err := os.ReadDir(params.Home)
	empty := errors.Is(err, fs.ErrNotExist) || (err == nil && len(held) == 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.params, c.made = &params, c.made || params.Made || empty
	return protocol.CleanupPlan{Made: c.made}, nil
}

// CarryOut takes back what was planned: first what an earlier agent of the session has left, then our services and our files.
func (c *Cleanup) CarryOut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.params == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	err := takeBack(*c.params)
	if c.params.Zinit != "" || c.params.Spelling != nil { // else nothing could be registered
		err = errors.Join(err, deleteServices(ctx, *c.params))
	}
	for _, file := range c.params.Files {
		if failure := os.Remove(file); failure != nil && !errors.Is(failure, fs.ErrNotExist) {
			err = errors.Join(err, failure)
		}
	}
	if c.made {
		err = errors.Join(err, removeFolder(c.params.Home))
	}
	return err
}

// removeFolder removes a folder with all that is in it. A mount stays, empty. What is in it goes one by one: os.RemoveAll does not look into
// a mount whose parent is read-only.
func removeFolder(folder string) (err error) {
	held, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range held {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, entry.Name())))
	}
	if failure := os.Remove(folder); !errors.Is(failure, unix.EBUSY) && !errors.Is(failure, unix.EROFS) {
		err = errors.Join(err, failure)
	}
	return err
}

// takeBack undoes the faults that an earlier agent of the session has left open: it lets processes go on and puts sockets back.
func takeBack(params protocol.CleanupParams) (err error) {
	for _, stopped := range params.Stopped {
		process, failure := handle.Open(stopped)
		if failure != nil {
			continue // it is gone, and needs no undo
		}
		if failure := process.Signal(unix.SIGCONT); failure != nil && !errors.Is(failure, unix.ESRCH) {
			err = errors.Join(err, fmt.Errorf("let process %d go on: %w", stopped.PID, failure))
		}
		process.Close()
	}
	for _, socket := range params.Sockets {
		if failure := os.Rename(socket+protocol.AsideSuffix, socket); failure != nil && !errors.Is(failure, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("put the socket %s back: %w", socket, failure))
		}
	}
	return err
}

// connect connects to the supervisor in the way in which it is spoken to.
func connect(ctx context.Context, params protocol.CleanupParams) (zinit.Supervisor, error) {
	dial := func(ctx context.Context, port int) (net.Conn, error) {
		var dialer net.Dialer
		if port != 0 {
			return dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		}
		return dialer.DialContext(ctx, "unix", params.Zinit)
	}
	if params.Spelling != nil {
		return zinit.ConnectAs(dial, *params.Spelling), nil
	}
	return zinit.Connect(ctx, func(ctx context.Context) (net.Conn, error) { return dial(ctx, 0) })
}

// deleteServices deletes every service whose name begins with the prefix.
func deleteServices(ctx context.Context, params protocol.CleanupParams) error {
	supervisor, err := connect(ctx, params)
	if err != nil {
		return fmt.Errorf("delete our services: %w", err)
	}
	defer func() { _ = supervisor.Close() }()
	statuses, err := supervisor.List(ctx)
	if err != nil {
		return fmt.Errorf("delete our services: %w", err)
	}
	for _, status := range statuses {
		if !strings.HasPrefix(status.Name, params.Prefix) {
			continue
		}
		if failure := supervisor.Delete(ctx, status.Name); failure != nil && !errors.Is(failure, zinit.ErrNotFound) {
			err = errors.Join(err, fmt.Errorf("delete %s: %w", status.Name, failure))
		}
	}
	return err
}
