package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// place is where a service answers. One trial at a time sets it up. A trial that only waits for a reply which never comes gives the
// place free once it is connected. An impostor that behaves well is alone in the place.
type place struct {
	path string // of a unix socket, empty for a port

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each change
	busy     bool          // somebody sets it up
	trials   int           // under way
	aside    bool          // the service's own socket was moved
	controls map[string]protocol.CommandResult
	deciding sync.Mutex // one control at a time
}

// enter waits for the place and moves the service's own socket aside. With alone it waits until no trial is running.
func (p *place) enter(ctx context.Context, alone bool) error {
	for {
		p.mu.Lock()
		if !p.busy && (!alone || p.trials == 0) {
			err := p.moveAside()
			if err == nil {
				p.busy = true
				p.trials++
			}
			p.mu.Unlock()
			return err
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leave frees the place for the next trial.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	p.tell()
}

// end puts the service's own socket back if this was the last running trial.
func (p *place) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trials--
	if p.trials == 0 {
		p.putBack()
	}
	p.tell()
}

func (p *place) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// moveAside renames the service's own socket unless that is done already. The caller holds the lock.
func (p *place) moveAside() error {
	if p.path == "" || p.trials > 0 {
		return nil
	}
	err := os.Rename(p.path, p.path+protocol.AsideSuffix)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("move %s aside: %w", p.path, err)
	}
	p.aside = err == nil
	return nil
}

// putBack removes whatever is in the place and puts the service's own socket back. The caller holds the lock.
func (p *place) putBack() {
	if p.path == "" {
		return
	}
	_ = os.Remove(p.path)
	if p.aside {
		_ = os.Rename(p.path+protocol.AsideSuffix, p.path)
		p.aside = false
	}
}

// controlResult returns how a command ended before a service that behaves well. It calls run once to find out.
func (p *place) controlResult(ctx context.Context, exec string, run func() (protocol.CommandResult, error)) (protocol.CommandResult, error) {
	p.deciding.Lock()
	defer p.deciding.Unlock()
	if ran, known := p.controls[exec]; known {
		return ran, nil
	}
	ran, err := run()
	if err == nil && ctx.Err() == nil {
		p.controls[exec] = ran
	}
	return ran, err
}
