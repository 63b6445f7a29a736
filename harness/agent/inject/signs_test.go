package inject

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inotifyEvent is an event as the kernel writes it: the name is padded to padded bytes.
func inotifyEvent(name string, padded int) []byte {
	event := make([]byte, unix.SizeofInotifyEvent+padded)
	binary.NativeEndian.PutUint32(event[12:16], uint32(padded)) //nolint:gosec // small
	copy(event[unix.SizeofInotifyEvent:], name)
	return event
}

func TestIsAbout(t *testing.T) {
	other, socket, longer := inotifyEvent("other.sock", 16), inotifyEvent("v.sock", 16), inotifyEvent("v.sock.new", 16)
	several := append(append(append([]byte{}, other...), longer...), socket...)
	for name, c := range map[string]struct {
		events []byte
		want   bool
	}{
		"none":                {nil, false},
		"the one":             {socket, true},
		"another":             {other, false},
		"a longer name":       {longer, false},
		"the last of several": {several, true},
		"a name cut off":      {several[:len(several)-1], false},
		"a header cut off":    {socket[:10], false},
		"a name that lies":    {append(inotifyEvent("", 0)[:12], 0xff, 0xff, 0xff, 0xff), false},
	} {
		if got := isAbout(c.events, "v.sock"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzIsAbout(f *testing.F) {
	f.Add(inotifyEvent("v.sock", 16), "v.sock")
	f.Fuzz(func(t *testing.T, events []byte, name string) {
		if isAbout(events, name) && !strings.Contains(string(events), name) {
			t.Errorf("%q is not in the events", name)
		}
	})
}
