package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// contact is how a command reaches an image that it looks at and does not break.
type contact struct {
	Target    string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded, or hero_zero with --image or --container."`
	Image     string `help:"Image to look at in place of the target's."                                                                         placeholder:"REFERENCE"`
	Container string `help:"Running container to attach to instead of starting one."                                                           placeholder:"NAME"`
}

// make starts the target, or attaches to it, has somebody look at it, and leaves nothing behind.
func (c contact) make(ctx context.Context, change func(*target.Target), look func(*session.Session, *session.Sandbox) error) (run record.Run, err error) {
	chaos, err := c.session()
	if err != nil {
		return run, err
	}
	defer func() { _ = os.RemoveAll(chaos.Configuration.Output) }()
	change(chaos.Target)
	owner, err := owner.Open(ctx, chaos.Configuration, chaos.Target)
	if err != nil {
		return run, err
	}
	defer func() {
		err = errors.Join(err, owner.Close(context.WithoutCancel(ctx)))
		if found, loadErr := record.Load(chaos.Configuration.RecordPath()); loadErr == nil {
			run = found.Run
		}
	}()
	if err := chaos.Connect(ctx, owner.Socket(), "contact"); err != nil {
		return run, err
	}
	defer func() { _ = chaos.Disconnect() }()
	box, err := chaos.Sandbox(ctx, session.MainSandbox)
	if err != nil {
		return run, err
	}
	return run, look(chaos, box)
}

// session is one whose record and evidence nobody keeps.
func (c contact) session() (*session.Session, error) {
	configuration, err := (&runCommand{Target: c.Target, Image: c.Image, Container: c.Container, Profile: config.Quick, Procs: 1}).configuration()
	if err != nil {
		return nil, err
	}
	if tools, err := runner.FindTools(); err == nil {
		configuration.Agent = tools.Agent
	}
	described, err := target.Load(configuration.Target)
	if err != nil {
		return nil, err
	}
	if configuration.Output, err = os.MkdirTemp("", "hero_chaos-contact-"); err != nil {
		return nil, fmt.Errorf("make a folder for the record: %w", err)
	}
	return session.For(configuration, described), nil
}
