package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/moby/moby/client"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/dryrun"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// planRun prints what a run would do to its target. It asks the daemon, starts nothing and writes nothing.
func planRun(ctx context.Context, stdout io.Writer, tools runner.Tools, configuration config.Config, described *target.Target) error {
	_, _ = fmt.Fprintln(stdout, "hero_chaos: this is a plan: nothing is started, and nothing is written")
	daemon, err := sandbox.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = daemon.Close() }()
	_, _ = fmt.Fprintln(stdout, daemon.Offers())
	if err := describeSubject(ctx, stdout, daemon, configuration, described); err != nil {
		return err
	}
	specs, err := tools.Specs(ctx, configuration)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, dryrun.Text(dryrun.Input{
		Config: configuration, Target: described, Specs: specs, Missing: func(f fault.Lasting) string { return findMissing(f, daemon.Offers()) },
	}))
	return err
}

// describeSubject prints which image would be tested, or which container, as the daemon knows it.
func describeSubject(ctx context.Context, stdout io.Writer, daemon *sandbox.Daemon, configuration config.Config, described *target.Target) error {
	if name := configuration.Container; name != "" {
		found, err := daemon.Client().ContainerInspect(ctx, name, client.ContainerInspectOptions{})
		if err != nil {
			return fmt.Errorf("look at the container %s: %w", name, err)
		}
		_, _ = fmt.Fprintf(stdout, "container %s, id %.12s, of the image %s\n", name, found.Container.ID, found.Container.Image)
		return nil
	}
	reference := cmp.Or(configuration.Image, described.Image.Reference)
	if reference == "" {
		_, _ = fmt.Fprintf(stdout, "image would be built by %q\n", described.Image.Build)
		return nil
	}
	if found, err := daemon.Client().ImageInspect(ctx, reference); err == nil {
		_, _ = fmt.Fprintf(stdout, "image %s, %s\n", reference, found.ID)
		return nil
	}
	_, _ = fmt.Fprintf(stdout, "image %s is not here: it would be pulled\n", reference)
	return nil
}
