package inject

import (
	"context"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/identify"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// eagerPeriod is the time for which questions follow each other at the tick after a sign of life.
const eagerPeriod = 250 * time.Millisecond

// awaitService asks until the first good reply. It asks each millisecond after a sign of life (a new process, a change beside the socket),
// else at ask.RetryInterval. It fills Accepting, Serving and After.
func (o *observation) awaitService(ctx context.Context, respawned <-chan struct{}) {
	signs, stop := watchSocketFolder(o.params.Endpoint)
	defer stop()
	lastRefused := o.seen.Exited.Lo
	lastBad := o.seen.Exited.Lo
	var eagerUntil int64
	for ctx.Err() == nil {
		a := ask.Ask(ctx, o.params.Endpoint, ask.ReplyTimeout)
		if a.Outcome == ask.Refused || a.Peer == o.params.Victim.Serving.PID {
			lastRefused = a.Began
		} else if o.seen.Accepting == nil {
			o.seen.Accepting = &record.Interval{Lo: lastRefused, Hi: a.Connected}
		}
		if a.Outcome == ask.Good {
			// It could not serve yet when the last attempt failed.
			o.seen.Serving = &record.Interval{Lo: max(lastBad, o.seen.Accepting.Lo), Hi: a.Ended}
			o.identifyNew(ctx, a.Peer)
			return
		}
		o.seen.LastRefusal = a.Err.Error()
		lastBad = a.Began
		pause := ask.RetryInterval
		if clock.Now() < eagerUntil {
			pause = observe.TickInterval
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-respawned:
			respawned = nil
			eagerUntil = clock.Now() + int64(eagerPeriod)
		case <-signs:
			eagerUntil = clock.Now() + int64(eagerPeriod)
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// identifyNew fills After with the process that gave the good reply.
func (o *observation) identifyNew(ctx context.Context, peer int) {
	var identity protocol.Identity
	var err error
	if peer != 0 {
		identity, err = identify.Resolve(peer, o.params.SupervisorPID, record.Endpoint{Socket: o.params.Endpoint.Socket}.ByPeer())
	} else {
		identity, err = identify.Find(ctx, protocol.IdentifyParams{Endpoint: o.params.Endpoint, SupervisorPID: o.params.SupervisorPID})
	}
	if err == nil {
		o.seen.After = &identity
	}
}

// watchSocketFolder reports changes in the folder of a unix socket (inotify), where bind makes the file. A port has no folder.
func watchSocketFolder(endpoint protocol.Endpoint) (signs <-chan struct{}, stop func()) {
	if endpoint.Socket == "" {
		return nil, func() {}
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, func() {}
	}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(endpoint.Socket), unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		_ = unix.Close(fd)
		return nil, func() {}
	}
	return readSigns(fd, filepath.Base(endpoint.Socket))
}
