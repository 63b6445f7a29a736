package config

import (
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Selection returns a predicate that reports whether the run includes a spec: by the focus, the service, and the part of the
// run. The error is one line, about an unknown focus or a part whose list cannot be read.
func (c Config) Selection() (includes func(record.Key) bool, err error) {
	focus, err := promise.ParseFocus(c.Focus)
	if err != nil {
		return nil, err
	}
	var part map[record.Key]bool
	if c.Part != nil {
		if part, err = c.Part.specs(); err != nil {
			return nil, err
		}
	}
	return func(spec record.Key) bool {
		return focus.Includes(spec.Promise, spec.Service) && (c.Service == "" || c.Service == spec.Service) && (c.Part == nil || part[spec])
	}, nil
}
