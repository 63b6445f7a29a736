package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/creachadair/jrpc2/handler"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
)

// listen serves clients until the session is closed.
func (o *Owner) listen(ctx context.Context) error {
	var err error
	if o.listener, err = wire.ListenForOwn(ctx, "hero_chaos-"+o.id); err != nil {
		return fmt.Errorf("open the session's socket: %w", err)
	}
	o.serving.Go(func() {
		for {
			conn, err := o.listener.Accept()
			if err != nil {
				return
			}
			o.serving.Go(func() { o.serve(ctx, conn) })
		}
	})
	return nil
}

// serve answers one client. When its connection ends, its faults are undone, its leases released and its sandboxes given back: a worker
// that dies leaves nothing stopped.
func (o *Owner) serve(ctx context.Context, conn net.Conn) {
	held := &heldLeases{owner: o, ids: map[string]struct{}{}}
	defer o.endSpec(ctx, held, "")
	defer held.releaseAll(ctx)
	_ = wire.Server{Methods: o.methods(held), Dial: o.dial}.Serve(ctx, conn)
}

// methods returns the methods for one client.
func (o *Owner) methods(held *heldLeases) handler.Map {
	return protocol.WithErrors(handler.Map{
		protocol.MethodOpen: handler.New(func(ctx context.Context, p protocol.SandboxParams) (protocol.Opened, error) {
			live, err := o.openAs(ctx, p, held)
			if err != nil {
				return protocol.Opened{}, err
			}
			return live.opened, nil
		}),
		protocol.MethodOpened: handler.New(func(context.Context) ([]string, error) {
			return o.sandboxes.names(), nil
		}),
		protocol.MethodAgent: handler.New(func(ctx context.Context, p protocol.AgentParams) (json.RawMessage, error) {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return nil, err
			}
			if err := o.permit(p); err != nil {
				return nil, err
			}
			live.faults.note(p)
			return live.link.CallRaw(ctx, p.Method, p.Params)
		}),
		protocol.MethodAdopt: handler.New(func(ctx context.Context, p protocol.AdoptParams) error {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return err
			}
			return live.adopt(ctx, p)
		}),
		protocol.MethodDismiss: handler.New(func(ctx context.Context, p protocol.AdoptParams) error {
			live, err := o.open(ctx, p.Sandbox)
			if err != nil {
				return err
			}
			return live.dismiss(ctx, p.Service)
		}),
		protocol.MethodContainer: handler.New(func(ctx context.Context, p protocol.ContainerParams) (done protocol.Interruption, err error) {
			err = held.alone(ctx, p.Sandbox, func() (err error) {
				done, err = o.interrupt(ctx, p)
				return err
			})
			return done, err
		}),
		protocol.MethodBeginLasting: handler.New(held.beginLasting),
		protocol.MethodEndLasting:   handler.New(held.endLasting),

		protocol.MethodFind:      handler.New(o.find),
		protocol.MethodAbout:     handler.New(o.inspect),
		protocol.MethodCanaries:  handler.New(o.readCanaries),
		protocol.MethodLogged:    handler.New(o.findLoggedCanaries),
		protocol.MethodDisturbed: handler.New(o.findDisturbances),
		protocol.MethodOutages:   handler.New(o.findOutages),
		protocol.MethodPublished: handler.New(o.findPublished),
		protocol.MethodLease:     handler.New(held.acquire),
		protocol.MethodRelease:   handler.New(held.release),
		protocol.MethodTurn:      handler.New(o.queue.wait),
		protocol.MethodResult: handler.New(func(ctx context.Context, p protocol.ResultParams) error {
			o.endSpec(ctx, held, p.Sandbox)
			return o.writer.Result(p.Result)
		}),
		protocol.MethodRecovery: handler.New(func(_ context.Context, p protocol.RecoveryParams) error {
			o.addGap(p.Recovery.WorstGap)
			return o.writer.Recovery(p.Recovery)
		}),
	})
}

// endSpec gives back the sandboxes that a client's spec has used, and removes those that no spec needs any more.
func (o *Owner) endSpec(ctx context.Context, client *heldLeases, labelled string) {
	for _, name := range o.sandboxes.finish(client, labelled) {
		o.remove(ctx, name)
	}
}

// dial connects a client to a socket inside a sandbox.
func (o *Owner) dial(ctx context.Context, address wire.Address) (net.Conn, error) {
	live, err := o.open(ctx, address.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.link.Dial(ctx, address)
}

// findPublished returns where a published port answers.
func (o *Owner) findPublished(ctx context.Context, p protocol.PublishedParams) (protocol.Published, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return protocol.Published{}, err
	}
	address, inside, err := live.container.HostAddr(ctx, p.Port)
	return protocol.Published{Address: address, Inside: inside}, err
}

// findDisturbances returns the ends of watched processes in a sandbox that no lease explains.
func (o *Owner) findDisturbances(ctx context.Context, p protocol.DisturbedParams) ([]record.Disturbance, error) {
	past, err := o.sandboxes.pastDisturbances(ctx, p.Sandbox, p.From, p.To)
	if err != nil {
		return nil, err
	}
	live, err := o.open(ctx, p.Sandbox)
	if errors.Is(err, errGone) {
		return past, nil
	}
	if err != nil {
		return nil, err
	}
	found, err := o.disturbancesOf(ctx, live, p.From, p.To)
	return append(past, found...), err
}

// disturbancesOf returns the ends of watched processes in a sandbox that is there, between two points of the agents' clock, that no
// lease explains.
func (o *Owner) disturbancesOf(ctx context.Context, live *liveSandbox, from, to int64) ([]record.Disturbance, error) {
	if live.ended.Load() {
		return nil, nil
	}
	deaths, err := live.agent.Deaths(ctx)
	if errors.Is(err, wire.ErrLinkEnded) && o.leases.explains(subject{live.name, protocol.WholeSandbox}, from, to) {
		return nil, nil // somebody ended the container on purpose
	}
	if err != nil {
		return nil, err
	}
	var unexplained []record.Disturbance
	for _, death := range deaths {
		inside := death.At.Hi >= from && death.At.Lo <= to
		if inside && !o.explains(live, death) {
			unexplained = append(unexplained, record.Disturbance{
				Service: death.Service, Before: death.Incarnation, At: death.At, What: "its process ended",
			})
		}
	}
	return unexplained, nil
}

// findOutages returns the outages in the main sandbox, each up to the first fault that may explain it: of the service, of one that it
// depends on, or of all of the sandbox. One that no time is left of did not happen.
func (o *Owner) findOutages(ctx context.Context) (agent.Outages, error) {
	live, err := o.open(ctx, protocol.MainSandbox)
	if err != nil {
		return agent.Outages{}, err
	}
	seen, err := live.agent.Outages(ctx)
	if err != nil {
		return agent.Outages{}, err
	}
	unexplained := seen.Outages[:0]
	for _, outage := range seen.Outages {
		for _, service := range live.requirements(outage.Service) {
			if at, held := o.leases.firstHeld(subject{live.name, service}, outage.From, outage.To); held {
				outage.To, outage.Ongoing = at, false
			}
		}
		if outage.To > outage.From {
			unexplained = append(unexplained, outage)
		}
	}
	seen.Outages = unexplained
	return seen, nil
}

// dependentsStay is the assumption that dependents are not restarted with their base.
const dependentsStay = "dependents-stay"

// explains reports whether a lease explains the end of a process: one of its service, or of a service that it depends on. The latter
// counts unless the target confirms that dependents stay as they are.
func (o *Owner) explains(live *liveSandbox, death agent.Death) bool {
	services := []string{death.Service}
	if !o.target.Confirms(dependentsStay) {
		services = live.requirements(death.Service)
	}
	return slices.ContainsFunc(services, func(service string) bool {
		return o.leases.explains(subject{live.name, service}, death.At.Lo, death.At.Hi)
	})
}
