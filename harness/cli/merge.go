package cli

import (
	"context"
	"fmt"
	"io"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard/gather"
)

// mergeCommand is hero_chaos merge.
type mergeCommand struct {
	Records []string `arg:"" name:"record" help:"Records of all shards of one run (record.json), each with its evidence beside it." type:"path"`
	Output  string   `help:"Folder for the record of the whole run, its reports and the evidence of all shards." placeholder:"DIR" type:"path" required:""`
	policyFlags
	baselineFlags
	signingFlags
	tellingFlags
}

// Run merges shards and judges them as one run.
func (c *mergeCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	judge, err := newJudge(c.policyFlags, c.baselineFlags, c.signingFlags, c.tellingFlags)
	if err != nil {
		return err
	}
	merged, err := gather.Merge(c.Records, c.Output)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: merged %d shards; reports go to %s\n", len(c.Records), c.Output)
	// A shard that Ginkgo did not pass, without a result that says why, has a note of it.
	return judge.conclude(ctx, stdout, runner.Run{Record: merged, Passed: len(merged.Notes) == 0, Output: c.Output}, code)
}
