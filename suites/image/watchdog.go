package image

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// stoppedSandbox is a sandbox of its own: a service is stopped there and stays so.
	stoppedSandbox = "stopped"
	// staysDown is how long a stopped service is watched: the time of the issue, longer than any watchdog's pause.
	staysDown = 30 * time.Second
	// largestScript is how much of a file is read where a script may be, in bytes.
	largestScript = 256 << 10
)

func watchdogSpecs(chaos *session.Session) {
	once(chaos, promise.ImageNoWatchdog, "has no loop that starts services", session.MainSandbox,
		func(ctx SpecContext, sandbox *session.Sandbox) finding {
			return noLoopStartsServices(ctx, chaos.Target, sandbox)
		})
	if service, ok := leaf(chaos.Target); ok {
		staysStopped(chaos, chaos.Shipped(service), func(ctx SpecContext, sandbox *session.Sandbox) session.Service {
			spec.Hold(ctx, sandbox, service.Name)
			return chaos.Shipped(service)
		})
	}
	plan := session.NewVictim("stopped", chaos.Target.Policy)
	staysStopped(chaos, plan.Of(), func(ctx SpecContext, sandbox *session.Sandbox) session.Service {
		service := spec.Victim(ctx, sandbox, plan)
		spec.Hold(ctx, sandbox, service.Name)
		return service
	})
}

// leaf is a shipped service that no other requires.
func leaf(t *target.Target) (target.Service, bool) {
	var required []string
	for _, service := range t.Services {
		required = append(required, service.Requires...)
	}
	services := slices.DeleteFunc(t.Restartable(), func(s target.Service) bool {
		return s.Socket == "" || slices.Contains(required, s.Name)
	})
	if len(services) == 0 {
		return target.Service{}, false
	}
	return services[len(services)-1], true
}

// noLoopStartsServices reads the entry point and the command line of every process, as far as they are shell scripts,
// and those that they call.
func noLoopStartsServices(ctx context.Context, t *target.Target, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	about, err := sandbox.About(ctx)
	spec.Conclude(err)
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	if !slices.ContainsFunc(table, func(p protocol.Process) bool { return p.PID == 1 && len(p.Argv) > 0 }) {
		spec.Inconclusive("the process list has no process 1 with a command line")
	}
	reading := &scripts{ctx: ctx, agent: sandbox.Agent(), services: t.ServiceNames(), read: map[string]bool{}}
	reading.commandLine("the entry point", about.Command)
	for _, process := range table {
		reading.commandLine(fmt.Sprintf("process %d", process.PID), process.Argv)
	}
	if len(reading.found) == 0 {
		return finding{}
	}
	return finding{"something beside zinit starts services", reading.found}
}

// scripts reads scripts, each once.
type scripts struct {
	ctx      context.Context //nolint:containedctx // it lives as long as one spec
	agent    protocol.Client
	services []string
	read     map[string]bool
	found    []string
}

// watchdogName is what a watchdog of services calls itself.
var watchdogName = regexp.MustCompile(`(?i)(^|[^a-z])(watchdog|monit|supervisord)([^a-z]|$)`) //nolint:gochecknoglobals // a constant

// commandLine reads what a process was told to run: the text after -c, and every script that it names.
func (s *scripts) commandLine(who string, argv []string) {
	if len(argv) > 0 && watchdogName.MatchString(path.Base(argv[0])) {
		s.found = append(s.found, fmt.Sprintf("%s is called %s", who, path.Base(argv[0])))
	}
	for i, word := range argv {
		switch {
		case i > 0 && regexp.MustCompile(`^-[a-z]*c$`).MatchString(argv[i-1]) && isShell(argv[0]):
			s.text(who+", the text after -c", word)
		case strings.HasPrefix(word, "/") && !s.read[word]:
			s.file(who, word)
		}
	}
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"}, path.Base(program))
}

// file reads a file where it is a shell script.
func (s *scripts) file(who, name string) {
	s.read[name] = true
	data, err := s.agent.ReadFile(s.ctx, name, largestScript)
	if err != nil {
		return // a folder, or a word that only looks like a path
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if strings.HasPrefix(first, "#!") && strings.Contains(first, "sh") {
		if watchdogName.MatchString(path.Base(name)) {
			s.found = append(s.found, fmt.Sprintf("%s runs %s", who, name))
		}
		s.text(name, string(data))
	}
}

// text reads a script, and the scripts that it calls by their paths.
func (s *scripts) text(where, text string) {
	programs := make([]string, len(s.services))
	for i, service := range s.services {
		programs[i] = service[strings.LastIndexByte(service, '.')+1:]
	}
	found, err := script.Watchdogs(text, programs...)
	if err != nil {
		return // no shell that we can read: what it does is seen by the service that is stopped
	}
	for _, watchdog := range found {
		s.found = append(s.found, where+", "+watchdog.String())
	}
	called, _ := script.Programs(text)
	for _, program := range called {
		if strings.HasPrefix(program, "/") && !s.read[program] {
			s.file(where, program)
		}
	}
}

// staysStopped is the spec of one service that is stopped through zinit.
func staysStopped(chaos *session.Session, named session.Service, prepare func(SpecContext, *session.Sandbox) session.Service) {
	It("stays down when it is stopped: "+named.Name, spec.About(promise.ImageStaysStopped), spec.On(named.Name), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, chaos, stoppedSandbox)
		service := prepare(ctx, sandbox)
		spec.Conclude(steady(ctx, sandbox, service))
		before := spec.Identify(ctx, sandbox, service)
		spec.Conclude(sandbox.Supervisor.Stop(ctx, service.Name))
		watch := &vigil{sandbox: sandbox, service: service, before: before}
		spec.Conclude(watch.awaitEnd(ctx, chaos.Target.Budgets.StopTimeout.Duration()+chaos.Target.Budgets.Tolerance.Duration()))
		if after, what := watch.keep(ctx); what != "" {
			spec.FailWith(chaos,
				fmt.Sprintf("%s was started again %s after it had been stopped through zinit", service.Name, span.Text(after)),
				[2]string{"before", fmt.Sprintf("pid %d, healthy; zinit was told to stop it, and it ended", before.PID)},
				[2]string{"+" + span.Text(after), what}, [2]string{"zinit", sandbox.Word(ctx, service.Name)})
		}
	}, NodeTimeout(chaos.Target.Budgets.Boot.Duration()+2*staysDown+chaos.Target.Budgets.StopTimeout.Duration()))
}

func steady(ctx context.Context, sandbox *session.Sandbox, service session.Service) error {
	if err := recovery.Steady(ctx, sandbox, service.Endpoint); err != nil {
		return &recovery.Inconclusive{Reason: fmt.Sprintf("%s was not healthy before it was stopped: %v", service.Name, err)}
	}
	return nil
}

// vigil watches a stopped service.
type vigil struct {
	sandbox *session.Sandbox
	service session.Service
	before  record.Incarnation
	last    int64 // the begin of the last run that zinit has recorded, 0 where it records none
}

// awaitEnd waits until the process is gone: a stop that did not land proves nothing.
func (v *vigil) awaitEnd(ctx context.Context, limit time.Duration) error {
	gone := spec.Until(ctx, limit, func(ctx context.Context) bool {
		table, err := v.sandbox.Agent().Processes(ctx)
		return err == nil && !slices.ContainsFunc(table, func(p protocol.Process) bool {
			return p.PID == v.before.PID && p.StartTime == v.before.StartTime && p.State != "Z"
		})
	})
	if !gone {
		return &recovery.Inconclusive{Reason: fmt.Sprintf("%s still ran %s after zinit was told to stop it", v.service.Name, span.Text(limit))}
	}
	var err error
	v.last, err = v.lastRun(ctx)
	return err
}

// keep watches for as long as the promise says. It returns what was seen that should not be, and when.
func (v *vigil) keep(ctx context.Context) (after time.Duration, what string) {
	began := time.Now()
	if spec.Until(ctx, staysDown, func(ctx context.Context) bool { what = v.runsAgain(ctx); return what != "" }) {
		return time.Since(began), what
	}
	spec.Conclude(ctx.Err())
	last, err := v.lastRun(ctx) // what came and went between two looks has left a record
	spec.Conclude(err)
	if last != v.last {
		return time.Since(began), "zinit has recorded another run of it meanwhile"
	}
	return 0, ""
}

// runsAgain says who runs in the service's place.
func (v *vigil) runsAgain(ctx context.Context) string {
	table, err := v.sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	commands := map[int]string{}
	for _, process := range table {
		commands[process.PID] = strings.Join(process.Argv, " ")
	}
	for _, process := range table {
		if slices.Equal(process.Argv, v.before.Argv) && len(process.Argv) > 0 {
			return fmt.Sprintf("pid %d runs the same command; its parent is pid %d: %s", process.PID, process.Parent, commands[process.Parent])
		}
	}
	conn, err := v.sandbox.Dial(ctx, v.service.Endpoint)
	if err == nil {
		_ = conn.Close()
		return "somebody accepts connections in its place"
	}
	return ""
}

// lastRun is when zinit's last recorded run of the service began; 0 where it keeps no record.
func (v *vigil) lastRun(ctx context.Context) (int64, error) {
	jobs, err := v.sandbox.Supervisor.Jobs(ctx, zinit.RunActionName(v.service.Name), 1)
	if errors.Is(err, zinit.ErrNotExpressible) || errors.Is(err, zinit.ErrNotFound) || (err == nil && len(jobs) == 0) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return jobs[0].Started, nil
}
