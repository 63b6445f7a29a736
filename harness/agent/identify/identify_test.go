package identify

import (
	"strings"
	"testing"
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
