package environment

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// defaultPath is the PATH of a shell that was given none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// FindMissingPrograms looks words up as a child of a process would do, and returns those without a program.
func FindMissingPrograms(_ context.Context, params protocol.ProgramsParams) (protocol.Programs, error) {
	path := params.Path
	if path == "" {
		entries, err := procfs.ReadEnvironment(params.PID)
		if err != nil {
			return protocol.Programs{}, err
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
		if wrong := findProgram(name, path); wrong != "" {
			missing[name] = wrong
		}
	}
	return protocol.Programs{Missing: missing}, nil
}

// findProgram returns why a word cannot be executed, or "" if it can.
func findProgram(name, path string) string {
	if strings.ContainsRune(name, '/') {
		return notExecutable(name)
	}
	wrong := "it is nowhere in PATH"
	for _, folder := range filepath.SplitList(path) {
		candidate := filepath.Join(folder, name)
		if _, err := os.Stat(candidate); err != nil {
			continue
		}
		if wrong = notExecutable(candidate); wrong == "" {
			return ""
		}
	}
	return wrong
}

func notExecutable(path string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "there is no such file"
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		return path + " is not executable"
	}
	return ""
}
