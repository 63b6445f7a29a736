package image

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// scriptLimit is how much of a file is read that may be a script, in bytes.
const scriptLimit = 256 << 10

// watchdogs registers the specs that look for a supervisor beside zinit: by its scripts, and by what it does to a service
// that is stopped.
func watchdogs(chaos *session.Session) {
	itPasses(chaos, promise.ImageNoWatchdog, "has no loop that starts services", session.MainSandbox, checkScripts(chaos.Target))
	if service, ok := findLeaf(chaos.Target); ok {
		itStaysDown(chaos, chaos.Shipped(service), func(SpecContext, *session.Sandbox) {})
	}
	plan := session.NewVictim("stopped", chaos.Target.Policy)
	itStaysDown(chaos, plan.Of(), func(ctx SpecContext, sandbox *session.Sandbox) { spec.Victim(ctx, sandbox, plan) })
}

// checkScripts returns a check of the entry point, of the command line of every process, and of the shell scripts that
// these call.
func checkScripts(t *target.Target) check {
	return func(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
		GinkgoHelper()
		about, err := sandbox.About(ctx)
		spec.Conclude(err)
		table, err := sandbox.Agent().Processes(ctx)
		spec.Conclude(err)
		if !slices.ContainsFunc(table, func(p protocol.Process) bool { return p.PID == 1 && len(p.Argv) > 0 }) {
			spec.Inconclusive("the process list has no process 1 with a command line")
		}
		s := &scripts{ctx: ctx, agent: sandbox.Agent(), services: t.ServiceNames(), read: map[string]bool{}}
		s.readCommandLine("the entry point", about.Command)
		for _, process := range table {
			s.readCommandLine(fmt.Sprintf("process %d", process.PID), process.Argv)
		}
		if len(s.found) == 0 {
			return spec.Finding{}
		}
		return spec.Finding{Headline: "something beside zinit starts services", Cases: s.found}
	}
}

// scripts is a search through shell scripts, which reads each once.
type scripts struct {
	ctx      context.Context //nolint:containedctx // it lives as long as one spec
	agent    protocol.Client
	services []string
	read     map[string]bool
	found    []string
}

// watchdogName matches what a watchdog of services is called.
var watchdogName = regexp.MustCompile(`(?i)(^|[^a-z])(watchdog|monit|supervisord)([^a-z]|$)`) //nolint:gochecknoglobals // a constant

// readCommandLine reads what a process was told to run: the text after -c, and every script that it names.
func (s *scripts) readCommandLine(who string, argv []string) {
	if len(argv) > 0 && watchdogName.MatchString(path.Base(argv[0])) {
		s.found = append(s.found, fmt.Sprintf("%s is called %s", who, path.Base(argv[0])))
	}
	for i, word := range argv {
		switch {
		case i > 0 && regexp.MustCompile(`^-[a-z]*c$`).MatchString(argv[i-1]) && protocol.IsShell(argv[0]):
			s.readText(who+", the text after -c", word)
		case strings.HasPrefix(word, "/") && !s.read[word]:
			s.readFile(who, word)
		}
	}
}

// readFile reads a file if it is a shell script.
func (s *scripts) readFile(who, name string) {
	s.read[name] = true
	data, err := s.agent.ReadFile(s.ctx, name, scriptLimit)
	if err != nil {
		return // a folder, or a word that only looks like a path
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if strings.HasPrefix(first, "#!") && strings.Contains(first, "sh") {
		if watchdogName.MatchString(path.Base(name)) {
			s.found = append(s.found, fmt.Sprintf("%s runs %s", who, name))
		}
		s.readText(name, string(data))
	}
}

// readText reads a script, and the scripts that it calls by their paths.
func (s *scripts) readText(where, text string) {
	programs := make([]string, len(s.services))
	for i, service := range s.services {
		programs[i] = service[strings.LastIndexByte(service, '.')+1:]
	}
	found, err := script.Watchdogs(text, programs...)
	if err != nil {
		return // it cannot be read as shell; what it does shows when a service is stopped
	}
	for _, watchdog := range found {
		s.found = append(s.found, where+", "+watchdog.String())
	}
	called, _ := script.Programs(text)
	for _, program := range called {
		if strings.HasPrefix(program, "/") && !s.read[program] {
			s.readFile(where, program)
		}
	}
}
