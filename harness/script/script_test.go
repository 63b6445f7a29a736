package script_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"mvdan.cc/sh/v3/syntax"

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

// TestParseRefusesALongStatement checks that nesting cannot overflow the stack, which would end the program.
func TestParseRefusesALongStatement(t *testing.T) {
	for _, open := range []string{"(", "$((", "$(", "{ ", "if ", "a|"} {
		_, err := script.Parse(strings.Repeat(open, 1<<20/len(open)), syntax.LangBash)
		if err == nil || !strings.Contains(err.Error(), "a statement is longer than 32768 bytes") {
			t.Errorf("%s: %v", open, err)
		}
	}
	if file, err := script.Parse(strings.Repeat("a; b\n# c\n", 1<<14), syntax.LangBash); err != nil || len(file.Stmts) != 2<<14 {
		t.Errorf("a long script: %v", err)
	}
}

// TestFunctionsOfALoopAreReadOnce checks that functions that call the next one twice do not take twice the time each.
func TestFunctionsOfALoopAreReadOnce(t *testing.T) {
	var text strings.Builder
	for i := range 40 {
		_, _ = fmt.Fprintf(&text, "f%d() { f%d; f%d; }\n", i, i+1, i+1)
	}
	text.WriteString("f40() { zinit start a; }\nwhile :; do f0; done\n")
	read := make(chan int, 1)
	go func() {
		found, _ := script.Watchdogs(text.String())
		read <- len(found)
	}()
	select {
	case found := <-read:
		if found != 1 {
			t.Errorf("%d watchdogs, not 1", found)
		}
	case <-time.After(20 * time.Second):
		t.Error("not read within 20 s")
	}
}

// TestAScriptThatIsBrokenOff checks that a statement with an error is one, and no panic of the library's iterator.
func TestAScriptThatIsBrokenOff(t *testing.T) {
	for _, text := range []string{"f;n\xba", "a; b 'c", "a\n(b"} {
		if _, err := script.Programs(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzWatchdogs(f *testing.F) {
	for _, text := range []string{
		"while true; do for s in $(zinit list); do zinit start \"$s\"; done; done &\nexec zinit init",
		"f() { f; }\nwhile :; do f; done", "zinit list | xargs -n1 zinit start", "cat <<E\n$(a)\nE\n", "[[ a =~ (b) ]] && $((1+2))", "A=1 env B=2 'my prog' x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		programs, err := script.Programs(text)
		found, failure := script.Watchdogs(text, programs...)
		if (err == nil) != (failure == nil) {
			t.Errorf("%v, but %v", err, failure)
		}
		for _, watchdog := range found {
			if strings.ContainsAny(watchdog.String(), "\n") {
				t.Errorf("several lines: %q", watchdog)
			}
		}
	})
}
