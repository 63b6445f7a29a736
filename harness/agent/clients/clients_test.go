package clients_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/clients"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const request = `{"jsonrpc":"2.0","id":1,"method":"system.ping"}` + "\n"

// server is a socket that serves each client as it is told.
type server struct {
	endpoint protocol.Endpoint
	read     atomic.Int64 // bytes
	lines    atomic.Int64
}

func serve(t *testing.T, client func(s *server, conn net.Conn)) *server {
	t.Helper()
	s := &server{endpoint: protocol.Endpoint{Socket: filepath.Join(t.TempDir(), "s")}}
	listener, err := net.Listen("unix", s.endpoint.Socket)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = conn.Close() }()
				client(s, conn)
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return s
}

// answer answers each line with a line.
func answer(s *server, conn net.Conn) {
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		s.read.Add(int64(len(line)))
		if err != nil {
			return
		}
		s.lines.Add(1)
		if _, err := io.WriteString(conn, "{}\n"); err != nil {
			return
		}
	}
}

func play(t *testing.T, s *server, manner protocol.Manner, count int, period time.Duration) protocol.ClientsResult {
	t.Helper()
	result, err := clients.Play(t.Context(), protocol.ClientsParams{
		Endpoint: s.endpoint, Manner: manner, Count: count, Request: []byte(request), Period: period, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestEveryMannerDoesWhatItSays(t *testing.T) {
	const short = 200 * time.Millisecond
	for manner, check := range map[protocol.Manner]func(g Gomega, s *server, r protocol.ClientsResult){
		protocol.ClientsSilent: func(g Gomega, s *server, r protocol.ClientsResult) {
			g.Expect(r).To(Equal(protocol.ClientsResult{Connected: 3}))
			g.Expect(s.read.Load()).To(BeZero())
		},
		protocol.ClientsHalf: func(g Gomega, s *server, r protocol.ClientsResult) {
			g.Expect(r.Sent).To(BeNumerically(">", 3))
			g.Expect(s.lines.Load()).To(BeZero())
		},
		protocol.ClientsSlow: func(g Gomega, s *server, _ protocol.ClientsResult) {
			g.Expect(s.lines.Load()).To(And(BeNumerically(">", 3), BeNumerically("<", 3*2000)), "the server is held up")
		},
		protocol.ClientsGone: func(g Gomega, _ *server, r protocol.ClientsResult) {
			g.Expect(r.Connected).To(Equal(3))
			g.Expect(r.Answered).To(BeZero())
		},
		protocol.ClientsGarbage: func(g Gomega, _ *server, r protocol.ClientsResult) {
			g.Expect(r.Sent).To(BeNumerically(">", 1<<16))
		},
		protocol.ClientsMany: func(g Gomega, _ *server, r protocol.ClientsResult) {
			g.Expect(r).To(Equal(protocol.ClientsResult{Connected: 3, Answered: 3, Sent: 3 * int64(len(request))}))
		},
		protocol.ClientsAtOnce: func(g Gomega, _ *server, r protocol.ClientsResult) {
			g.Expect(r.Answered).To(Equal(3))
		},
	} {
		t.Run(string(manner), func(t *testing.T) {
			t.Parallel()
			// A reply of some size, so that the replies to a slow reader exceed the buffers.
			s := serve(t, func(s *server, conn net.Conn) {
				if manner == protocol.ClientsSlow {
					lines := bufio.NewReader(conn)
					for {
						if _, err := lines.ReadString('\n'); err != nil {
							return
						}
						s.lines.Add(1)
						if _, err := conn.Write(make([]byte, 1<<12)); err != nil {
							return
						}
					}
				}
				answer(s, conn)
			})
			check(NewWithT(t), s, play(t, s, manner, 3, short))
		})
	}
}

func TestAHugeRequestEndsWithItsServer(t *testing.T) {
	s := serve(t, func(s *server, conn net.Conn) {
		n, _ := io.CopyN(io.Discard, conn, 1<<20)
		s.read.Add(n)
	})
	g := NewWithT(t)
	g.Expect(play(t, s, protocol.ClientsHuge, 1, 20*time.Second).Sent).To(And(BeNumerically(">=", 1<<20), BeNumerically("<", 8<<20)))
	whole := serve(t, func(s *server, conn net.Conn) { n, _ := io.Copy(io.Discard, conn); s.read.Add(n) })
	g.Expect(play(t, whole, protocol.ClientsHuge, 1, 2*time.Second).Sent).To(BeNumerically(">=", 64<<20))
}

func TestAServerMayRefuse(t *testing.T) {
	g := NewWithT(t)
	s := serve(t, func(_ *server, conn net.Conn) { _ = conn.Close() })
	g.Expect(play(t, s, protocol.ClientsMany, 5, time.Second).Refused).To(Equal(5))
	g.Expect(play(t, s, protocol.ClientsAtOnce, 5, time.Second).Refused).To(Equal(5))
	gone := &server{endpoint: protocol.Endpoint{Socket: filepath.Join(t.TempDir(), "none")}}
	g.Expect(play(t, gone, protocol.ClientsAtOnce, 5, time.Second)).To(Equal(protocol.ClientsResult{Refused: 5}))
}

func TestAnUnknownMannerIsRefused(t *testing.T) {
	_, err := clients.Play(t.Context(), protocol.ClientsParams{Manner: "polite"})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"polite"`)))
}

func TestAFullBacklogIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	attempts := 0
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	conn, err := clients.Await(t.Context(), func() (net.Conn, error) {
		if attempts++; attempts < 3 {
			return nil, unix.EAGAIN
		}
		return near, nil
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn).To(BeIdenticalTo(near))
	_, err = clients.Await(t.Context(), func() (net.Conn, error) { return nil, unix.ECONNREFUSED })
	g.Expect(errors.Is(err, unix.ECONNREFUSED)).To(BeTrue())
}
