package identify

import (
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

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
		if got, _ := findListener([]byte(listeners), port); got.inode != want {
			t.Errorf("port %d: inode %q, not %q", port, got.inode, want)
		}
	}
	six := "   0: 00000000000000000000000000000000:1A0A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 33 0 555 1\n"
	if got, _ := findListener([]byte(six), 6666); got.inode != "555" || got.user != 33 {
		t.Errorf("over IPv6: %+v", got)
	}
}

func FuzzFindListener(f *testing.F) {
	f.Add([]byte(listeners), 6666)
	f.Fuzz(func(t *testing.T, table []byte, port int) {
		if found, ok := findListener(table, port); ok && !strings.Contains(string(table), found.inode) {
			t.Errorf("inode %q is not in the table", found.inode)
		}
	})
}

func TestExclude(t *testing.T) {
	process := func(pid, parent int, state string) protocol.Process {
		return protocol.Process{Incarnation: record.Incarnation{PID: pid}, Parent: parent, State: state}
	}
	for name, c := range map[string]struct {
		hidden []protocol.Process
		want   int
		wrong  string
	}{
		"none":                      {nil, 0, "no process that we may look into"},
		"one":                       {[]protocol.Process{process(7, 2, "S")}, 7, ""},
		"one with children":         {[]protocol.Process{process(7, 2, "S"), process(8, 7, "S"), process(9, 8, "S")}, 7, ""},
		"one and a zombie":          {[]protocol.Process{process(7, 2, "S"), process(8, 2, "Z")}, 7, ""},
		"one and the supervisor":    {[]protocol.Process{process(2, 1, "S"), process(7, 2, "S")}, 7, ""},
		"two, and it may be either": {[]protocol.Process{process(7, 2, "S"), process(8, 2, "S")}, 0, "any of 2 processes can hold it"},
	} {
		got, err := exclude(c.hidden, 2)
		if got != c.want || (err == nil) != (c.wrong == "") || (err != nil && !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}
