package health

import (
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// truthSandbox is a sandbox of its own. Its services are stopped, so that neither they nor zinit's own checks meet the
	// impostors that take their place.
	truthSandbox = "truth"
	// hastyLimit bounds a registered probe in the quick profile. A shipped probe may wait for a reply until the timeout of
	// its action, 90 s. The issue's own probe passes after half a second.
	hastyLimit = 8 * time.Second
	// truthTimeout bounds a row of the truth table.
	truthTimeout = 10 * time.Minute
)

// row is a line of the truth table: a behaviour, and what every probe has to say about it.
type row struct {
	promise   string
	behaviour victim.Behaviour
	// passes is whether a probe has to pass; otherwise it has to fail.
	passes bool
	// applies reports whether a service can behave like that.
	applies func(target.Service) bool
	// unsound is the reason if a probe says the opposite.
	unsound string
}

func anyService(target.Service) bool  { return true }
func hasSocket(s target.Service) bool { return s.Socket != "" }
func hasPort(s target.Service) bool   { return s.Port != 0 }

const (
	noReply   = "it does not wait for the reply, or does not look at whether there is one"
	noConnect = "it does not connect, or does not look at whether it could"
	noEnd     = "it does not look at whether the reply is complete"
)

// quickRows are the behaviours that a probe can see at once.
var quickRows = []row{
	{promise.HealthTruthGood, victim.Good, true, anyService, "it does not ask, or does not take the real service's reply for a good one"},
	{promise.HealthTruthSlow, protocol.Slow, true, anyService, "it does not wait for the reply: a service that is slow and well would be restarted"},
	{promise.HealthTruthAcceptClose, victim.AcceptClose, false, anyService, noReply},
	{promise.HealthTruthRPCError, victim.Error, false, hasSocket, "it looks at no more than that there is a reply"},
	{promise.HealthTruthHTTPError, victim.Error, false, hasPort, "it does not look at the status code"},
	{promise.HealthTruthStale, protocol.Stale, false, hasSocket, noConnect},
	{promise.HealthTruthMissing, protocol.Missing, false, anyService, noConnect},
	{promise.HealthTruthWrongID, victim.WrongID, false, hasSocket, "it does not compare the id of the reply with its own"},
	{promise.HealthTruthUnhealthy, victim.Unhealthy, false, anyService, "it does not read the status in the reply"},
}

// slowRows are the behaviours that a probe finds out only by waiting for as long as it ever waits.
var slowRows = []row{
	{promise.HealthTruthStopped, protocol.Stopped, false, anyService, noReply},
	{promise.HealthTruthMute, victim.Mute, false, anyService, noReply},
	{promise.HealthTruthBacklog, protocol.Backlog, false, anyService, "it does not look at whether it could connect"},
	{promise.HealthTruthHalf, victim.Half, false, anyService, noEnd},
	{promise.HealthTruthDrip, victim.Drip, false, anyService, noEnd},
}

// behaviours names the behaviours of the rows.
var behaviours = map[victim.Behaviour]string{
	victim.Good: "a service that is well", protocol.Slow: "a service that is slow and well",
	victim.AcceptClose: "a service that closes every connection", victim.Error: "a service that answers with an error",
	protocol.Stale: "a socket that nobody listens on", protocol.Missing: "a service that is not there",
	victim.WrongID: "the reply to another request", victim.Unhealthy: "a service that says that it is unhealthy",
	protocol.Stopped: "a service that is stopped", victim.Mute: "a service that never answers",
	protocol.Backlog: "a service that takes no more connections",
	victim.Half:      "a service that sends half a reply", victim.Drip: "a reply that drips",
}

// table is the truth table of a target.
type table struct {
	chaos    *session.Session
	services []target.Service

	preparing sync.Mutex
	checks    map[*session.Sandbox]map[string]zinit.Action // by sandbox, of which there may be several of one name one after the other; then by service
}

func newTable(chaos *session.Session) *table {
	return &table{chaos: chaos, services: chaos.Target.Restartable(), checks: map[*session.Sandbox]map[string]zinit.Action{}}
}

// truthSpecs registers the specs that run every registered probe against every behaviour. A spec is a row, and tries all
// services at once.
func truthSpecs(chaos *session.Session, table *table) {
	if len(table.services) == 0 {
		return // nothing is registered that could be unsound
	}
	Describe("the registered probes", spec.Long, func() {
		for _, row := range quickRows {
			table.itHolds(row, truthSandbox)
		}
		for _, row := range slowRows {
			table.itDoesNotPassHastily(row)
			if chaos.Configuration.Profile == config.Faithful {
				table.itHolds(row, truthSandbox+"-"+string(row.behaviour)) // its probes keep the sandbox busy for long
			}
		}
	})
}

// itHolds registers the spec of a row: every probe passes, or every probe fails.
func (t *table) itHolds(r row, where string) {
	verb := map[bool]string{true: "pass", false: "fail against"}[r.passes]
	It(fmt.Sprintf("%s %s", verb, behaviours[r.behaviour]), spec.About(r.promise), spec.InBackground(where), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, t.chaos, where)
		t.judge(ctx, sandbox, r, t.try(ctx, sandbox, r, func(check zinit.Action) time.Duration {
			limit := check.Timeout.Duration()
			if t.chaos.Configuration.Profile == config.Quick || limit == 0 {
				limit = hastyLimit
			}
			return limit
		}))
	}, NodeTimeout(truthTimeout))
}

// itDoesNotPassHastily registers the spec of a row whose probes wait longer than the quick profile does. A probe that
// still waits at the limit has neither passed nor failed: it keeps this promise, and only this one.
func (t *table) itDoesNotPassHastily(r row) {
	p := promise.HealthNoHastyPass
	if found, _ := promise.Find(r.promise); found.Advisory {
		p = promise.HealthNoHastyAdvice
	}
	It(fmt.Sprintf("do not pass %s within %s", behaviours[r.behaviour], hastyLimit), spec.About(p), spec.WithBehaviour(r.behaviour), spec.InBackground(truthSandbox), func(ctx SpecContext) {
		sandbox := spec.Background(ctx, t.chaos, truthSandbox)
		trials := t.try(ctx, sandbox, r, func(zinit.Action) time.Duration { return hastyLimit })
		for i := range trials {
			trials[i].limit = 0 // to wait is right
		}
		t.judge(ctx, sandbox, r, trials)
	}, NodeTimeout(truthTimeout))
}
