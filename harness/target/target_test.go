package target_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	head   = "name: a\nimage: {reference: b}\n"
	policy = "policy: {delay: 5s, backoff: none}\n"
)

func load(t *testing.T, text string) (*target.Target, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return target.Load(path)
}

func TestLoad(t *testing.T) {
	g := gomega.NewWithT(t)
	loaded, err := load(t, `
name: a
description: b
image: {build: [go, run, ./c]}
container: {port: 6666, publish_port: 8805, ports: [9229], data: /data, env: {A: "1"}, secrets: [KEY], capabilities: [SYS_PTRACE]}
zinit: {sockets: [/run/z.sock]}
confirmed: [delay-formula]
policy: {max_attempts: 20, delay: 5s, backoff: exponential, max_delay: 5m, stability_period: 1m}
health: {interval: 1m, timeout: 90s, start_period: 30s, retries: 2}
budgets: {restart: 1730ms}
services:
  - {name: one, socket: /run/one.sock, requires: [three]}
  - {name: two, port: 80, health: /health, policy: {delay: 1s, backoff: linear}}
  - {name: three, oneshot: true}
inventory: {services: 3, actions: 6}
smoke: [{path: /, status: 204}]
`)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	ms := func(d time.Duration) zinit.Milliseconds { return zinit.Milliseconds(d) }
	g.Expect(loaded.Budgets).To(gomega.Equal(target.Budgets{
		Restart: ms(1730 * time.Millisecond), Serving: ms(10 * time.Second), Tolerance: ms(250 * time.Millisecond),
		Boot: ms(time.Minute), Smoke: ms(2 * time.Minute), StopTimeout: ms(10 * time.Second),
	}))
	g.Expect(loaded.Health.Retries).To(gomega.Equal(2))
	g.Expect(loaded.Container.Secrets).To(gomega.ConsistOf("KEY"))
	g.Expect(loaded.Container.Capabilities).To(gomega.ConsistOf("SYS_PTRACE"))

	g.Expect(loaded.Restartable()).To(gomega.HaveLen(2))
	g.Expect(loaded.Services).To(gomega.HaveLen(3), "Restartable changed the target")
	g.Expect(loaded.ServiceNames()).To(gomega.Equal([]string{"one", "two", "three"}))
	one, ok := loaded.Service("one")
	g.Expect(ok).To(gomega.BeTrue())
	g.Expect(loaded.PolicyOf(one).MaxAttempts).To(gomega.Equal(20))
	two, _ := loaded.Service("two")
	g.Expect(loaded.PolicyOf(two)).To(gomega.Equal(zinit.RetryPolicy{Delay: ms(time.Second), Backoff: zinit.BackoffLinear}))
	_, ok = loaded.Service("four")
	g.Expect(ok).To(gomega.BeFalse())
	g.Expect(loaded.Confirms("delay-formula")).To(gomega.BeTrue())
	g.Expect(loaded.Confirms("no-zombie")).To(gomega.BeFalse())
	g.Expect((&target.Target{Confirmed: []string{target.All}}).Confirms("no-zombie")).To(gomega.BeTrue())
}

// TestErrors checks that each error is one line with the place and what to do.
func TestErrors(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":              {"", ": it must hold exactly one YAML document"},
		"a comment":            {"# nothing\n", ": it must hold exactly one"},
		"two":                  {head + "---\n" + head, ": it must hold exactly one YAML document"},
		"a list":               {"- a\n", ":1:1: sequence was used where mapping is expected"},
		"no YAML":              {"name: [a\n", ":1:7: sequence end token ']' not found"},
		"unknown key":          {head + "imge: 1\n", `:3:1: unknown field "imge": did you mean "image"?`},
		"unknown inside":       {head + "container:\n  prot: 1\n", `:4:3: unknown field "prot": did you mean "port"?`},
		"twice":                {head + "name: b\n", `:3:1: mapping key "name" already defined at [1:1]`},
		"a bare number":        {head + "budgets:\n  restart: 5\n", `:4:12: "5" is not a duration: write it like 5s, 250ms or 1m30s`},
		"a number deep":        {head + "services:\n  - name: x\n    policy: {delay: 1m, max_delay: 5}\n", `:5:36: "5" is not a duration`},
		"no duration":          {head + "budgets: {restart: soon}\n", `:3:20: "soon" is not a duration`},
		"another type":         {head + "container: {port: many}\n", ":3:19: cannot unmarshal string into Go struct field Target.Container of type int"},
		"no name":              {"image: {reference: b}\n", `: the name is "": use small letters`},
		"a bad name":           {"name: ../x\nimage: {reference: b}\n", `:1:7: the name is "../x": use small letters`},
		"no image":             {"name: a\n", ": give either the image's reference or the command that builds it"},
		"an archive elsewhere": {"name: a\nimage:\n  build: [c]\n  archive: ../x.tar\n", ":4:12: an archive replaces a build"},
		"an archive alone":     {"name: a\nimage:\n  reference: b\n  archive: x.tar\n", ":4:12: an archive replaces a build"},
		"two images":           {"name: a\nimage:\n  reference: b\n  build: [c]\n", ":3:3: give either the image's reference"},
		"a port too high":      {head + "container: {port: 70000}\n", ":3:19: 70000 is not a port: it is at most 65535"},
		"a port below 0":       {head + "container: {port: -1}\n", ":3:19: -1 is not a port"},
		"published nothing":    {head + "container: {publish_port: 1}\n", ":3:27: publish_port needs the port in the container: add port"},
		"data not absolute":    {head + "container: {data: data}\n", `:3:19: "data" is not an absolute path in the container`},
		"data is the root":     {head + "container: {data: /}\n", `:3:19: no volume can be mounted on /: name the folder`},
		"data of the kernel":   {head + "container: {data: /proc/x}\n", `:3:19: no volume can be mounted on /proc/x`},
		"data with dots":       {head + "container: {data: /a/../b}\n", `:3:19: "/a/../b" is not an absolute path`},
		"a capability":         {head + "container: {capabilities: [SYS_ADMIN]}\n", `:3:28: "SYS_ADMIN" is not a capability that may be added: use some of IPC_LOCK,`},
		"a bad variable":       {head + "container: {env: {A-B: c}}\n", `:3:19: "A-B" is not a name of a variable`},
		"a secret's value":     {head + "container: {secrets: [KEY=hunter2]}\n", ":3:23: a secret is the name of a variable"},
		"a secret with env":    {head + "container: {env: {KEY: hunter2}, secrets: [KEY]}\n", ":3:44: KEY is a secret and has a value under env: remove the value"},
		"a bad socket":         {head + "zinit: {sockets: [/a, b]}\n", `:3:23: "b" is not an absolute path`},
		"no assumption":        {head + "confirmed: [all, delay-formla]\n", `:3:18: there is no assumption "delay-formla": did you mean "delay-formula"?`},
		"a long time":          {head + "budgets: {boot: 25h}\n", ":3:17: 25h0m0s is not between 0 and 24h0m0s"},
		"a time below 0":       {head + "health: {interval: -1s, timeout: 1s}\n", ":3:20: -1s is not between 0 and 24h0m0s"},
		"no interval":          {head + "health: {timeout: 1s}\n", ":3:10: a health check needs an interval and a timeout"},
		"retries below 0":      {head + "health: {interval: 1s, timeout: 1s, retries: -1}\n", ":3:46: -1 retries: give 1 or more"},
		"a bad backoff":        {head + "policy: {delay: 5s, backoff: exponentail}\n", `:3:30: the backoff is "exponentail": did you mean "exponential"?`},
		"no delay":             {head + "policy: {backoff: none}\n", ":3:10: a retry policy needs a delay"},
		"attempts below 0":     {head + "policy: {delay: 5s, backoff: none, max_attempts: -1}\n", ":3:50: -1 attempts"},
		"no probe":             {head + policy + "services:\n  - {name: x}\n", ":5:6: x needs either a socket or a port to be probed at"},
		"a probed oneshot":     {head + policy + "services: [{name: x, oneshot: true, socket: /x}]\n", ":4:13: x is oneshot, so it has neither socket nor port"},
		"no health page":       {head + policy + "services: [{name: x, port: 80}]\n", ":4:13: x has a port: give the path of its health page, like health: /health"},
		"health by socket":     {head + policy + "services: [{name: x, socket: /x, health: /}]\n", ":4:42: x has no port"},
		"a service's port":     {head + policy + "services: [{name: x, port: 70000, health: /}]\n", ":4:28: 70000 is not a port"},
		"no policy":            {head + "services: [{name: x, socket: /x}]\n", ":3:13: x has no retry policy: give the target or the service one"},
		"its bad policy":       {head + "services: [{name: x, socket: /x, policy: {delay: 5s}}]\n", `:3:43: the backoff is ""`},
		"a service twice":      {head + policy + "services: [{name: x, socket: /x}, {name: x, socket: /y}]\n", ":4:42: x is listed twice"},
		"a service unnamed":    {head + policy + "services: [{socket: /x}]\n", `:4:13: "" is not a name of a service`},
		"a service with dots":  {head + policy + "services: [{name: a..b, socket: /x}]\n", `:4:19: "a..b" is not a name of a service`},
		"a service reserved":   {head + policy + "services: [{name: hero_chaos.x, socket: /x}]\n", `:4:19: "hero_chaos.x" begins with hero_chaos.`},
		"a service, a focus":   {head + policy + "services: [{name: a&b, socket: /x}]\n", `:4:19: "a&b" is not a name of a service`},
		"a service, a flag":    {head + policy + "services: [{name: --x, socket: /x}]\n", `:4:19: "--x" is not a name of a service`},
		"a service, colour":    {head + policy + "services: [{name: \"a\\e[31m\", socket: /x}]\n", `:4:19: "a\x1b[31m" is not a name of a service`},
		"a socket too long":    {head + policy + "services: [{name: x, socket: /" + strings.Repeat("s", 107) + "}]\n", ":4:30: the path of the socket has 108 bytes"},
		"a socket, colour":     {head + "zinit: {sockets: [\"/a\\e[31m\"]}\n", `:3:19: "/a\x1b[31m" is not an absolute path`},
		"a page, a header":     {head + policy + "services: [{name: x, port: 80, health: \"/a\\r\\nX: y\"}]\n", `:4:40: "/a\r\nX: y" is not a path`},
		"a smoke, a header":    {head + "container: {port: 80}\nsmoke: [{path: \"/a HTTP/1.1\", status: 200}]\n", `:4:16: "/a HTTP/1.1" is not a path`},
		"half a port":          {head + "container: {port: 80.5}\n", ":3:19: "},
		"a port as 80.0":       {head + "container: {port: 80.0}\n", ":3:19: "},
		"a description":        {head + "description: \"a\\e[31m\"\n", `:3:14: the description holds a control character`},
		"a reference":          {"name: a\nimage: {reference: \"a b\"}\n", `:2:20: "a b" is not a reference of an image`},
		"a secret that steers": {head + "container: {secrets: [DOCKER_HOST]}\n", ":3:23: DOCKER_HOST steers the harness"},
		"the key as a secret":  {head + "container: {secrets: [HERO_CHAOS_KEY]}\n", ":3:23: HERO_CHAOS_KEY steers the harness"},
		"requires itself":      {head + policy + "services: [{name: x, socket: /x, requires: [x]}]\n", ":4:45: x requires itself"},
		"requires another":     {head + policy + "services: [{name: server, socket: /x, requires: [servr]}]\n", `:4:50: there is no service "servr": did you mean "server"?`},
		"too few":              {head + policy + "services: [{name: x, socket: /x}, {name: y, socket: /y}]\ninventory: {services: 1}\n", ":5:23: the inventory has 1 services, and 2 are listed"},
		"actions below 0":      {head + "inventory: {actions: -1}\n", ":3:22: -1 actions"},
		"a smoke path":         {head + "smoke: [{path: x, status: 200}]\n", `:3:16: "x" is not a path`},
		"a smoke status":       {head + "smoke: [{path: /x, status: 20}]\n", ":3:28: 20 is not an HTTP status"},
		"smoke, no port":       {head + "smoke: [{path: /x, status: 200}]\n", ":3:10: /x cannot be requested: the container has no port"},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			_, err := load(t, tc.text)
			g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("a.yaml" + tc.want)))
			g.Expect(err.Error()).NotTo(gomega.Or(gomega.ContainSubstring("\n"), gomega.ContainSubstring("hunter2")))
		})
	}
}

func TestOnlyFilesAreRead(t *testing.T) {
	g := gomega.NewWithT(t)
	dir := t.TempDir()
	_, err := target.Load(filepath.Join(dir, "missing.yaml"))
	g.Expect(err).To(gomega.MatchError(os.ErrNotExist))
	_, err = target.Load(dir)
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("a folder")))
	_, err = target.Load("/dev/zero")
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("a device")))
	_, err = load(t, "#"+strings.Repeat("x", 1<<16))
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("more than 65536 bytes")))
}

func TestFind(t *testing.T) {
	g := gomega.NewWithT(t)
	first, second := t.TempDir(), t.TempDir()
	write := func(dir, name, image string) {
		g.Expect(os.WriteFile(filepath.Join(dir, name+".yaml"), []byte("name: "+name+"\nimage: {reference: "+image+"}\n"), 0o600)).To(gomega.Succeed())
	}
	write(first, "embedded", "one")
	write(second, "embedded", "two")
	write(second, "hero_zero", "three")
	for name, image := range map[string]string{
		"embedded": "one", "hero_zero": "three", filepath.Join(second, "embedded.yaml"): "two",
	} {
		found, err := target.Find(name, first, second)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(found.Image.Reference).To(gomega.Equal(image))
	}
	_, err := target.Find("embeddet", first, second)
	g.Expect(err).To(gomega.MatchError(`there is no target "embeddet" in ` + first + ", " + second + `: did you mean "embedded"?`))
	_, err = target.Find("embedded", t.TempDir())
	g.Expect(err).To(gomega.MatchError(gomega.HaveSuffix(": there is none")))
	_, err = target.Find("missing.yaml")
	g.Expect(err).To(gomega.MatchError(os.ErrNotExist))
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("../../fixtures/targets/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d target files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a target file of this module
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(head + policy)
	f.Add("a: &a [*a]\n<<: *a\n")
	f.Add("name: !!binary x\nimage: {build: [{}]}\n--- |\n")
	f.Fuzz(func(t *testing.T, text string) {
		loaded, err := load(t, text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		if loaded.Name == "" || loaded.Budgets.Restart <= 0 {
			t.Fatalf("read from %q: %+v", text, loaded)
		}
		for _, service := range loaded.Restartable() {
			if loaded.PolicyOf(service).Delay <= 0 {
				t.Fatalf("%s has no delay", service.Name)
			}
		}
	})
}
