// Package environment reads what a process was started with, and finds the programs that its children can execute.
package environment

import (
	"context"
	"os"
	"path/filepath"
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

// defaultPath is the PATH of a shell that was given none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// FindMissingPrograms looks words up as a child of a process would do, and returns those without a program.
func FindMissingPrograms(_ context.Context, params protocol.ProgramsParams) (map[string]string, error) {
	path := params.Path
	if path == "" {
		entries, err := procfs.ReadEnvironment(params.PID)
		if err != nil {
			return nil, err
		}
		path = defaultPath
		for _, entry := range entries {
			if value, ok := strings.CutPrefix(entry, "PATH="); ok {
				path = value
			}
		}
	}
	missing := map[string]string{}
	for _, name := range params.Names {
		if wrong := explainMissing(name, path); wrong != "" {
			missing[name] = wrong
		}
	}
	return missing, nil
}

// explainMissing returns why a word cannot be executed, or "" if it can.
func explainMissing(name, path string) string {
	if strings.ContainsRune(name, '/') {
		return explainNotExecutable(name)
	}
	wrong := "it is nowhere in PATH"
	for _, folder := range filepath.SplitList(path) {
		candidate := filepath.Join(folder, name)
		if _, err := os.Stat(candidate); err != nil {
			continue
		}
		if wrong = explainNotExecutable(candidate); wrong == "" {
			return ""
		}
	}
	return wrong
}

func explainNotExecutable(path string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "there is no such file"
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return path + " is not executable"
	}
	return ""
}
