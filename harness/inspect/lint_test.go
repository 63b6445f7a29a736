package inspect

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestUnsoundProbes covers the probes of suites/contract/hero_zero.md#issue-probe and others of their kind.
func TestUnsoundProbes(t *testing.T) {
	const question = `echo '{"jsonrpc":"2.0","method":"server.health","id":1}' | `
	for exec, want := range map[string][]string{
		question + `socat - UNIX-CONNECT:/root/hero/var/sockets/x.sock`:             {"misses a hang"},
		question + `socat - UNIX-CONNECT:/x.sock | grep -q '"result"'`:              {"it waits 0.5 s", "a wrong id"},
		question + `socat -t5 - UNIX-CONNECT:/x.sock | grep -q '"result"'`:          {"a wrong id"},
		question + `socat -t 5 - UNIX-CONNECT:/x.sock | grep -q '"result"' || true`: {"its failure is ignored", "a wrong id"},
		`curl -s http://127.0.0.1:6666/health`:                                      {"without --fail", "without --max-time"},
		`curl -sf -m 5 http://127.0.0.1:6666/health`:                                nil,
		`/usr/bin/curl --fail --max-time 5 http://localhost:1/`:                     nil,
		`echo ok`:                               {"it asks no service"},
		`true`:                                  {"it asks no service"},
		`exit 0`:                                {"it asks no service"},
		`nc -z localhost 6666`:                  {"it only connects"},
		`test -S /root/hero/var/sockets/x.sock`: {"it only looks for a file"},
		`exec /root/hero/bin/hero_probe --timeout=1m20s unix /root/hero/var/sockets/x.sock`: nil,
		`hero_probe unix /x.sock; true`: {"its failure is ignored"},
		`echo 'unbalanced`:              {"not a valid shell command"},
		`curl -sf -m 5 http://127.0.0.1:6666/health > /dev/null && hero_probe unix /x.sock`: nil,
		`/bin/sh -c "curl -f -m 2 http://127.0.0.1:6666/health"`:                            nil,
		`curl --fail-with-body --max-time=2 http://127.0.0.1:6666/health | grep -q healthy`: nil,
		`curl -fsS --connect-timeout 2 http://127.0.0.1:6666/health`:                        {"without --max-time"},
		`command socat -t0.2 - UNIX-CONNECT:/x.sock | jq -e .result`:                        {"it waits 0.2 s", "a wrong id"},
	} {
		t.Run(exec, func(t *testing.T) {
			g := gomega.NewWithT(t)
			got := unsound(exec)
			g.Expect(got).To(gomega.HaveLen(len(want)), "%v", got)
			for i := range want {
				g.Expect(got[i]).To(gomega.ContainSubstring(want[i]))
			}
		})
	}
}

func ms(d time.Duration) zinit.Milliseconds { return zinit.Milliseconds(d) }

func embeddedTarget(t *testing.T) *target.Target {
	t.Helper()
	loaded, err := target.Load(filepath.Join("..", "..", "fixtures", "targets", "embedded.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// sound returns a correct service with a margin.
func sound(name string, p zinit.RetryPolicy) zinit.Definition {
	p.Delay = ms(4 * time.Second)
	return zinit.Define(name,
		zinit.RunAction(name, "/bin/x serve", p),
		zinit.HealthAction(name, "hero_probe unix /x.sock", zinit.Schedule{Interval: ms(time.Minute), StartPeriod: ms(30 * time.Second)}, ms(20*time.Second)))
}

// TestLint covers every remark once, and a sound service without remarks.
func TestLint(t *testing.T) {
	described := embeddedTarget(t)
	described.Policy.Delay = ms(4 * time.Second)
	described.Health.Timeout = ms(20 * time.Second)
	described.Services, described.Inventory = nil, target.Inventory{}
	change := func(name string, change func(*zinit.Definition)) zinit.Definition {
		definition := sound(name, described.Policy)
		change(&definition)
		return definition
	}
	gather := func(definitions ...zinit.Definition) (services []zinit.Service, actions []zinit.Action) {
		for _, definition := range definitions {
			services, actions = append(services, definition.Service), append(actions, definition.Actions...)
		}
		return services, actions
	}
	g := gomega.NewWithT(t)
	g.Expect(Lint(described, nil, nil)).To(gomega.BeEmpty())
	services, actions := gather(sound("user.sound", described.Policy))
	g.Expect(Lint(described, services, actions)).To(gomega.BeEmpty())

	described.Services = []target.Service{{Name: "user.gone", Socket: "/x"}}
	described.Inventory = target.Inventory{Services: 28, Actions: 56}
	services, actions = gather(
		change("user.linear", func(d *zinit.Definition) { d.Actions[0].Retry.Backoff = zinit.BackoffLinear }),
		change("user.nomargin", func(d *zinit.Definition) { d.Actions[0].Retry.Delay = ms(5 * time.Second) }),
		change("user.late", func(d *zinit.Definition) { d.Actions[0].Retry.Delay = ms(6 * time.Second) }),
		change("user.nopolicy", func(d *zinit.Definition) { d.Actions[0].Retry = nil }),
		change("user.uncapped", func(d *zinit.Definition) { d.Actions[1].Schedule.StartPeriod = ms(time.Minute) }),
		change("user.hangs", func(d *zinit.Definition) { d.Actions[1].Timeout = ms(90 * time.Second) }),
		change("user.unchecked", func(d *zinit.Definition) { d.Actions, d.Service.Actions = d.Actions[:1], d.Service.Actions[:1] }),
		change("user.unscheduled", func(d *zinit.Definition) { d.Actions[1].Schedule = nil }),
		change("user.blind", func(d *zinit.Definition) { d.Actions[1].Exec = "echo ok" }),
		change("user.self", func(d *zinit.Definition) {
			d.Service.Dependencies = zinit.Dependencies{After: []string{"user.self", "user.nobody"}}
		}),
		change("user.thief", func(d *zinit.Definition) {
			d.Service.Actions = append(d.Service.Actions, "user.self.run", "user.thief.nothing")
		}),
		change("user.odd", func(d *zinit.Definition) { d.Actions[0].Name, d.Service.Actions[0] = "run", "run" }),
	)
	actions = append(actions, actions[len(actions)-1])
	golden.Check(t, "lint.txt", Report{Target: "embedded", Remarks: Lint(described, services, actions)}.Text())
}

// TestCap varies the stability period.
func TestCap(t *testing.T) {
	g := gomega.NewWithT(t)
	described := embeddedTarget(t)
	definition := sound("user.x", described.Policy)
	for stable, want := range map[time.Duration]string{29 * time.Second: "cap unreachable:", 49 * time.Second: "cap unreachable by hangs:", 51 * time.Second: ""} {
		r := new(remarks)
		definition.Actions[0].Retry.StabilityPeriod = ms(stable)
		lintCap(r, "user.x", definition.Actions[0], definition.Actions)
		g.Expect(strings.Contains(fmt.Sprint(r.list), "cap")).To(gomega.Equal(want != ""), "%s: %v", stable, r.list)
		g.Expect(fmt.Sprint(r.list)).To(gomega.ContainSubstring(want))
	}
}
