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

// socketsArePrivate looks at every unix socket that somebody holds.
func socketsArePrivate(ctx SpecContext, t *target.Target, sandbox *session.Sandbox) finding {
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
		return finding{}
	}
	return finding{fmt.Sprintf("every user of the container can connect to %d of %d sockets", len(open), len(sockets)), open}
}

// probesHaveTheirTools looks up what the registered health checks call, as a child of zinit would.
func probesHaveTheirTools(ctx SpecContext, sandbox *session.Sandbox) finding {
	GinkgoHelper()
	actions, err := sandbox.Supervisor.Actions(ctx, "")
	spec.Conclude(err)
	var missing []string
	checks := 0
	for _, action := range actions {
		if action.Kind != zinit.KindHealth || strings.HasPrefix(action.Name, session.VictimName("")) {
			continue
		}
		checks++
		missing = append(missing, missingTools(ctx, sandbox, action)...)
	}
	if checks == 0 {
		spec.Inconclusive("no health check of the image is registered: there is nothing to look up")
	}
	if len(missing) == 0 {
		return finding{}
	}
	return finding{fmt.Sprintf("%d of %d health checks call programs that cannot be executed: they say the same whatever happens", len(missing), checks), missing}
}

// missingTools is a line for a check that cannot work, nil for one that can.
func missingTools(ctx SpecContext, sandbox *session.Sandbox, action zinit.Action) []string {
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
