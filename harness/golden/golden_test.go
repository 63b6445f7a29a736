package golden_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
)

// listener notes whether a test failed, in place of failing.
type listener struct {
	testing.TB
	failed bool
}

func (l *listener) Helper()               {}
func (l *listener) Errorf(string, ...any) { l.failed = true }
func (l *listener) Fatalf(string, ...any) { l.failed = true; panic(l) }

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text string
		fails      bool
	}{
		"the same": {"hello.txt", "hello\n", false},
		"another":  {"hello.txt", "hello", true},
		"no file":  {"missing.txt", "hello", true},
	} {
		t.Run(name, func(t *testing.T) {
			heard := &listener{TB: t}
			func() {
				defer func() { _ = recover() }()
				golden.Check(heard, tc.file, tc.text)
			}()
			if heard.failed != tc.fails {
				t.Errorf("failed: %v", heard.failed)
			}
		})
	}
}
