package cli

import (
	"context"
	"fmt"
	"io"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// dividing is how a command is told by what a run is divided.
type dividing struct {
	Durations string `help:"Record of an earlier run, to divide this one by what its specs took: the same for every shard. Default: all specs count the same." placeholder:"RECORD" type:"path"`
}

// plan divides what a run would ask.
func (d dividing) plan(ctx context.Context, tools runner.Tools, configuration config.Config, shards int) (shard.Plan, error) {
	var took shard.Durations
	if d.Durations != "" {
		earlier, err := record.Load(d.Durations)
		if err != nil {
			return shard.Plan{}, fmt.Errorf("divide by the durations of an earlier run: %w", err)
		}
		took = shard.DurationsOf(earlier)
	}
	specs, err := tools.Specs(ctx, configuration)
	if err != nil {
		return shard.Plan{}, err
	}
	return shard.New(specs, took, shards)
}

// part is the one of a run that --shard names. Whoever asks for it removes it.
func (c *runCommand) part(ctx context.Context, tools runner.Tools, configuration config.Config) (*config.Part, error) {
	number, shards, err := record.ParseShard(c.Shard)
	if err != nil {
		return nil, fmt.Errorf("run %w", err)
	}
	plan, err := c.plan(ctx, tools, configuration, shards)
	if err != nil {
		return nil, err
	}
	return handOver(plan, number)
}

// handOver writes down which specs a shard has.
func handOver(plan shard.Plan, number int) (*config.Part, error) {
	return config.NewPart(record.Shard(number, len(plan.Shards)), plan.ID, plan.Shards[number-1].Specs)
}

type shardCommand struct {
	Shards  int    `arg:"" name:"n" help:"How many parts."`
	Target  string `help:"Name of a target in fixtures/targets, or a target file. Default: embedded."`
	Focus   string `help:"Promises to check, as in run."`
	Service string `help:"The one service to check."`
	Samples int    `help:"How often the endings of victims are repeated, as in run." default:"1"`
	Profile string `help:"quick or faithful." enum:"quick,faithful" default:"quick"`
	dividing
}

// Run prints the plan.
func (c *shardCommand) Run(ctx context.Context, stdout io.Writer) error {
	asked := runCommand{Target: c.Target, Focus: c.Focus, Service: c.Service, Samples: c.Samples, Profile: c.Profile}
	configuration, err := asked.configuration()
	if err != nil {
		return err
	}
	if _, err := promise.Match(c.Focus); err != nil {
		return err
	}
	tools, err := runner.FindTools()
	if err != nil {
		return err
	}
	plan, err := c.plan(ctx, tools, configuration, c.Shards)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, plan.Text())
	return err
}
