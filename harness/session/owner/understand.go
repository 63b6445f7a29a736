package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	agent "forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// trialName is the service that is registered while a supervisor's spelling is learned.
const trialName = protocol.VictimPrefix + "contact"

// understood holds the result of learning. All sandboxes of a session share it: they run the same image.
type understood struct {
	once  sync.Once
	found atomic.Pointer[learn.Understanding]

	mu           sync.Mutex
	conversation []string // what was asked and answered, without secrets
}

// longestConversation bounds how many questions are remembered.
const longestConversation = 4000

// record remembers a question and its answer without the values of secrets: the target's, and what is called like one.
func (u *understood) record(redact record.Redactor, question, answer string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.conversation) < longestConversation {
		u.conversation = append(u.conversation, hideNamed(redact.Text("> "+question)), hideNamed(redact.Text("< "+answer)))
	}
}

// namedSecret is a value whose name says that it is a secret, as a member or as NAME=VALUE.
var namedSecret = regexp.MustCompile(`(?i)("?[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)[A-Z0-9_]*"?\s*[:=]\s*"?)([^"\s,}\]]+)`)

func hideNamed(text string) string { return namedSecret.ReplaceAllString(text, "${1}[hidden]") }

// understand learns how the supervisor is spoken to if it does not speak as the contract has it. It goes on with what was understood.
func (o *Owner) understand(ctx context.Context, live *liveSandbox) {
	if o.target.Zinit.Dialect == nil && live.speaksAsExpected(ctx, o.target) {
		return
	}
	o.learn(ctx, live)
}

// learn learns how the supervisor is spoken to, and goes on with what was understood.
func (o *Owner) learn(ctx context.Context, live *liveSandbox) {
	socket := live.findListener(ctx, o.target.Zinit.Sockets)
	ports := live.findPorts(ctx, o.target)
	if socket == "" && len(ports) == 0 {
		return
	}
	conversation := zinit.NewConversation(live.portDialer(socket))
	o.understood.once.Do(func() {
		redact, err := o.redactor()
		if err != nil {
			redact = record.Redactor{} // the record is refused for the same reason
		}
		found := learn.Learn(ctx, conversation, learn.Options{
			Given: o.target.Zinit.Dialect, Shipped: live.expectations(ctx, o.target), Ports: ports, Witness: &witness{live.agent}, Trial: trialName,
			Record: func(question, answer string) { o.understood.record(redact, question, answer) },
		})
		o.understood.found.Store(&found)
		o.writeUnderstood(ctx, live, found)
	})
	found := o.understood.found.Load()
	if found.Level == learn.None || (found.Level != learn.Full && live.opened.Dialect.Registers()) {
		return // what speaks as the contract has it, and is broken, is judged as it is
	}
	live.take(ctx, socket, *found)
}

// writeUnderstood adds the table of what was understood to the evidence of a sandbox. Without it less is shown, and nothing else.
func (o *Owner) writeUnderstood(ctx context.Context, live *liveSandbox, found learn.Understanding) {
	folder := filepath.Join(o.configuration.Output, config.EvidenceFolder, live.name)
	if err := os.MkdirAll(folder, 0o750); err == nil {
		_ = live.write(ctx, filepath.Join(folder, "understood.txt"), found.Text())
	}
}

// take goes on in the spelling that was learned.
func (l *liveSandbox) take(ctx context.Context, socket string, found learn.Understanding) {
	l.opened.Zinit, l.opened.Dialect, l.opened.Spelling = socket, zinit.DialectLearned, &found.Spelling
	l.opened.Because = found.Summary()
	endpoint := agent.Endpoint{Socket: socket}
	if port := found.Spelling.Dialect.Transport.Port; port != 0 {
		endpoint = agent.Endpoint{Port: port}
	}
	if identity, err := l.agent.Identify(ctx, agent.IdentifyParams{Endpoint: endpoint}); err == nil && identity.Serving.PID != 0 {
		l.opened.SupervisorPID = identity.Serving.PID
	}
}

// speakAsLearned connects another sandbox in the spelling that was learned in the first. The error says what is waited for.
func (o *Owner) speakAsLearned(ctx context.Context, live *liveSandbox, found learn.Understanding) error {
	socket := live.findListener(ctx, o.target.Zinit.Sockets)
	if socket == "" && found.Spelling.Dialect.Transport.Port == 0 {
		return errors.New("zinit's socket")
	}
	if _, err := zinit.ConnectAs(live.portDialer(socket), found.Spelling).Ping(ctx); err != nil {
		return fmt.Errorf("zinit to answer (%w)", err)
	}
	live.take(ctx, socket, found)
	return nil
}

// speaksAsExpected reports whether the definitions of the target's services can be read in the dialect that was found: each is found by its name and
// has something to execute, and no member of it that says more is unknown.
func (l *liveSandbox) speaksAsExpected(ctx context.Context, t *target.Target) bool {
	if !l.opened.Dialect.Registers() {
		return false
	}
	supervisor, err := l.supervisor(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = supervisor.Close() }()
	if described, err := zinit.NewClient(l.zinitDialer()).Call(ctx, "rpc.discover", nil); err == nil && l.opened.Dialect == zinit.Dialect04 && !learn.Fits(described) {
		return false
	}
	for _, service := range t.Restartable() {
		read, err := supervisor.Get(ctx, service.Name)
		if errors.Is(err, zinit.ErrNotFound) {
			continue // it is not registered, which is the image's affair
		}
		actions, actionsErr := supervisor.Actions(ctx, service.Name)
		if err != nil || actionsErr != nil || read.Name != service.Name || len(actions) == 0 {
			return false
		}
		return actions[0].Exec != "" && (actions[0].Retry != nil || l.opened.Dialect != zinit.Dialect04 || l.isPlain(ctx, actions[0].Name))
	}
	return true
}

// isPlain reports whether an action has no members but those of 0.4. An action without a retry policy may have it elsewhere.
func (l *liveSandbox) isPlain(ctx context.Context, action string) bool {
	raw, err := zinit.NewClient(l.zinitDialer()).Call(ctx, "action.get", map[string]any{"name": action})
	if err != nil {
		return true
	}
	spoken, err := dialect.Builtin(dialect.Zinit04)
	var members map[string]any
	if err != nil || json.Unmarshal(raw, &members) != nil {
		return true
	}
	return len(spoken.Shape(dialect.Action).Extras(members)) == 0
}

// findListener returns the first socket of the supervisor at which something listens.
func (l *liveSandbox) findListener(ctx context.Context, candidates []string) string {
	if len(candidates) == 0 {
		candidates = zinit.SocketCandidates("")
	}
	for _, pattern := range candidates {
		paths, err := l.agent.Glob(ctx, pattern)
		if err != nil {
			return ""
		}
		for _, path := range paths {
			conn, err := l.portDialer(path)(ctx, 0)
			if err == nil {
				_ = conn.Close()
				return path
			}
		}
	}
	return ""
}

// findPorts returns the TCP ports at which a supervisor may listen: those of no service of the target.
func (l *liveSandbox) findPorts(ctx context.Context, t *target.Target) []int {
	listeners, err := l.agent.Listeners(ctx)
	if err != nil {
		return nil
	}
	var ports []int
	for _, listener := range listeners {
		isService := slices.ContainsFunc(t.Services, func(s target.Service) bool { return s.Port == listener.Port })
		if listener.Port != 0 && !isService && listener.Port != t.Container.Port && !slices.Contains(ports, listener.Port) {
			ports = append(ports, listener.Port)
		}
	}
	slices.Sort(ports)
	return ports
}

// portDialer returns a dialer of a socket of the sandbox, and of its ports.
func (l *liveSandbox) portDialer(socket string) zinit.PortDialer {
	return protocol.PortDialer(l.link, l.name, socket)
}

// guessServices returns the services that a target file does not list, by their sockets (suites/contract/hero_zero.md#image).
func (l *liveSandbox) guessServices(ctx context.Context) []target.Service {
	sockets, err := l.agent.Glob(ctx, "/root/hero/var/sockets/*.sock")
	if err != nil {
		return nil
	}
	var services []target.Service
	for _, socket := range sockets {
		name := strings.TrimSuffix(path.Base(socket), ".sock")
		services = append(services, target.Service{Name: "user." + name, Socket: socket})
	}
	return services
}

// expectations returns what the definitions of the target's services are known to hold.
func (l *liveSandbox) expectations(ctx context.Context, t *target.Target) []learn.Expected {
	var all []learn.Expected
	services := t.Restartable()
	if len(services) == 0 {
		services = l.guessServices(ctx)
	}
	for _, service := range services {
		policy := t.Policy
		if service.Policy != nil {
			policy = *service.Policy
		}
		all = append(all, learn.Expected{
			Service: service.Name, Requires: service.Requires,
			Run: dialect.Values{
				"retry.max_attempts": int64(policy.MaxAttempts), "retry.delay": policy.Delay.Duration(), "retry.backoff": string(policy.Backoff),
				"retry.max_delay": policy.MaxDelay.Duration(), "retry.stability_period": policy.StabilityPeriod.Duration(),
			},
			Health: dialect.Values{
				"timeout": t.Health.Timeout.Duration(), "schedule.interval": t.Health.Interval.Duration(),
				"schedule.start_period": t.Health.StartPeriod.Duration(), "schedule.retries": int64(t.Health.Retries),
			},
		})
	}
	return all
}

// witness sees a trial's processes through the agent.
type witness struct{ agent agent.Client }

// Command returns a command that writes down its folder and a variable, and becomes a victim.
func (w *witness) Command(service, variable string) string {
	short := strings.TrimPrefix(service, protocol.VictimPrefix)
	plan := protocol.NewVictim(short, zinit.RetryPolicy{})
	script := fmt.Sprintf(`printf '%%s\n%%s\n' "$PWD" "$%s" >%s; exec %s`, variable, notePath(service), plan.Definition().Actions[0].Exec)
	return protocol.CommandLine([]string{"/bin/sh", "-c", script})
}

// notePath returns the file in which the trial's process writes down its circumstances.
func notePath(service string) string {
	return path.Join(protocol.VictimHome, strings.TrimPrefix(service, protocol.VictimPrefix)+".note")
}

// Dir returns the folder of our files.
func (w *witness) Dir() string { return protocol.VictimHome }

// Look returns the process of the trial's victim.
func (w *witness) Look(ctx context.Context, service, _ string) (learn.Sight, error) {
	table, err := w.agent.Processes(ctx)
	if err != nil {
		return learn.Sight{}, err
	}
	socket := path.Join(protocol.VictimHome, strings.TrimPrefix(service, protocol.VictimPrefix)+".sock")
	for _, process := range table {
		if len(process.Argv) < 2 || process.Argv[0] != protocol.VictimBinary || !strings.Contains(strings.Join(process.Argv, " "), socket) || process.State == "Z" {
			continue
		}
		const longestNote = 4096
		note, err := w.agent.ReadFile(ctx, notePath(service), longestNote)
		if err != nil {
			return learn.Sight{}, err
		}
		lines := strings.Split(string(note), "\n")
		seen := learn.Sight{PID: process.PID}
		if len(lines) > 1 {
			seen.Dir, seen.Value = lines[0], lines[1]
		}
		return seen, nil
	}
	return learn.Sight{}, nil
}

// Kill sends SIGKILL by the shell's own command.
func (w *witness) Kill(ctx context.Context, pid int) error {
	const limit = 2 * time.Second
	ran, err := w.agent.Run(ctx, limit, "/bin/sh", "-c", fmt.Sprintf("kill -KILL %d", pid))
	if err == nil && ran.ExitCode != 0 {
		return fmt.Errorf("kill process %d: exit code %d: %s", pid, ran.ExitCode, ran.Output)
	}
	return err
}
