package record

import (
	"fmt"
	"strconv"
	"strings"
)

// Endpoint is where a service serves: at a unix socket, else at a port.
type Endpoint struct {
	Socket string
	Port   int
}

// Endpoint returns where the service serves; the zero value if that is not known.
func (s Service) Endpoint() Endpoint { return Endpoint{Socket: s.Socket, Port: s.Port} }

// ByPeer tells in words that a process was identified as the peer of the endpoint's socket.
func (e Endpoint) ByPeer() string { return "peer of " + e.Socket }

// ByInode tells in words that a process was identified as the holder of the endpoint's port.
func (e Endpoint) ByInode() string { return fmt.Sprintf("inode of port %d", e.Port) }

// ByExclusion tells in words that a process was identified as the only one that can have the endpoint's port.
func (e Endpoint) ByExclusion() string {
	return fmt.Sprintf("holder of port %d, by exclusion: no other process can have it", e.Port)
}

// Identifies reports whether these words say that a process was identified at the endpoint.
func (e Endpoint) Identifies(words string) bool {
	if e.Socket != "" {
		return words == e.ByPeer()
	}
	return words == e.ByInode() || words == e.ByExclusion()
}

// FindEndpoint returns the endpoint at which these words say that a process was identified; false if they say no such thing.
func FindEndpoint(words string) (at Endpoint, ok bool) {
	if socket, isPeer := strings.CutPrefix(words, Endpoint{}.ByPeer()); isPeer {
		return Endpoint{Socket: socket}, socket != ""
	}
	_, rest, _ := strings.Cut(words, " port ")
	number, _, _ := strings.Cut(rest, ",")
	at.Port, _ = strconv.Atoi(number)
	return at, at.Port > 0 && at.Port < 1<<16 && at.Identifies(words)
}
