package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Part is the list of the specs that a shard of a run asks.
type Part struct {
	Shard string `json:"shard"` // "2/4"
	Plan  string `json:"plan"`  // the plan's ID (harness/shard)
	Count int    `json:"count"` // of the specs
	// Path is a file that lists them: of many they are more than an environment variable holds.
	Path string `json:"path"`
}

// NewPart writes the list of a shard's specs to a temporary file, which Remove removes.
func NewPart(shard, plan string, specs []record.Key) (*Part, error) {
	text, err := json.Marshal(specs)
	if err != nil {
		return nil, fmt.Errorf("write the list of the specs of shard %s: %w", shard, err)
	}
	file, err := os.CreateTemp("", "hero_chaos-shard-*.json")
	if err != nil {
		return nil, fmt.Errorf("write the list of the specs of shard %s: %w", shard, err)
	}
	part := &Part{Shard: shard, Plan: plan, Count: len(specs), Path: file.Name()}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("write the list of the specs of shard %s: %w", shard, errors.Join(err, part.Remove()))
	}
	return part, nil
}

// Remove removes the list.
func (p *Part) Remove() error { return os.Remove(p.Path) }

// specs reads the list.
func (p *Part) specs() (map[record.Key]bool, error) {
	text, err := os.ReadFile(p.Path)
	if err != nil {
		return nil, fmt.Errorf("read the specs of shard %s: %w", p.Shard, err)
	}
	var listed []record.Key
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, fmt.Errorf("read the specs of shard %s in %s: %w", p.Shard, p.Path, err)
	}
	specs := map[record.Key]bool{}
	for _, spec := range listed {
		specs[spec] = true
	}
	return specs, nil
}
