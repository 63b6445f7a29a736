package record_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAnEndpointIsFoundInItsWords(t *testing.T) {
	for _, at := range []record.Endpoint{{Socket: "/a.sock"}, {Port: 1}, {Port: 65535}} {
		words := []string{at.ByInode(), at.ByExclusion()}
		if at.Socket != "" {
			words = []string{at.ByPeer()}
		}
		for _, one := range words {
			if found, ok := record.FindEndpoint(one); !ok || found != at {
				t.Errorf("%q: %+v, %t", one, found, ok)
			}
		}
	}
	for _, words := range []string{"", "other", "peer of ", "inode of port 0", "inode of port 65536", "inode of port -1", "inode of port 80 ", "inode of port 080", "holder of port 80, by trust", "a port "} {
		if found, ok := record.FindEndpoint(words); ok {
			t.Errorf("%q is at %+v", words, found)
		}
	}
}
