package inspect

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// fake is a read-only supervisor with fixed answers.
type fake struct{ answers map[string]string }

func (f fake) dial(context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer func() { _ = there.Close() }()
		for lines := bufio.NewScanner(there); lines.Scan(); {
			var asked struct {
				ID     int    `json:"id"`
				Method string `json:"method"`
				Params struct {
					Name string `json:"name"`
				} `json:"params"`
			}
			_ = json.Unmarshal(lines.Bytes(), &asked)
			answer, ok := f.answers[strings.TrimSpace(asked.Method+" "+asked.Params.Name)]
			if !ok {
				answer = `"error":{"code":-32000,"message":"this fake is read-only"}`
			}
			_, _ = fmt.Fprintf(there, `{"jsonrpc":"2.0","id":%d,%s}`+"\n", asked.ID, answer)
		}
	}()
	return here, nil
}

// odd returns an image of two services that differs from the contract: a status without restarts, a health check without a
// schedule, and the probe.
func odd() fake {
	const (
		run    = `{"name":"user.a_server.run","service":"user.a_server","kind":"run","exec":"/bin/a","retry":{"max_attempts":20,"delay_ms":5000,"backoff":"exponential","max_delay_ms":300000,"stability_period_ms":60000}}`
		health = `{"name":"user.a_server.health","service":"user.a_server","kind":"health","exec":"echo '{}' | socat - UNIX-CONNECT:/root/hero/var/sockets/a_server.sock","timeout_ms":90000,"policy":{"interval_ms":60000}}`
		other  = `{"name":"user.b_server.run","service":"user.b_server","kind":"run","exec":"/bin/b"}`
		a      = `{"name":"user.a_server","actions":["user.a_server.run","user.a_server.health"],"dependencies":{"requires":["user.a_server"]}}`
		status = `{"name":"user.a_server","state":"Running","pid":41,"health":"healthy"}`
	)
	return fake{map[string]string{
		"rpc.discover":                    `"result":{"methods":[{"name":"action.set"}]}`,
		"system.ping":                     `"result":{"version":"0.4.0"}`,
		"service.list_full":               `"result":[` + status + `,{"name":"user.b_server","state":"Failed"}]`,
		"service.get user.a_server":       `"result":` + a,
		"service.get user.b_server":       `"result":{"name":"user.b_server","actions":["user.b_server.run"]}`,
		"service.status user.a_server":    `"result":` + status,
		"action.list":                     `"result":[` + run + `,` + health + `,` + other + `]`,
		"action.get user.a_server.run":    `"result":` + run,
		"action.get user.a_server.health": `"result":` + health,
	}}
}

func subject(t *testing.T) Subject {
	t.Helper()
	f := odd()
	supervisor, err := zinit.Connect(t.Context(), f.dial)
	if err != nil {
		t.Fatal(err)
	}
	described := embeddedTarget(t)
	described.Services = []target.Service{{Name: "user.a_server", Socket: "/a"}, {Name: "user.b_server", Socket: "/b"}}
	described.Inventory = target.Inventory{Services: 2, Actions: 4}
	return Subject{
		Target: described, Image: "hero_zero:hero", Digest: "sha256:4f",
		Supervisor: supervisor, Client: zinit.NewClient(f.dial), Socket: "/somewhere/else.sock",
		Boot: func() (map[string]string, time.Duration) {
			return map[string]string{"user.b_server": `zinit says "failed"`}, time.Minute
		},
		Smoke: func(context.Context, string) (int, error) { return 502, nil },
		Age:   func() time.Duration { return time.Second },
		Health: func(_ context.Context, socket string) (string, error) {
			if socket == "/b" {
				return "", errors.New("connection refused")
			}
			return `{"healthy": true}`, nil
		},
		Zombies: func(context.Context) ([]string, error) { return []string{"pid 77 a"}, nil },
		Command: func(context.Context, ...string) (string, int, error) {
			return "user.a_server \x1b[32mRunning\x1b[0m pid 41\nuser.b_server FAILED\n", 0, nil
		},
		Victim: func(victim.Options) string { return "victim" },
		Probe:  func(string, time.Duration) string { return "probe" },
		RepeatCommand: func(focus string) string {
			return repeat.Command{Focus: focus, Image: "odd:image"}.String()
		},
	}
}

// TestText checks the report of an odd image.
func TestText(t *testing.T) {
	g := gomega.NewWithT(t)
	report, err := Run(t.Context(), subject(t))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	text := report.Text()
	golden.Check(t, "report.txt", regexp.MustCompile(`FOCUS=\S+`).ReplaceAllString(text, "FOCUS=...")) // promises change

	var pasted struct{ Confirmed []string }
	g.Expect(yaml.Unmarshal([]byte(text), &pasted)).To(gomega.Succeed(), "it can be pasted into a target file")
	g.Expect(pasted.Confirmed).To(gomega.ConsistOf("service-actions-member", "cli-output", "rpc-within-2s"))
}

// TestSettledAssumptionsExist checks the ids that the checks settle.
func TestSettledAssumptionsExist(t *testing.T) {
	g := gomega.NewWithT(t)
	var ids []string
	for _, assumption := range zinit.Assumptions() {
		ids = append(ids, assumption.ID)
	}
	for _, c := range append(readings(), experiments()...) {
		for _, id := range c.settles {
			g.Expect(ids).To(gomega.ContainElement(id))
		}
	}
	g.Expect(ids).To(gomega.ContainElements(refusalIDs()))
}

func job(attempt int, started, ended int64, state zinit.JobState) zinit.Job {
	return zinit.Job{Attempt: attempt, Started: started, Ended: ended, State: state}
}

// TestDelays checks that formulas differ, and that a late retry is not a wrong one.
func TestDelays(t *testing.T) {
	g := gomega.NewWithT(t)
	runs := func(gaps ...int64) (jobs []zinit.Job) {
		at := int64(1000)
		for i, gap := range append(gaps, 0) {
			jobs = append(jobs, job(i+1, at, at+40, zinit.JobFailed))
			at += 40 + gap
		}
		return jobs
	}
	retries := []int{1, 2, 3}
	exponential, linear := policy(zinit.BackoffExponential, shortDelay, attempts), policy(zinit.BackoffLinear, shortDelay, attempts)
	g.Expect(checkDelays(runs(230, 460, 920), exponential, retries)).To(gomega.Succeed())
	g.Expect(checkDelays(runs(231, 461, 691), linear, retries)).To(gomega.Succeed())
	g.Expect(checkDelays(runs(219, 452, 900), exponential, retries)).To(gomega.Succeed(), "the ends were written down late")
	g.Expect(checkDelays(runs(230, 460, 690), exponential, retries)).To(gomega.MatchError("exponential backoff: gap 3 took 690ms and was due after 920ms"))
	var late *lateError
	g.Expect(errors.As(checkDelays(runs(230, 460, 920), linear, retries), &late)).To(gomega.BeTrue(), "it may be the host")
	g.Expect(checkAttempts(runs(1, 1), 3)).To(gomega.Succeed())
	g.Expect(checkAttempts([]zinit.Job{job(1, 0, 1, ""), job(1, 2, 3, "")}, 2)).To(gomega.MatchError("the attempts are 1, 1"))
}

func TestReplacedRuns(t *testing.T) {
	g := gomega.NewWithT(t)
	p := policy(zinit.BackoffNone, shortDelay, 0)
	next := job(2, 1230, 0, zinit.JobRunning)
	g.Expect(checkReplaced([]zinit.Job{job(1, 0, 1000, zinit.JobStopped), next}, p)).To(gomega.Succeed())
	g.Expect(checkReplaced([]zinit.Job{job(1, 0, 1000, zinit.JobFailed), next}, p)).To(gomega.MatchError(`the replaced run is "failed"`))
	g.Expect(checkReplaced([]zinit.Job{job(1, 0, 1100, zinit.JobStopped), next}, p)).To(gomega.MatchError("the retry came after 130ms and was due after 230ms"))
	g.Expect(checkReplaced([]zinit.Job{job(1, 0, 1000, zinit.JobStopped), job(1, 1230, 0, "")}, p)).To(gomega.MatchError(gomega.ContainSubstring("attempt 1")))
}
