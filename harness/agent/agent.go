// Package agent runs inside the container. It identifies processes, injects faults, observes what follows and undoes them, by one
// clock. It needs root, and no shell, port or capability beyond Docker's defaults.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/creachadair/jrpc2/handler"
	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/census"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/circumstances"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/cleanup"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clients"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clock"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/command"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/environment"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/files"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/identify"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/inject"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/lasting"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/observe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/trial"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// Run serves the calls of a session's owner over one link until it ends, also by a lost heartbeat (package wire). Then it undoes
// every open fault and removes what it installed. The error says what it could not take back. The guard, which may be nil, undoes the open
// faults if this process is killed.
func Run(ctx context.Context, link io.ReadWriteCloser, guarding *guard.Guard) error {
	observer, err := observe.New()
	if err != nil {
		return err
	}
	injector := inject.New(observer, guarding)
	watched := census.New(observer)
	var crowds census.Crowds
	var trials trial.Trials
	holder := lasting.Holder{Guard: guarding}
	var services cleanup.Cleanup
	var victims cleanup.Victims
	methods := handler.Map{
		protocol.MethodHello:       handler.New(hello),
		protocol.MethodCalibrate:   handler.New(observer.Calibrate),
		protocol.MethodIdentify:    handler.New(identify.Find),
		protocol.MethodListeners:   handler.New(identify.ListListeners),
		protocol.MethodSockets:     handler.New(identify.ListSockets),
		protocol.MethodExposed:     handler.New(identify.ListExposed),
		protocol.MethodProcesses:   handler.New(func(context.Context) ([]protocol.Process, error) { return procfs.ListProcesses() }),
		protocol.MethodUsage:       handler.New(procfs.ReadUsage),
		protocol.MethodEnvironment: handler.New(environment.Describe),
		protocol.MethodPrograms:    handler.New(environment.FindMissingPrograms),

		protocol.MethodCircumstances: handler.New(circumstances.Read),

		protocol.MethodInject: handler.New(injector.Inject),
		protocol.MethodUndo: handler.New(func(ctx context.Context, params protocol.UndoParams) error {
			return errors.Join(holder.Undo(ctx, params), injector.Undo(ctx, params))
		}),
		protocol.MethodWatch:    handler.New(watched.Watch),
		protocol.MethodUnwatch:  handler.New(watched.Unwatch),
		protocol.MethodDeaths:   handler.New(watched.Deaths),
		protocol.MethodOutages:  handler.New(watched.Outages),
		protocol.MethodCrowd:    handler.New(crowds.Watch),
		protocol.MethodCrowdEnd: handler.New(crowds.End),
		protocol.MethodRecall:   handler.New(trials.Recall),
		protocol.MethodTrial:    handler.New(trials.Run),
		protocol.MethodRun:      handler.New(command.Run),
		protocol.MethodClients:  handler.New(clients.Play),

		protocol.MethodBeginLasting: handler.New(holder.Begin),
		protocol.MethodProveLasting: handler.New(holder.Prove),
		protocol.MethodEndLasting:   handler.New(holder.End),
		protocol.MethodCPU:          handler.New(procfs.ReadCPUTime),

		protocol.MethodReadFile:  handler.New(files.Read),
		protocol.MethodWriteFile: handler.New(files.Write),
		protocol.MethodGlob:      handler.New(files.Glob),
		protocol.MethodHash:      handler.New(files.Hash),
		protocol.MethodWalk:      handler.New(files.Walk),
		protocol.MethodLeaks:     handler.New(files.FindLeaks),
		protocol.MethodWritable:  handler.New(files.FindWritable),
		protocol.MethodDisk:      handler.New(files.MeasureDisk),
		protocol.MethodPlant:     handler.New(files.Plant),
		protocol.MethodTree:      handler.New(files.DescribeTree),

		protocol.MethodVictim:      handler.New(victims.Install),
		protocol.MethodUninstall:   handler.New(victims.Uninstall),
		protocol.MethodPlanCleanup: handler.New(services.Plan),
	}
	undoAll := func() {
		injector.UndoAll()
		holder.UndoAll()
	}
	err = wire.Server{Methods: methods, Dial: dialInside, Ended: undoAll}.Serve(ctx, link)
	crowds.EndAll()
	watched.End()
	undoAll() // what a call injected meanwhile
	err = errors.Join(err, services.CarryOut())
	victims.RemoveAll()
	return err
}

// backlogTimeout bounds the wait for room in the backlog of a unix socket.
const backlogTimeout = 2 * time.Second

// dialInside connects for the session. Like a blocking connect it waits for room in a full backlog.
func dialInside(ctx context.Context, address wire.Address) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, backlogTimeout)
	defer cancel()
	var dialer net.Dialer
	return clients.Await(ctx, func() (net.Conn, error) { return dialer.DialContext(ctx, address.Network, address.Address) })
}

// hashSelf returns the hash of the program that runs: its file may have been another one when it was executed.
var hashSelf = sync.OnceValues(func() (string, error) { return files.Sum("/proc/self/exe") })

func hello(context.Context) (protocol.Hello, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return protocol.Hello{}, fmt.Errorf("ask the kernel for its name: %w", err)
	}
	sum, err := hashSelf()
	if err != nil {
		return protocol.Hello{}, fmt.Errorf("read the program that runs: %w", err)
	}
	return protocol.Hello{SHA256: sum, PID: os.Getpid(), MonotonicNs: clock.Now(), Kernel: unix.ByteSliceToString(name.Release[:])}, nil
}
