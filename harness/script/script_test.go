package script_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
)

func TestPrograms(t *testing.T) {
	for text, want := range map[string][]string{
		"exec /root/hero/bin/hero_probe --timeout=80s unix /root/x.sock": {"/root/hero/bin/hero_probe"},
		`echo '{"id":1}' | socat -t5 - UNIX-CONNECT:/x | grep -q result`: {"socat", "grep"},
		"curl -sf http://127.0.0.1:6701/health || exit 1":                {"curl"},
		"timeout 5 curl -sf x":                   {"curl"},
		"A=1 env B=2 'my prog' x":                {"my prog"},
		"test -S /x && [ -r /y ]":                {},
		"ask() { nc -U /x; }; ask && ask":        {"nc"},
		"$PROBE unix":                            {},
		`test "$(socat - UNIX-CONNECT:/x)" = ok`: {"socat"},
	} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			programs, err := script.Programs(text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(programs).To(ConsistOf(want))
		})
	}
}

func TestWatchdogs(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"the issue's watchdog": {
			"while true; do\n  for s in $(zinit list); do\n    zinit status $s | grep -q Running || zinit start $s\n  done\n  sleep 10\ndone &\nexec zinit init",
			[]string{"line 3: zinit start $s (a loop has zinit start services)"},
		},
		"a loop of starts":    {"for s in a b; do zinit start \"$s\"; done", []string{"line 1: zinit start \"$s\" (a loop has zinit start services)"}},
		"by a function":       {"up() { /usr/bin/zinit start \"$1\"; }\nfor s in a b; do up $s; done", []string{`line 1: /usr/bin/zinit start "$1" (a loop has zinit start services)`}},
		"by a variable":       {"while :; do $ZINIT restart x; sleep 1; done", []string{"line 1: $ZINIT restart x (a loop has zinit start services)"}},
		"by xargs":            {"zinit list | xargs -n1 zinit start", []string{"line 1: xargs -n1 zinit start (a loop has zinit start services)"}},
		"a program itself":    {"until false; do nohup /root/hero/bin/hero_osis_server serve; done", []string{"line 1: nohup /root/hero/bin/hero_osis_server serve (a loop starts a service itself)"}},
		"by the RPC":          {"while :; do echo '{\"method\":\"service.start\"}' | socat - UNIX:/z; done", []string{`line 1: echo '{"method":"service.start"}' (a loop has zinit start services, by its RPC)`}},
		"waiting for zinit":   {"until zinit list >/dev/null; do sleep 1; done\nhero_services", nil},
		"zinit itself again":  {"while :; do zinit server --socket /x; done", nil},
		"one start, no loop":  {"zinit start user.hero_osis_server", nil},
		"waiting for a child": {"server &\nwhile :; do\n wait $server\n kill -0 $server || exit 1\ndone", nil},
		"a comment":           {"# while true; do zinit start x; done\nexec zinit init", nil},
		"a recursion":         {"f() { f; }\nwhile :; do f; done", nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			found, err := script.Watchdogs(tc.text, "hero_osis_server")
			g.Expect(err).NotTo(HaveOccurred())
			var lines []string
			for _, finding := range found {
				lines = append(lines, finding.String())
			}
			g.Expect(lines).To(Equal(tc.want))
		})
	}
}

func TestInvalidScripts(t *testing.T) {
	_, err := script.Watchdogs("while; do")
	NewWithT(t).Expect(err).To(MatchError(HavePrefix("parse the shell script: ")))
	_, err = script.Programs("a |")
	NewWithT(t).Expect(err).To(HaveOccurred())
}
