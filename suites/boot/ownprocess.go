package boot

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// settlePeriod is for how long a service has to be served by another's process: one that is replaced meanwhile may have a new pid that the
// status does not give yet.
const settlePeriod = 5 * time.Second

// checkOwnProcesses compares who serves a service with the processes that zinit names for it and for all others.
func checkOwnProcesses(ctx context.Context, t *target.Target, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	var named int
	var foreign []string
	isClear := spec.Until(ctx, settlePeriod, func(ctx context.Context) bool {
		var err error
		named, foreign, err = findForeign(ctx, t, sandbox)
		if ctx.Err() == nil {
			spec.Conclude(err)
		}
		return len(foreign) == 0
	})
	switch {
	case named == 0:
		spec.Inconclusive("zinit names no process of a service of the image")
	case !isClear && ctx.Err() == nil:
		return spec.Finding{Headline: "a service is served by the process of another one", Cases: foreign}
	}
	return spec.Finding{}
}

// findForeign returns a line for each service that is served by the process of another one, or by a child of that. named counts the
// services of which zinit names a process. One that does not serve now is left out.
func findForeign(ctx context.Context, t *target.Target, sandbox *session.Sandbox) (named int, foreign []string, err error) {
	owners := map[int]string{}
	for _, service := range t.Restartable() {
		status, err := sandbox.Supervisor.Status(ctx, service.Name)
		if err != nil {
			return 0, nil, err
		}
		if status.PID != 0 {
			owners[status.PID] = service.Name
		}
	}
	processes, err := sandbox.Agent().Processes(ctx)
	if err != nil {
		return 0, nil, err
	}
	parents := map[int]int{}
	for _, p := range processes {
		parents[p.PID] = p.Parent
	}
	for _, service := range t.Restartable() {
		serving, err := spec.FindRun(ctx, sandbox, session.EndpointOf(service))
		if err != nil {
			continue
		}
		if owner := findOwner(parents, owners, serving.Serving.PID, service.Name); owner != "" && owner != service.Name {
			foreign = append(foreign, fmt.Sprintf("%s is served by pid %d, of %s", service.Name, serving.Serving.PID, owner))
		}
	}
	return len(owners), foreign, nil
}

// findOwner returns the service to which a process belongs, by the parents of all and the pids that zinit names; empty if none. Where the process
// and its ancestors belong to several, the wanted one counts, and else the nearest.
func findOwner(parents map[int]int, owners map[int]string, pid int, wanted string) (owner string) {
	for range parents {
		name, isNamed := owners[pid]
		if isNamed && (owner == "" || name == wanted) {
			owner = name
		}
		parent, isKnown := parents[pid]
		if !isKnown || parent == 0 {
			break
		}
		pid = parent
	}
	return owner
}
