package procfs

import (
	"os"
	"testing"
)

func TestParseGroup(t *testing.T) {
	for text, want := range map[string]string{
		"0::/system.slice/docker-1.scope\n":               "/system.slice/docker-1.scope",
		"12:pids:/docker/1\n11:memory:/docker/2\n0::/x\n": "/docker/1",
		"3:cpu,pids,memory:/docker/3\n":                   "/docker/3",
		"11:memory:/docker/2\n":                           "",
		"0::/a:b\n":                                       "/a:b",
		"":                                                "",
		"rubbish":                                         "",
	} {
		if got := parseGroup(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestIsWithin(t *testing.T) {
	for _, c := range []struct {
		own, group string
		want       bool
	}{
		{"/docker/1", "/docker/1", true},
		{"/docker/1", "/docker/1/init.scope", true},
		{"/docker/1", "/docker/12", false},
		{"/docker/1", "/", false},
		{"/docker/1", "", false},
		{"/", "/", true}, // a namespace of control groups
		{"/", "/init.scope", true},
		{"/", "/../2", false},
		{"/", "/..", false},
		{"/", "", false},
	} {
		if got := isWithin(c.own, c.group); got != c.want {
			t.Errorf("%q in %q: %v", c.group, c.own, got)
		}
	}
}

// TestOwnProcessIsOurs checks that nothing is kept out where the process sees its own namespace alone, and itself never.
func TestOwnProcessIsOurs(t *testing.T) {
	if !IsOurs(os.Getpid()) {
		t.Error("this process")
	}
}
