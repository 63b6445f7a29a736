package spec

import (
	"context"
	"path"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim/elf"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// Witness is a service of ours whose programs change nothing of what the supervisor gives to them. Its run action runs Program, and
// its health action, if it has one, runs Check. Both are files of its own, so that each of its processes is known by its program.
type Witness struct {
	Name, Program, Check string
	// Run and Health are its actions. Change them before Register.
	Run    zinit.Action
	Health *zinit.Action
	// Arguments are given to Program.
	Arguments []string
	// Requires and After are the services that it depends on.
	Requires, After []string

	sandbox *session.Sandbox
}

// NewWitness plans a witness without a health check. Its name is a victim's.
func NewWitness(sandbox *session.Sandbox, name string, policy zinit.RetryPolicy) *Witness {
	w := &Witness{Name: session.VictimName(name), Program: path.Join(session.VictimHome, name+".run"), Check: path.Join(session.VictimHome, name+".check"), sandbox: sandbox}
	w.Run = zinit.RunAction(w.Name, w.Program, policy)
	return w
}

// CheckedBy gives the witness a health check that passes.
func (w *Witness) CheckedBy(schedule zinit.Schedule, timeout time.Duration) *Witness {
	health := zinit.HealthAction(w.Name, w.Check, schedule, zinit.Milliseconds(timeout))
	w.Health = &health
	return w
}

// Definition returns the definition to register.
func (w *Witness) Definition() zinit.Definition {
	run := w.Run
	if len(w.Arguments) > 0 {
		run.Exec = session.CommandLine(append([]string{w.Program}, w.Arguments...)...)
	}
	actions := []zinit.Action{run}
	if w.Health != nil {
		actions = append(actions, *w.Health)
	}
	definition := zinit.Define(w.Name, actions...)
	definition.Service.Dependencies = zinit.Dependencies{Requires: w.Requires, After: w.After}
	return definition
}

// Install puts a tiny program to a path of the witness, in the place of what was there.
func (w *Witness) Install(ctx context.Context, path string, program elf.Kind) {
	GinkgoHelper()
	Conclude(w.sandbox.Agent().InstallProgram(ctx, path, program))
}

// Register registers the witness for the length of the spec. Its program runs until a signal ends it, and its check passes.
func (w *Witness) Register(ctx context.Context) {
	GinkgoHelper()
	w.Install(ctx, w.Program, elf.Idle)
	if w.Health != nil {
		w.Install(ctx, w.Check, elf.Succeed)
	}
	Register(ctx, w.sandbox, w.Definition())
}

// Living returns the living processes of a program of the witness.
func (w *Witness) Living(ctx context.Context, program string) ([]record.Incarnation, error) {
	table, err := w.sandbox.Agent().Processes(ctx)
	var living []record.Incarnation
	for _, process := range table {
		if len(process.Argv) > 0 && process.Argv[0] == program && process.State != "Z" && process.State != "X" {
			living = append(living, process.Incarnation)
		}
	}
	return living, err
}

// AwaitRun waits until a process of the program runs that is not before, and reports whether one does.
func (w *Witness) AwaitRun(ctx context.Context, program string, before record.Incarnation, limit time.Duration) (after record.Incarnation, ok bool) {
	By("wait until another process runs " + program)
	ok = Until(ctx, limit, func(ctx context.Context) bool {
		living, err := w.Living(ctx, program)
		if err != nil || len(living) != 1 || IsSameProcess(living[0], before) {
			return false
		}
		after = living[0]
		return true
	})
	return after, ok
}

// AwaitEnd waits until a process has ended, and reports whether it has.
func (w *Witness) AwaitEnd(ctx context.Context, process record.Incarnation, limit time.Duration) bool {
	return Until(ctx, limit, func(ctx context.Context) bool { return HasEnded(ctx, w.sandbox, process) })
}
