package cli

import (
	"context"
	"io"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/discover"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// discoverCommand is hero_chaos discover.
type discoverCommand struct {
	imageFlags `embed:""`
	Name       string `default:"discovered" help:"The name of the target that is written."`
}

// Run prints a target file.
func (c discoverCommand) Run(ctx context.Context, stdout io.Writer) error {
	found, err := c.find(ctx)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, discover.YAML(found))
	return err
}

// find returns a target with what is found in the image.
func (c discoverCommand) find(ctx context.Context) (found *target.Target, err error) {
	run, err := c.look(ctx, forgetServices, func(t *target.Target, main *owner.Main) (err error) {
		found, err = discover.Describe(ctx, t, main)
		return err
	})
	if err != nil {
		return nil, err
	}
	found.Name, found.Description = c.Name, "as it was found in "+filepath.Base(run.Image)
	if c.Image != "" || c.Container != "" {
		found.Image = target.Image{Reference: run.Image}
	}
	return found, nil
}

// forgetServices removes the services, so that the image says what it ships.
func forgetServices(t *target.Target) { t.Services = nil }
