package identify

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/procfs"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// ListExposed lists the endpoints that no file permission guards.
func ListExposed(context.Context) ([]protocol.Exposed, error) {
	places := map[string]protocol.Exposed{}
	first := readFirstEphemeral()
	for _, table := range []struct {
		path string
		read func(fields []string) (inode string, found protocol.Exposed, ok bool)
	}{
		{"/proc/net/tcp", readTCP},
		{"/proc/net/tcp6", readTCP},
		{"/proc/net/udp", readUDP(first)},
		{"/proc/net/udp6", readUDP(first)},
		{"/proc/net/unix", readAbstract},
	} {
		data, err := os.ReadFile(table.path)
		if err != nil {
			continue // no IPv6, say
		}
		for line := range strings.Lines(string(data)) {
			if inode, found, ok := table.read(strings.Fields(line)); ok {
				places[formatLink(inode)] = found
			}
		}
	}
	all, err := procfs.ListProcesses()
	if err != nil {
		return nil, fmt.Errorf("list what is exposed: %w", err)
	}
	for _, process := range all {
		links, _ := procfs.ReadLinks(process.PID) // a process that cannot be looked into holds what nobody else holds
		for _, link := range links {
			if place, ok := places[link]; ok && !slices.Contains(place.PIDs, process.PID) {
				place.PIDs = append(place.PIDs, process.PID)
				places[link] = place
			}
		}
	}
	found := make([]protocol.Exposed, 0, len(places))
	for _, place := range places {
		found = append(found, place)
	}
	slices.SortFunc(found, func(a, b protocol.Exposed) int {
		return strings.Compare(a.Network+a.Address+strconv.Itoa(a.Port), b.Network+b.Address+strconv.Itoa(b.Port))
	})
	return found, nil
}

// The states of a socket in the kernel's tables.
const (
	tcpListens = "0A"
	udpUnbound = "07" // it has no peer
)

func readTCP(fields []string) (inode string, found protocol.Exposed, ok bool) {
	return readInternet(fields, protocol.NetworkTCP, tcpListens)
}

// readUDP reads a line of a table of UDP. Ports from first on are those that the kernel gives to clients.
func readUDP(first int) func([]string) (string, protocol.Exposed, bool) {
	return func(fields []string) (string, protocol.Exposed, bool) {
		inode, found, ok := readInternet(fields, protocol.NetworkUDP, udpUnbound)
		found.Ephemeral = found.Port >= first
		return inode, found, ok
	}
}

// readInternet reads a line of /proc/net/tcp or the like, if its socket has a state.
func readInternet(fields []string, network, state string) (inode string, found protocol.Exposed, ok bool) {
	const local, stateField, inodeField = 1, 3, 9
	if len(fields) <= inodeField || fields[stateField] != state {
		return "", found, false
	}
	address, port, ok := parseAddress(fields[local])
	return fields[inodeField], protocol.Exposed{
		Network: network, Address: address.String(), Port: port, Loopback: address.Unmap().IsLoopback(),
	}, ok
}

// parseAddress reads an address and a port as the kernel writes them: 32-bit words in the order of the host, which is little-endian.
func parseAddress(text string) (address netip.Addr, port int, ok bool) {
	host, hexPort, found := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	number, portErr := strconv.ParseUint(hexPort, 16, 16)
	if !found || err != nil || portErr != nil || len(raw)%4 != 0 {
		return address, 0, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, ok = netip.AddrFromSlice(raw)
	return address, int(number), ok //nolint:gosec // a port fits
}

// automatic matches the names that the kernel gives to sockets that are bound without one.
var automatic = regexp.MustCompile(`^@[0-9a-f]{5}$`) //nolint:gochecknoglobals // a constant

// readAbstract reads a line of /proc/net/unix if its socket listens at a name that is no path, or takes datagrams there.
func readAbstract(fields []string) (inode string, found protocol.Exposed, ok bool) {
	const flagsField, kindField, inodeField, nameField = 3, 4, 6, 7
	const listens, datagrams = "00010000", "0002"
	if len(fields) <= nameField || !strings.HasPrefix(fields[nameField], "@") || automatic.MatchString(fields[nameField]) {
		return "", found, false
	}
	ok = fields[flagsField] == listens || fields[kindField] == datagrams
	return fields[inodeField], protocol.Exposed{Network: protocol.NetworkAbstract, Address: fields[nameField]}, ok
}

// readFirstEphemeral returns the first of the ports that the kernel gives to clients.
func readFirstEphemeral() int {
	const usual = 32768
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	fields := strings.Fields(string(data))
	if len(fields) == 0 {
		return usual
	}
	first, err := strconv.Atoi(fields[0])
	if err != nil {
		return usual
	}
	return first
}
