package image

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// confirmDelay is the time between two looks: what is there for a moment alone, such as a port of a client, is exposed to nobody.
	confirmDelay = time.Second
	// replyTimeout bounds the wait for the reply of one port.
	replyTimeout = 2 * time.Second
	// replyLimit bounds a reply that is searched, in bytes.
	replyLimit = 256 << 10
)

// place is an exposed endpoint with the command lines of its holders.
type place struct {
	protocol.Exposed
	holders [][]string
}

// describe says where the place is and who holds it.
func (p place) describe() string {
	where := fmt.Sprintf("%s %s", p.Network, net.JoinHostPort(p.Address, fmt.Sprint(p.Port)))
	if p.Network == protocol.NetworkAbstract {
		where = "the abstract socket " + p.Address
	}
	if len(p.holders) == 0 {
		return where + ", held by a process that cannot be looked into"
	}
	return fmt.Sprintf("%s, held by pid %d, %s", where, p.PIDs[0], strings.Join(p.holders[0], " "))
}

// findExposed returns the endpoints of the image that no file permission guards and that are there at two looks. Those of the harness's
// own services are left out.
func findExposed(ctx context.Context, sandbox *session.Sandbox) []place {
	GinkgoHelper()
	first, err := sandbox.Agent().Exposed(ctx)
	spec.Conclude(err)
	if len(first) == 0 {
		return nil
	}
	spec.Pause(ctx, confirmDelay)
	again, err := sandbox.Agent().Exposed(ctx)
	spec.Conclude(err)
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	about, err := sandbox.About(ctx)
	spec.Conclude(err)
	var found []place
	for _, one := range again {
		if len(one.PIDs) == 0 && about.SharesNetwork {
			continue // it may be another's
		}
		if !slices.ContainsFunc(first, func(e protocol.Exposed) bool { return isSamePlace(e, one) }) {
			continue
		}
		held := place{Exposed: one}
		for _, process := range table {
			if slices.Contains(one.PIDs, process.PID) && len(process.Argv) > 0 {
				held.holders = append(held.holders, process.Argv)
			}
		}
		if !slices.ContainsFunc(held.holders, isOurCommand) {
			found = append(found, held)
		}
	}
	return found
}

func isSamePlace(a, b protocol.Exposed) bool {
	return a.Network == b.Network && a.Address == b.Address && a.Port == b.Port
}

// isOurCommand reports whether a command line is that of a service of the harness.
func isOurCommand(argv []string) bool { return isOurs(argv[0]) }

func isOurs(file string) bool {
	return strings.HasPrefix(file, "/hero_chaos")
}

// checkPorts returns a check of every port that can be reached from outside the container.
func checkPorts(t *target.Target) check {
	listed := append([]int{t.Container.Port}, t.Container.Ports...)
	for _, service := range t.Services {
		listed = append(listed, service.Port)
	}
	return func(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
		GinkgoHelper()
		var unlisted []string
		for _, place := range findExposed(ctx, sandbox) {
			if place.Network != protocol.NetworkAbstract && !place.Loopback && !place.Ephemeral && !slices.Contains(listed, place.Port) {
				unlisted = append(unlisted, place.describe())
			}
		}
		if len(unlisted) == 0 {
			return spec.Finding{}
		}
		requireListed(ctx, t, sandbox)
		return spec.Finding{
			Headline: fmt.Sprintf("the image can be reached at %s that its target file does not list, neither as a service's nor under container.ports",
				spec.Count(len(unlisted), "port")),
			Cases: unlisted,
		}
	}
}

// requireListed ends the spec as INCONCLUSIVE if zinit knows a service that the target file does not list: a port may be that one's.
func requireListed(ctx context.Context, t *target.Target, sandbox *session.Sandbox) {
	GinkgoHelper()
	statuses, err := sandbox.Supervisor.List(ctx)
	spec.Conclude(err)
	for _, status := range statuses {
		if _, listed := t.Service(status.Name); !listed && !spec.IsOurs(status.Name) {
			spec.Inconclusive("ports are open that may be those of services which the target file does not list: have discover write the file")
		}
	}
}

// checkRPC returns a check that no TCP port answers what only the supervisor knows: the name of a service of the harness.
func checkRPC(t *target.Target) check {
	return func(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
		GinkgoHelper()
		bystanders := sandbox.Bystanders()
		var offered []string
		for _, place := range findExposed(ctx, sandbox) {
			switch {
			case place.Network != protocol.NetworkTCP:
			case slices.Contains(place.PIDs, sandbox.SupervisorPID()) && !slices.Contains(t.Container.Ports, place.Port):
				offered = append(offered, "the supervisor itself listens at "+place.describe())
			case len(bystanders) > 0 && answersRPC(ctx, sandbox, place, bystanders[0].Name):
				offered = append(offered, "the list of services is answered at "+place.describe())
			}
		}
		if len(offered) == 0 {
			return spec.Finding{}
		}
		return spec.Finding{Headline: "the supervisor can be reached over TCP, where no file permission guards it", Cases: offered}
	}
}

// answersRPC reports whether a port answers the question for the list of services, asked by lines or over HTTP, with the name of one.
func answersRPC(ctx context.Context, sandbox *session.Sandbox, at place, service string) bool {
	const question = `{"jsonrpc":"2.0","id":1,"method":"service.list","params":{}}`
	post := func(path string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(question), question)
	}
	for _, text := range []string{question + "\n", post("/"), post("/rpc")} {
		if strings.Contains(exchange(ctx, sandbox, at, text), service) {
			return true
		}
	}
	return false
}

// exchange says a text to a port and returns what comes back.
func exchange(ctx context.Context, sandbox *session.Sandbox, at place, text string) string {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	host := at.Address
	switch host {
	case "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	conn, err := sandbox.DialAddress(ctx, net.JoinHostPort(host, fmt.Sprint(at.Port)))
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := io.WriteString(conn, text); err != nil {
		return ""
	}
	if strings.HasPrefix(text, "{") { // one line; the connection stays open
		line, _ := bufio.NewReader(io.LimitReader(conn, replyLimit)).ReadString('\n')
		return line
	}
	reply, _ := io.ReadAll(io.LimitReader(conn, replyLimit))
	return string(reply)
}

// checkAbstract looks for abstract unix sockets.
func checkAbstract(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	var found []string
	for _, place := range findExposed(ctx, sandbox) {
		if place.Network == protocol.NetworkAbstract {
			found = append(found, place.describe())
		}
	}
	if len(found) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: fmt.Sprintf("every user of the container can use %s", spec.Count(len(found), "abstract socket")), Cases: found}
}

// checkWritable looks up who may change what the image runs: the entry point, the programs and scripts of every process and of every
// registered action, the programs beside them, and what the supervisor has open.
func checkWritable(ctx SpecContext, sandbox *session.Sandbox) spec.Finding {
	GinkgoHelper()
	about, err := sandbox.About(ctx)
	spec.Conclude(err)
	table, err := sandbox.Agent().Processes(ctx)
	spec.Conclude(err)
	paths := []string{programs}
	add := func(words ...string) {
		for _, word := range words {
			if path.IsAbs(word) && !isOurs(word) && !strings.ContainsAny(word, `*?[\`) && !slices.Contains(paths, word) {
				paths = append(paths, word)
			}
		}
	}
	add(about.Command...)
	for _, process := range table {
		add(process.Argv...)
	}
	actions, err := sandbox.Supervisor.Actions(ctx, "")
	if err == nil { // else what runs has to do
		for _, action := range actions {
			called, _ := script.Programs(action.Exec)
			add(called...)
			add(action.Dir)
		}
	}
	if pid := sandbox.SupervisorPID(); pid != 0 {
		usage, err := sandbox.Agent().Usage(ctx, pid)
		spec.Conclude(err)
		add(usage.Files...)
	}
	writable, err := sandbox.Agent().Writable(ctx, paths...)
	spec.Conclude(err)
	var found []string
	for _, one := range writable {
		found = append(found, fmt.Sprintf("%s has mode %s", one.Path, one.Mode))
	}
	if len(found) == 0 {
		return spec.Finding{}
	}
	return spec.Finding{Headline: fmt.Sprintf("every user of the container can change %s that the image runs or keeps its state in",
		spec.Count(len(found), "path")), Cases: found}
}
