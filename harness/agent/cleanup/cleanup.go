// Package cleanup takes back what the harness brought into the container.
package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// cleanupTimeout bounds the time in which the supervisor deletes our services.
const cleanupTimeout = 20 * time.Second

// Cleanup leaves a container that is not ours as it was found, even if the harness is killed: only the agent knows what to take back.
type Cleanup struct {
	mu     sync.Mutex
	params *protocol.CleanupParams
	made   bool // the folder was not there before
}

// Plan remembers what to take back when the link ends.
func (c *Cleanup) Plan(_ context.Context, params protocol.CleanupParams) error {
	if params.Prefix == "" || params.Home == "" {
		return errors.New("plan the cleanup: it needs the prefix of our services, and our folder")
	}
	_, err := os.Stat(params.Home)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.params, c.made = &params, c.made || errors.Is(err, fs.ErrNotExist)
	return nil
}

// CarryOut deletes our services and our folder if that was planned.
func (c *Cleanup) CarryOut() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.params == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	var err error
	if c.params.Zinit != "" { // else nothing could be registered
		err = deleteServices(ctx, *c.params)
	}
	if c.made {
		err = errors.Join(err, os.RemoveAll(c.params.Home))
	}
	return err
}

// connect connects to the supervisor in the way in which it is spoken to.
func connect(ctx context.Context, params protocol.CleanupParams) (zinit.Supervisor, error) {
	dial := func(ctx context.Context) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", params.Zinit)
	}
	if params.Spelling != nil {
		return zinit.ConnectAs(func(ctx context.Context, _ int) (net.Conn, error) { return dial(ctx) }, *params.Spelling), nil
	}
	return zinit.Connect(ctx, dial)
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
