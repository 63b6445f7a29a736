// Package environment reads what a process was started with, and finds the programs that its children can execute.
package environment

import (
	"context"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// Describe returns the names of a process's environment, and the one value that is asked for.
func Describe(_ context.Context, params protocol.EnvironmentParams) (protocol.Environment, error) {
	entries, err := procfs.ReadEnvironment(params.PID)
	if err != nil {
		return protocol.Environment{}, err
	}
	var found protocol.Environment
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		found.Names = append(found.Names, name)
		if name == params.Variable {
			found.Value = value
		}
	}
	return found, nil
}
