package agent

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tail follows a command's name in /proc/PID/stat: state S, parent 7, group 40, session 39, and as
// field 22 the start time.
const tail = "S 7 40 39 0 -1 4194304 100 0 0 0 1 2 3 4 20 0 5 0 987654 1000 200"

func TestParseStat(t *testing.T) {
	for _, name := range []string{"plain", "two words", "(", ")", "a) S 1 1 1 (b", "", "tab\tand\nline", "läng"} {
		process, err := parseStat([]byte("42 (" + name + ") " + tail + "\n"))
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if process.State != "S" || process.Parent != 7 || process.Group != 40 || process.Session != 39 || process.StartTime != 987654 {
			t.Errorf("%q: %+v", name, process)
		}
	}
}

func TestParseStatRefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{
		"", ")", "42 (name", "42 (name)", "42 name " + tail,
		"42 (name) " + strings.TrimSuffix(tail, " 987654 1000 200"),
		"42 (name) " + strings.Replace(tail, "987654", "-1", 1),
		"42 (name) " + strings.Replace(tail, " 7 ", " x ", 1),
	} {
		if process, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, process)
		}
	}
}

func TestReadProcessReadsOurselves(t *testing.T) {
	process, err := readProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if process.Parent != os.Getppid() || process.StartTime == 0 || process.Argv[0] != os.Args[0] {
		t.Errorf("we are %+v", process)
	}
	if !isSameProcess(process.Incarnation) {
		t.Error("we are not the same any more")
	}
	process.StartTime++
	if isSameProcess(process.Incarnation) {
		t.Error("another start time is the same life")
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (two words) " + tail))
	f.Add([]byte(")"))
	f.Add([]byte(") " + tail))
	f.Fuzz(func(t *testing.T, data []byte) {
		process, err := parseStat(data)
		if err == nil && process.State == "" {
			t.Errorf("%q was read without a state", data)
		}
	})
}

// listeners is the form of /proc/net/tcp, where 1A0A is port 6666 and 0A the state LISTEN.
const listeners = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1A0A 0100007F:B1F2 01 00000000:00000000 00:00000000 00000000     0        0 111 1 0 20 4 30 10 -1
   1: 00000000:A1A0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 0100007F:1A0A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
   3: 0100007F:0050 00000000:1A0B 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0 100 0 0 10 0
   4: 0100007F:1A0C 00000000:0000 0A 00000000:00000000
   5: 0100007F:1A0D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 inode 1 0 100 0 0 10 0
`

func TestFindListener(t *testing.T) {
	for port, want := range map[int]string{
		6666: "333", // not 111, a connection from that port
		80:   "444", // padded to four digits
		6667: "",    // only a remote port
		6668: "",    // a line that is cut off
		6669: "",    // an inode that is none
		0x1A: "",    // the end of another port's number
		0:    "",
		-1:   "",
	} {
		if got := findListener([]byte(listeners), port); got != want {
			t.Errorf("port %d: inode %q, not %q", port, got, want)
		}
	}
	six := "   0: 00000000000000000000000000000000:1A0A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 555 1\n"
	if got := findListener([]byte(six), 6666); got != "555" {
		t.Errorf("over IPv6: inode %q", got)
	}
}

func FuzzFindListener(f *testing.F) {
	f.Add([]byte(listeners), 6666)
	f.Fuzz(func(t *testing.T, table []byte, port int) {
		if inode := findListener(table, port); inode != "" && !strings.Contains(string(table), inode) {
			t.Errorf("inode %q is not in the table", inode)
		}
	})
}

// inotifyEvent is an event as the kernel writes it: the name is padded to padded bytes.
func inotifyEvent(name string, padded int) []byte {
	event := make([]byte, unix.SizeofInotifyEvent+padded)
	binary.NativeEndian.PutUint32(event[12:16], uint32(padded)) //nolint:gosec // small
	copy(event[unix.SizeofInotifyEvent:], name)
	return event
}

func TestMentions(t *testing.T) {
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

func FuzzMentions(f *testing.F) {
	f.Add(inotifyEvent("v.sock", 16), "v.sock")
	f.Fuzz(func(t *testing.T, events []byte, name string) {
		if isAbout(events, name) && !strings.Contains(string(events), name) {
			t.Errorf("%q is not in the events", name)
		}
	})
}

func TestGivenOutSince(t *testing.T) {
	for _, c := range []struct {
		pid, previous, latest int
		want                  bool
	}{
		{10, 10, 10, false},
		{11, 10, 10, false}, // nothing was given out
		{10, 10, 12, false},
		{11, 10, 12, true},
		{12, 10, 12, true},
		{13, 10, 12, false},
		{32767, 32760, 305, true},
		{300, 32760, 305, true},
		{305, 32760, 305, true}, // begun again
		{306, 32760, 305, false},
		{32760, 32760, 305, false},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			if got := isGivenOutSince(c.pid, c.previous, c.latest); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}
