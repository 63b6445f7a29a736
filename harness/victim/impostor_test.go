package victim_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

func TestAnImpostorEndsTheConnectionWhereTheClientAskedForIt(t *testing.T) {
	for name, request := range map[string]string{
		"HTTP/1.1 with Connection: close": "GET /health HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n",
		"HTTP/1.0":                        "GET /health HTTP/1.0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = listener.Close() }()
			go func() { _ = victim.Impostor{HTTP: true, Good: []byte("well")}.Serve(t.Context(), listener) }()
			conn, err := net.Dial("tcp", listener.Addr().String())
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, err = fmt.Fprint(conn, request)
			g.Expect(err).NotTo(HaveOccurred())
			reply, err := io.ReadAll(conn) // as a client does that reads until the end
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(reply)).To(HaveSuffix("\r\n\r\nwell"))
		})
	}
}
