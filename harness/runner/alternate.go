package runner

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

// chunks is the number of parts in which two images take turns: A, B, B, A. With two, neither image is first more often, so a
// host that slows down slows both alike. Each further chunk would cost both images a start and the wait for a slowest spec.
const chunks = 2

// side is one of two images that take turns.
type side struct {
	configuration config.Config
	chunks        []*record.Record
	passed        bool // whether Ginkgo passed all chunks
}

// Alternate runs the tested image and another one in turns, each with the same specs in each chunk. It returns the tested run
// and the record of the other image, which lies in the folder baseline.
func (t Tools) Alternate(ctx context.Context, stdout io.Writer, configuration config.Config, image, durations string) (run Run, older *record.Record, err error) {
	plan, err := t.Plan(ctx, configuration, durations, chunks)
	if err != nil {
		return run, nil, err
	}
	if err := configuration.PrepareOutput(); err != nil {
		return run, nil, err
	}
	tested, other := &side{configuration: configuration, passed: true}, &side{configuration: configuration, passed: true}
	other.configuration.Image, other.configuration.Mutant, other.configuration.Choices = image, "", ""
	other.configuration.Output = filepath.Join(configuration.Output, config.BaselineFolder)
	if err := other.configuration.PrepareOutput(); err != nil {
		return run, nil, err
	}
	for number := 1; number <= chunks; number++ {
		order := []*side{tested, other}
		if number%2 == 0 {
			order = []*side{other, tested}
		}
		for _, s := range order {
			if err := s.run(ctx, stdout, t, plan, number); err != nil {
				return run, nil, err
			}
		}
	}
	if older, err = other.merge(); err == nil {
		err = Sound(older, other.passed)
	}
	if err != nil {
		return run, nil, fmt.Errorf("the image to compare with: %w", err)
	}
	found, err := tested.merge()
	return Run{found, tested.passed, configuration.Output}, older, err
}

// run runs one chunk of the plan.
func (s *side) run(ctx context.Context, stdout io.Writer, tools Tools, plan shard.Plan, number int) error {
	part, err := newPart(plan, number)
	if err != nil {
		return err
	}
	defer func() { _ = part.Remove() }()
	chunk := s.configuration
	chunk.Part, chunk.Output = part, filepath.Join(s.configuration.Output, filepath.FromSlash(record.ShardFolder(number)))
	run, err := tools.Execute(ctx, stdout, chunk)
	if err != nil {
		return err
	}
	s.chunks, s.passed = append(s.chunks, run.Record), s.passed && run.Passed
	return nil
}

// merge merges the records of the chunks, whose evidence lies where the merged one looks for it, and saves it.
func (s *side) merge() (*record.Record, error) {
	merged, err := record.Merge(s.chunks)
	if err != nil {
		return nil, err
	}
	return merged, merged.Save(s.configuration.RecordPath())
}
