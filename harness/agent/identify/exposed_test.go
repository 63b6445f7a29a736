package identify

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

func TestWhatIsExposedIsListedWithItsHolder(t *testing.T) {
	g := NewWithT(t)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = tcp.Close() }()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = udp.Close() }()
	connected, err := net.Dial("udp", udp.LocalAddr().String())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = connected.Close() }()
	abstract, err := net.Listen("unix", "@hero_chaos-exposed-test")
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = abstract.Close() }()

	all, err := ListExposed(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	find := func(network string, port int, name string) []protocol.Exposed {
		return slices.DeleteFunc(slices.Clone(all), func(e protocol.Exposed) bool {
			return e.Network != network || e.Port != port || (name != "" && e.Address != name)
		})
	}
	g.Expect(find(protocol.NetworkTCP, tcp.Addr().(*net.TCPAddr).Port, "")).To(ConsistOf(And(
		HaveField("Loopback", true), HaveField("Address", "127.0.0.1"), HaveField("PIDs", ConsistOf(os.Getpid())),
	)))
	g.Expect(find(protocol.NetworkUDP, udp.LocalAddr().(*net.UDPAddr).Port, "")).To(ConsistOf(HaveField("Ephemeral", true)))
	g.Expect(find(protocol.NetworkUDP, connected.LocalAddr().(*net.UDPAddr).Port, "")).To(BeEmpty(), "a client with a peer")
	g.Expect(find(protocol.NetworkAbstract, 0, "@hero_chaos-exposed-test")).To(HaveLen(1))
}

func TestAddressesAsTheKernelWritesThem(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]string{
		"0100007F:1F90": "127.0.0.1", "00000000:0016": "0.0.0.0",
		"00000000000000000000000001000000:0016": "::1", "0000000000000000FFFF00000100007F:0016": "::ffff:127.0.0.1",
	} {
		address, port, ok := parseAddress(text)
		g.Expect(ok).To(BeTrue(), text)
		g.Expect(address.String()).To(Equal(want))
		g.Expect(port).To(BeNumerically(">", 0))
	}
	for _, text := range []string{"", "x", "0100007F", "01:0016", "0100007F:1F90F", "zz00007F:0016"} {
		_, _, ok := parseAddress(text)
		g.Expect(ok).To(BeFalse(), text)
	}
	_, _, ok := readAbstract([]string{"0000", "1", "0", "00010000", "0001", "01", "77", "@0001f"})
	g.Expect(ok).To(BeFalse(), "a name that the kernel gave")
}

// FuzzReadTables reads arbitrary bytes as the tables of sockets below /proc/net.
func FuzzReadTables(f *testing.F) {
	f.Add(listeners)
	f.Add("0000000000000000: 00000002 00000000 00010000 0001 01 4242 /run/a.sock\n0: 2 0 00010000 0002 01 4243 @name\n")
	f.Fuzz(func(t *testing.T, table string) {
		for _, socket := range parseBound(table) {
			if !strings.HasPrefix(socket.path, "/") {
				t.Errorf("%q is no path", socket.path)
			}
		}
		for line := range strings.Lines(table) {
			for _, read := range []func([]string) (string, protocol.Exposed, bool){readTCP, readUDP(0), readAbstract} {
				if inode, found, ok := read(strings.Fields(line)); ok && (inode == "" || found.Address == "") {
					t.Errorf("%q: inode %q, %+v", line, inode, found)
				}
			}
		}
	})
}
