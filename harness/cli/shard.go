package cli

import (
	"context"
	"io"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// shardFlags are the flags that choose how a run is divided into shards.
type shardFlags struct {
	Durations string `help:"Record of an earlier run, to divide this one by what its specs took: the same for every shard. Default: all specs count the same." placeholder:"RECORD" type:"path"`
}

// shardCommand is hero_chaos shard.
type shardCommand struct {
	Shards  int    `arg:"" name:"n" help:"How many parts."`
	Target  string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded."`
	Focus   string `help:"Promises to check, as in run."`
	Service string `help:"The one service to check."`
	Samples int    `help:"How often the endings of victims are repeated, as in run." default:"1"`
	Profile string `help:"quick or faithful." enum:"quick,faithful" default:"quick"`
	shardFlags
}

// Run prints the plan.
func (c *shardCommand) Run(ctx context.Context, stdout io.Writer) error {
	configuration, _, err := request{target: c.Target, focus: c.Focus, service: c.Service, samples: c.Samples, profile: c.Profile, allowBuild: true}.resolve()
	if err != nil {
		return err
	}
	if _, err := promise.ParseFocus(c.Focus); err != nil {
		return err
	}
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	plan, err := tools.Plan(ctx, configuration, c.Durations, c.Shards)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, plan.Text())
	return err
}
