package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/discover"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/inspect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
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
	owner, err := session.Open(ctx, chaos.Configuration, chaos.Target)
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
	configuration, err := (&runCommand{Target: c.Target, Image: c.Image, Container: c.Container, Profile: session.Quick, Procs: 1}).configuration()
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

type inspectCommand struct {
	contact `embed:""`
}

// Run prints what an image confirms of the contract, as a target file takes it.
func (c inspectCommand) Run(ctx context.Context, stdout io.Writer) error {
	var report inspect.Report
	began := time.Now()
	run, err := c.make(ctx, func(*target.Target) {}, func(chaos *session.Session, box *session.Sandbox) (err error) {
		report, err = inspect.Run(ctx, inspect.Of(chaos, box, began))
		return err
	})
	if err != nil {
		return err
	}
	report.Image, report.Digest = run.Image, run.Digest
	_, err = io.WriteString(stdout, report.Text())
	return err
}

type discoverCommand struct {
	contact `embed:""`
	Name    string `default:"discovered" help:"The name of the target that is written."`
}

// Run prints a target file.
func (c discoverCommand) Run(ctx context.Context, stdout io.Writer) error {
	var found *target.Target
	run, err := c.make(ctx, forgetServices, func(chaos *session.Session, box *session.Sandbox) (err error) {
		found, err = discover.Target(ctx, chaos.Target, box)
		return err
	})
	if err != nil {
		return err
	}
	found.Name, found.Description = c.Name, "as it was found in "+filepath.Base(run.Image)
	if c.Image != "" || c.Container != "" {
		found.Image = target.Image{Reference: run.Image}
	}
	_, err = io.WriteString(stdout, discover.YAML(found))
	return err
}

// forgetServices leaves it to the image to say what it ships.
func forgetServices(t *target.Target) { t.Services = nil }
