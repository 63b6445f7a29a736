package health

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// remedyLimit bounds one run of a corrected command, which waits for a reply for up to 10 s.
	remedyLimit = 25 * time.Second
	// remedyTimeout bounds the search for a corrected command: a failure is told in any case.
	remedyTimeout = 45 * time.Second
)

// findRemedy looks for a corrected command for the first probe that is unsound, and tries it on this image: it has to pass a service that is
// well, also if that is slow, and to fail against the behaviour of the row and against one that never answers. It returns the line to
// register; empty if no command of ours is sound here.
func (t *table) findRemedy(ctx context.Context, sandbox *session.Sandbox, r row, unsound trial) string {
	service, ok := t.chaos.Target.Service(unsound.check.Service)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, remedyTimeout)
	defer cancel()
	for _, command := range commandsFor(service) {
		By("try a corrected command for " + unsound.check.Name)
		if isSound(ctx, sandbox, service, unsound, command, r) {
			return fmt.Sprintf("%s: %s", unsound.check.Name, command)
		}
	}
	return ""
}

// isSound reports whether a command tells the truth about a service in each of the states that it was tried in.
func isSound(ctx context.Context, sandbox *session.Sandbox, service target.Service, unsound trial, command string, r row) bool {
	for _, state := range []struct {
		behaviour victim.Behaviour
		passes    bool
	}{{r.behaviour, r.passes}, {protocol.Slow, true}, {victim.Mute, false}} {
		tried, err := sandbox.Agent().Try(ctx, protocol.TrialParams{
			Endpoint: session.EndpointOf(service), Behaviour: state.behaviour, Delay: replyDelay(state.behaviour, unsound.check),
			Exec: command, Env: unsound.check.Env, Dir: unsound.check.Dir, SupervisorPID: sandbox.SupervisorPID(), Limit: remedyLimit,
		})
		if err != nil || tried.Ran.TimedOut || (tried.Ran.ExitCode == 0) != state.passes || tried.Control.ExitCode != 0 {
			return false
		}
	}
	return true
}

// commandsFor returns commands that read the reply of a service, the strictest first. Which of them an image can run is seen by trying.
func commandsFor(service target.Service) (commands []string) {
	const (
		isOK  = `grep -Eq '"status" *: *"ok"'`
		ended = `grep -Eq '[}][[:space:]]*$'`
	)
	if service.Port != 0 {
		url := fmt.Sprintf("http://127.0.0.1:%d/%s", service.Port, strings.TrimPrefix(service.Health, "/"))
		for _, get := range []string{"curl --silent --fail --max-time 10 " + url, "wget -q -T 10 -O - " + url} {
			commands = append(commands, fmt.Sprintf(`reply=$(%s) && echo "$reply" | %s && echo "$reply" | %s`, get, isOK, ended), get+" | "+isOK)
		}
		return append(commands, fmt.Sprintf("curl --silent --fail --max-time 10 %s", url))
	}
	const question = `echo '{"jsonrpc":"2.0","method":"server.health","params":{},"id":4711}'`
	for _, ask := range []string{"socat -t10 - UNIX-CONNECT:" + service.Socket, "nc -w 10 -U " + service.Socket} {
		line := fmt.Sprintf(`reply=$(%s | %s) && echo "$reply" | grep -Eq '"id" *: *4711'`, question, ask)
		commands = append(commands,
			fmt.Sprintf(`%s && echo "$reply" | %s && echo "$reply" | %s`, line, isOK, ended),
			fmt.Sprintf(`%s && echo "$reply" | %s`, line, isOK),
			fmt.Sprintf(`%s && echo "$reply" | grep -q '"result"'`, line),
			fmt.Sprintf(`%s | %s | grep -q '"result"'`, question, ask))
	}
	return commands
}

// tellRemedy adds a corrected command to the result of the running spec, if one is sound on this image.
func (t *table) tellRemedy(ctx context.Context, sandbox *session.Sandbox, r row, unsound trial) {
	GinkgoHelper()
	if remedy := t.findRemedy(ctx, sandbox, r, unsound); remedy != "" {
		spec.Remedy(remedy)
	}
}
