package image

import (
	"fmt"
	"path"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// checkSockets returns a check of every unix socket that a process holds.
func checkSockets(t *target.Target) check {
	return func(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
		GinkgoHelper()
		ours := path.Dir(session.BaseVictim(t).Endpoint.Socket)
		sockets, err := sandbox.Agent().Sockets(ctx)
		spec.Conclude(err)
		sockets = slices.DeleteFunc(sockets, func(s protocol.Socket) bool { return path.Dir(s.Path) == ours })
		if len(sockets) == 0 {
			spec.Inconclusive("no unix socket was found, not even zinit's")
		}
		var open []string
		for _, socket := range sockets {
			if socket.Open {
				open = append(open, fmt.Sprintf("%s has mode %04o, and everybody may enter its folder", socket.Path, socket.Mode.Perm()))
			}
		}
		if len(open) == 0 {
			return spec.Finding{}
		}
		return spec.Finding{Headline: fmt.Sprintf("every user of the container can connect to %d of %d sockets", len(open), len(sockets)), Cases: open}
	}
}

// checkProbeTools looks up the programs that the registered health checks call, as a child of zinit would.
func checkProbeTools(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	actions, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	var missing []string
	checks := 0
	for _, action := range actions {
		if action.Kind != zinit.KindHealth || spec.IsOurs(action.Name) {
			continue
		}
		checks++
		missing = append(missing, findMissingTools(ctx, sandbox, action)...)
	}
	if checks == 0 {
		spec.Inconclusive("no health check of the image is registered: there is nothing to look up")
	}
	if len(missing) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{
		Headline: fmt.Sprintf("%d of %d health checks call programs that cannot be executed, so their result is always the same", len(missing), checks), Cases: missing,
	}
}

// findMissingTools returns a line for a health check that cannot work, and nothing for one that can.
func findMissingTools(ctx SpecContext, sandbox *session.Sandbox, action zinit.Action) []string {
	GinkgoHelper()
	called, err := script.Programs(action.Exec)
	if err != nil {
		return []string{fmt.Sprintf("%s: /bin/sh cannot read its command: %v", action.Name, err)}
	}
	wrong, err := sandbox.Agent().MissingPrograms(ctx, protocol.ProgramsParams{
		Names: append(called, "/bin/sh"), PID: max(1, sandbox.SupervisorPID()), Path: action.Env["PATH"],
	})
	spec.Conclude(err)
	var words []string
	for _, program := range append(called, "/bin/sh") {
		if what, missing := wrong[program]; missing {
			words = append(words, fmt.Sprintf("%s: %s", program, what))
		}
	}
	if len(words) == 0 {
		return nil
	}
	return []string{action.Name + " calls " + strings.Join(words, "; ")}
}
