package runner

import (
	"context"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// Plan divides the specs of a run into shards. durations is the record of an earlier run by whose times they are divided; if
// it is empty, all specs count the same.
func (t Tools) Plan(ctx context.Context, configuration config.Config, durations string, shards int) (shard.Plan, error) {
	var took shard.Durations
	if durations != "" {
		earlier, err := record.Load(durations)
		if err != nil {
			return shard.Plan{}, fmt.Errorf("divide by the durations of an earlier run: %w", err)
		}
		took = shard.DurationsOf(earlier)
	}
	specs, err := t.Specs(ctx, configuration)
	if err != nil {
		return shard.Plan{}, err
	}
	return shard.New(specs, took, shards)
}

// Part plans a run and writes the list of the specs of one shard, such as "2/4". The caller removes it.
func (t Tools) Part(ctx context.Context, configuration config.Config, durations, which string) (*config.Part, error) {
	number, shards, err := record.ParseShard(which)
	if err != nil {
		return nil, fmt.Errorf("run %w", err)
	}
	plan, err := t.Plan(ctx, configuration, durations, shards)
	if err != nil {
		return nil, err
	}
	return newPart(plan, number)
}

// newPart writes the list of the specs of a shard.
func newPart(plan shard.Plan, number int) (*config.Part, error) {
	return config.NewPart(record.Shard(number, len(plan.Shards)), plan.ID, plan.Shards[number-1].Specs)
}
