package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// imageFlags holds the flags of a command that looks at an image and breaks nothing.
type imageFlags struct {
	Target     string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded, or hero_zero with --image or --container."`
	Image      string `help:"Image to look at in place of the target's."                                                                         placeholder:"REFERENCE"`
	Container  string `help:"Running container to attach to instead of starting one."                                                           placeholder:"NAME"`
	AllowBuild bool   `help:"Let a target file from outside the repository run its image.build, a command on this machine."`
}

// look starts the target or attaches to it, calls inspect, and removes all that it made.
func (c imageFlags) look(ctx context.Context, change func(*target.Target), inspect func(*target.Target, *owner.Main) error) (run record.Run, err error) {
	configuration, t, err := c.configuration()
	if err != nil {
		return run, err
	}
	defer func() { _ = os.RemoveAll(configuration.Output) }()
	change(t)
	session, err := owner.Open(ctx, configuration, t)
	if err != nil {
		return run, err
	}
	defer func() {
		err = errors.Join(err, session.Close(context.WithoutCancel(ctx)))
		if found, loadErr := record.Load(configuration.RecordPath()); loadErr == nil {
			run = found.Run
		}
	}()
	main, err := session.Main(ctx)
	if err != nil {
		return run, err
	}
	return run, inspect(t, main)
}

// configuration returns the configuration and the target of a session whose record and evidence nobody keeps.
func (c imageFlags) configuration() (configuration config.Config, t *target.Target, err error) {
	configuration, t, err = request{target: c.Target, image: c.Image, container: c.Container, profile: config.Quick, procs: 1, allowBuild: c.AllowBuild}.resolve()
	if err != nil {
		return configuration, nil, err
	}
	if tools, err := runner.FindTools(); err == nil {
		configuration.Agent = tools.Agent
	}
	if configuration.Output, err = os.MkdirTemp("", "hero_chaos-contact-"); err != nil {
		return configuration, nil, fmt.Errorf("make a folder for the record: %w", err)
	}
	return configuration, t, nil
}
