package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/creachadair/jrpc2/handler"
	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// readLimit is how much of a file's end is read if the caller names no limit, in bytes.
const readLimit = 1 << 20

// Agent serves the calls of a session's owner.
type Agent struct {
	observer *Observer
	undo     Undo
	cleanup  cleanup
	trials   trials
	crowds   crowds

	mu        sync.Mutex
	census    map[string]*watch
	deaths    []protocol.Death
	installed []string
}

// Run serves one link until it ends, also by a lost heartbeat (package wire). Then it undoes every open fault and removes what it
// installed. The error says what it could not take back.
func Run(ctx context.Context, link io.ReadWriteCloser) error {
	observer, err := NewObserver()
	if err != nil {
		return err
	}
	a := &Agent{observer: observer, census: map[string]*watch{}}
	err = wire.Server{Methods: a.methods(), Dial: dialInside}.Serve(ctx, link)
	a.crowds.endAll()
	a.undo.revertAll()
	err = errors.Join(err, a.cleanup.carryOut())
	a.removeInstalled()
	return err
}

func (a *Agent) methods() handler.Map {
	return handler.Map{
		protocol.MethodHello:       handler.New(a.hello),
		protocol.MethodIdentify:    handler.New(identify),
		protocol.MethodListeners:   handler.New(listListeners),
		protocol.MethodInject:      handler.New(a.inject),
		protocol.MethodUndo:        handler.New(a.revert),
		protocol.MethodWatch:       handler.New(a.watch),
		protocol.MethodUnwatch:     handler.New(a.unwatch),
		protocol.MethodDeaths:      handler.New(a.reportDeaths),
		protocol.MethodProcesses:   handler.New(func(context.Context) ([]protocol.Process, error) { return processes() }),
		protocol.MethodCalibrate:   handler.New(a.calibrate),
		protocol.MethodVictim:      handler.New(a.installVictim),
		protocol.MethodUninstall:   handler.New(a.uninstallVictim),
		protocol.MethodPlanCleanup: handler.New(a.cleanup.plan),
		protocol.MethodReadFile:    handler.New(readFile),
		protocol.MethodGlob:        handler.New(glob),
		protocol.MethodRun:         handler.New(runCommand),
		protocol.MethodRecall:      handler.New(a.trials.recall),
		protocol.MethodTrial:       handler.New(a.trials.run),
		protocol.MethodWalk:        handler.New(walk),

		protocol.MethodEnvironment: handler.New(environment),
		protocol.MethodSockets:     handler.New(sockets),
		protocol.MethodPrograms:    handler.New(findPrograms),
		protocol.MethodHash:        handler.New(hash),
		protocol.MethodLeaks:       handler.New(leaks),
		protocol.MethodCrowd:       handler.New(a.crowds.watch),
		protocol.MethodCrowdEnd:    handler.New(a.crowds.end),
		protocol.MethodUsage:       handler.New(usage),
		protocol.MethodWriteFile:   handler.New(writeFile),
	}
}

func dialInside(ctx context.Context, address wire.Address) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, address.Network, address.Address)
}

func (a *Agent) hello(context.Context) (protocol.Hello, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return protocol.Hello{}, fmt.Errorf("ask the kernel for its name: %w", err)
	}
	return protocol.Hello{PID: os.Getpid(), MonotonicNs: now(), Kernel: unix.ByteSliceToString(name.Release[:])}, nil
}

func (a *Agent) revert(_ context.Context, params protocol.UndoParams) error {
	a.undo.revert(params.Lease)
	return nil
}

// watch adds a service's process to the census. Its end is reported as a death.
func (a *Agent) watch(_ context.Context, params protocol.WatchParams) error {
	w, err := a.observer.follow(params.Incarnation, func(at record.Interval) {
		go a.noteDeath(protocol.Death{Service: params.Service, Incarnation: params.Incarnation, At: at})
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w", params.Service, err)
	}
	a.mu.Lock()
	previous := a.census[params.Service]
	a.census[params.Service] = w
	a.mu.Unlock()
	if previous != nil {
		a.observer.unfollow(previous)
	}
	return nil
}

func (a *Agent) unwatch(_ context.Context, params protocol.WatchParams) error {
	a.mu.Lock()
	w := a.census[params.Service]
	delete(a.census, params.Service)
	a.mu.Unlock()
	if w != nil {
		a.observer.unfollow(w)
	}
	return nil
}

func (a *Agent) noteDeath(death protocol.Death) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deaths = append(a.deaths, death)
}

func (a *Agent) reportDeaths(context.Context) ([]protocol.Death, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]protocol.Death{}, a.deaths...), nil
}

// calibrate measures how precise the observer is on this host right now.
func (a *Agent) calibrate(ctx context.Context, params protocol.CalibrateParams) (protocol.Calibration, error) {
	defer a.observer.activate()()
	a.observer.wake()
	from, before := now(), pressure()
	ctx, cancel := context.WithTimeout(ctx, params.For)
	defer cancel()
	<-ctx.Done()
	to := now()
	return protocol.Calibration{From: from, To: to, WorstGap: a.observer.worstGap(from, to), Pressure: pressure() - before}, nil
}

// installVictim copies this binary to a path, so that services can be registered with it.
func (a *Agent) installVictim(_ context.Context, params protocol.VictimParams) error {
	self, err := os.Open("/proc/self/exe") // the file itself is unlinked already
	if err != nil {
		return fmt.Errorf("install the victim: %w", err)
	}
	defer func() { _ = self.Close() }()
	if err := os.MkdirAll(filepath.Dir(params.Path), 0o755); err != nil { //nolint:gosec // services of any user run it
		return fmt.Errorf("install the victim: %w", err)
	}
	if !params.Keep {
		a.mu.Lock()
		a.installed = append(a.installed, params.Path)
		a.mu.Unlock()
	}
	staged := params.Path + ".new"
	file, err := os.OpenFile(staged, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("install the victim: %w", err)
	}
	_, err = io.Copy(file, self)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("install the victim: %w", err)
	}
	if err := os.Rename(staged, params.Path); err != nil {
		return fmt.Errorf("install the victim: %w", err)
	}
	return nil
}

func (a *Agent) removeInstalled() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, path := range a.installed {
		_ = os.Remove(path)
	}
}

func readFile(_ context.Context, params protocol.FileParams) (protocol.FileContents, error) {
	file, err := os.Open(params.Path)
	if err != nil {
		return protocol.FileContents{}, err
	}
	defer func() { _ = file.Close() }()
	limit := params.Limit
	if limit <= 0 {
		limit = readLimit
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > limit {
		if _, err := file.Seek(-limit, io.SeekEnd); err != nil {
			return protocol.FileContents{}, fmt.Errorf("read %s: %w", params.Path, err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, limit))
	if err != nil {
		return protocol.FileContents{}, fmt.Errorf("read %s: %w", params.Path, err)
	}
	return protocol.FileContents{Data: data}, nil
}

func glob(_ context.Context, params protocol.FileParams) (protocol.Paths, error) {
	paths, err := filepath.Glob(params.Path)
	return protocol.Paths{Paths: paths}, err
}
