package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/choice"
	"forge.ourworld.tf/lhumina_code/hero_chaos/fixtures/herozero/mutant"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/admission"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// request holds the questions and the target of a command. Empty members have defaults.
type request struct {
	target, image, container        string
	mutant, choices, upgradeFrom    string
	focus, service, profile, output string
	seed                            int64
	procs, sandboxes, samples       int
	destructive, allowBuild         bool
}

// mostSamples is more than the 299 that exclude a rate of failures of 1 %.
const mostSamples = 1000

// resolve completes a request by the defaults, and refuses what cannot be run. It returns the parsed target as well.
func (r request) resolve() (config.Config, *target.Target, error) {
	configuration, err := config.Default()
	if err != nil {
		return configuration, nil, err
	}
	var described *target.Target
	if configuration.Target, described, err = r.find(filepath.Dir(configuration.Target)); err != nil {
		return configuration, nil, err
	}
	if r.output != "" {
		configuration.Output = r.output
	}
	if err := r.check(described); err != nil {
		return configuration, nil, err
	}
	if err := r.checkBuild(described, configuration.Target, configuration.Root); err != nil {
		return configuration, nil, err
	}
	configuration.Version = version()
	configuration.Image, configuration.Container, configuration.Mutant = r.image, r.container, r.mutant
	configuration.Choices, configuration.UpgradeFrom = r.choices, r.upgradeFrom
	configuration.AllowDestructive = r.destructive
	configuration.Focus, configuration.Service = r.focus, r.service
	configuration.Profile, configuration.Seed = r.profile, r.seed
	configuration.Procs, configuration.Samples = r.procs, r.samples
	configuration.SandboxOrder = admission.Order(r.sandboxes)
	if configuration.Procs <= 0 {
		configuration.Procs = defaultProcs(described, r.profile)
	}
	configuration.RunLimit = budget.RunLimit(described, r.profile == config.Faithful)
	return configuration, described, nil
}

// checkBuild refuses a target file from elsewhere that would run a command, unless that is allowed.
func (r request) checkBuild(described *target.Target, path, root string) error {
	if len(described.Image.Build) == 0 || r.image != "" || r.container != "" || r.allowBuild || isWithin(path, root) {
		return nil
	}
	return fmt.Errorf("the target file %s would run %q to build its image, and is not of this repository: read it, then add --allow-build", path, described.Image.Build)
}

// isWithin reports whether a file lies in a folder, wherever links lead.
func isWithin(path, folder string) bool {
	file, err := filepath.EvalSymlinks(path)
	root, rootErr := filepath.EvalSymlinks(folder)
	if err != nil || rootErr != nil {
		return false
	}
	if file, err = filepath.Abs(file); err != nil {
		return false
	}
	relative, err := filepath.Rel(root, file)
	return err == nil && filepath.IsLocal(relative)
}

// find reads the target file that the request names, or the default one, and returns its path.
func (r request) find(folder string) (path string, described *target.Target, err error) {
	name := r.target
	if name == "" {
		name = "embedded"
		if r.image != "" || r.container != "" {
			name = "hero_zero"
		}
		if broken, err := mutant.Find(r.mutant); err == nil && broken.Target != "" {
			name = broken.Target
		}
	}
	if described, err = target.Find(name, folder); err != nil {
		return "", nil, err
	}
	if !strings.ContainsRune(name, '/') && !strings.HasSuffix(name, ".yaml") {
		name = filepath.Join(folder, name+".yaml")
	}
	path, err = filepath.Abs(name)
	return path, described, err
}

// check refuses what the target cannot be asked, before anything is started.
func (r request) check(described *target.Target) error {
	if r.mutant != "" {
		if _, err := mutant.Find(r.mutant); err != nil {
			return err
		}
		if described.Image.Mutant == "" || r.image != "" || r.container != "" {
			return fmt.Errorf("run the mutant %s: only the embedded image can be broken on purpose", r.mutant)
		}
	}
	if r.choices != "" {
		if _, err := choice.Parse(r.choices); err != nil {
			return err
		}
		if described.Image.Choices == "" || r.image != "" || r.container != "" {
			return fmt.Errorf("run with the choices %s: only the embedded image can be told what to choose", r.choices)
		}
	}
	if r.upgradeFrom != "" && (r.container != "" || described.Container.Data == "") {
		return fmt.Errorf("run with --upgrade-from %s: it needs containers of its own, and container.data in the target file", r.upgradeFrom)
	}
	if r.sandboxes < 0 {
		return fmt.Errorf("run with %d sandboxes at once: give --sandboxes 1 or more", r.sandboxes)
	}
	if err := checkService(described, r.service); err != nil {
		return err
	}
	if r.samples < 0 || r.samples > mostSamples {
		return fmt.Errorf("repeat every ending %d times: give --samples from 1 to %d", r.samples, mostSamples)
	}
	return nil
}

// checkService refuses a service that the target does not ship and that is no victim.
func checkService(t *target.Target, name string) error {
	if name == "" || len(t.Services) == 0 || strings.HasPrefix(name, protocol.VictimPrefix) {
		return nil
	}
	var names []string
	for _, service := range t.Services {
		if service.Name == name {
			return nil
		}
		names = append(names, service.Name)
	}
	return fmt.Errorf("check the service %q: target %s ships none of that name%s", name, t.Name, spelling.DidYouMean(name, names))
}

// defaultProcs returns how many specs run at once: many more than cores, because specs wait, but not all, because their common
// load would be timed. In the faithful profile, one more spec a service waits all along for a hang to be found.
func defaultProcs(t *target.Target, profile string) int {
	services := len(t.Restartable())
	if profile == config.Faithful {
		return min(120, 3*services+16)
	}
	return min(96, services+16)
}
