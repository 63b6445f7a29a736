package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// turns is in how many chunks two images are run by turns: A, B, B, A. Two are the fewest with which neither image is the
// first more often, so that a host that becomes slower all along slows both down alike. More of them would even out what
// comes and goes, and each takes a start of the session and the time of its slowest spec once more for both images.
const turns = 2

// side is one of two images that are run by turns.
type side struct {
	configuration config.Config
	chunks        []*record.Record
	passed        bool // of all chunks
}

// byTurns runs the tested image and the baseline's in chunks, each asked the same of both, and judges the tested one. The
// baseline's record lies in the folder baseline.
func (c *runCommand) byTurns(ctx context.Context, stdout io.Writer, tools runner.Tools, configuration config.Config, by means, code *outcome) error {
	plan, err := c.plan(ctx, tools, configuration, turns)
	if err != nil {
		return err
	}
	if err := configuration.RemoveOld(); err != nil {
		return err
	}
	tested, older := &side{configuration: configuration, passed: true}, &side{configuration: configuration, passed: true}
	older.configuration.Image, older.configuration.Mutant = c.BaselineImage, ""
	older.configuration.Output = filepath.Join(configuration.Output, config.BaselineFolder)
	for number := 1; number <= turns; number++ {
		order := []*side{tested, older}
		if number%2 == 0 {
			order = []*side{older, tested}
		}
		for _, one := range order {
			if err := one.run(ctx, stdout, tools, plan, number); err != nil {
				return err
			}
		}
	}
	if by.older, err = older.merged(); err != nil {
		return fmt.Errorf("the image to compare with: %w", err)
	}
	if err := runner.Sound(by.older, older.passed); err != nil {
		return fmt.Errorf("the image to compare with: %w", err)
	}
	found, err := tested.merged()
	if err != nil {
		return err
	}
	return conclude(ctx, stdout, finished{found, tested.passed, configuration.Output}, by, code)
}

// run asks the image one chunk of the plan.
func (s *side) run(ctx context.Context, stdout io.Writer, tools runner.Tools, plan shard.Plan, number int) error {
	part, err := handOver(plan, number)
	if err != nil {
		return err
	}
	defer func() { _ = part.Remove() }()
	chunk := s.configuration
	chunk.Part, chunk.Output = part, filepath.Join(s.configuration.Output, filepath.FromSlash(record.ShardFolder(number)))
	found, passed, err := measure(ctx, stdout, tools, chunk)
	if err != nil {
		return err
	}
	s.chunks, s.passed = append(s.chunks, found), s.passed && passed
	return nil
}

// merged is the record of all chunks, which lie where it looks for their evidence.
func (s *side) merged() (*record.Record, error) {
	merged, err := record.Merge(s.chunks)
	if err != nil {
		return nil, err
	}
	return merged, merged.Save(s.configuration.RecordPath())
}
