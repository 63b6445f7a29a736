package victim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dripInterval is the time between two bytes of a dripping reply.
const dripInterval = 200 * time.Millisecond

// conduct is the present behaviour of a server, with its delay.
type conduct struct {
	Behaviour    Behaviour `json:"behaviour"`
	ReplyDelayMS int64     `json:"reply_delay_ms"`
}

// server answers requests by its present conduct.
type server struct {
	journal  *journal
	protocol protocol
	conduct  atomic.Pointer[conduct]
	ready    chan struct{} // closed when it may answer
	serving  sync.Once     // guards the serving event
	work     sync.Mutex    // held for ever by a deadlock
	awaitEnd bool          // requests are read to the end of the input first
}

func newServer(o Options, j *journal) *server {
	s := &server{journal: j, protocol: jsonRPC, ready: make(chan struct{}), awaitEnd: o.AwaitEnd}
	if o.Port != 0 {
		s.protocol = hypertext
	}
	s.conduct.Store(&conduct{Behaviour: o.Behaviour, ReplyDelayMS: o.ReplyDelay.Milliseconds()})
	if o.Deadlock {
		s.work.Lock()
	}
	return s
}

// setConduct changes how requests are answered; replies that are under way keep the old one.
func (s *server) setConduct(c conduct) {
	from := monotonic()
	s.conduct.Store(&c)
	select {
	case <-s.ready:
		s.noteServing(from)
	default:
	}
}

// allowAnswers lets the server answer.
func (s *server) allowAnswers() {
	from := monotonic()
	close(s.ready)
	s.noteServing(from)
}

// noteServing notes the time from which it can answer. The caller reads it earlier: the first answer may be out before the note is.
func (s *server) noteServing(from int64) {
	if s.conduct.Load().Behaviour == Good {
		s.serving.Do(func() { s.journal.add(EventServing, from) })
	}
}

// accept serves the listener's connections until it is closed.
func (s *server) accept(ctx context.Context, listener net.Listener) error {
	return acceptAll(listener, func(conn net.Conn) { s.serveConn(ctx, conn) })
}

// acceptRetryInterval is the pause before a connection is accepted again for which there was no descriptor.
const acceptRetryInterval = 10 * time.Millisecond

// acceptAll serves each connection of a listener until it is closed, which is no error.
func acceptAll(listener net.Listener, serve func(net.Conn)) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
			time.Sleep(acceptRetryInterval) // the lack passes, and a service that ends of it would hide what is tested
			continue
		}
		if err != nil {
			return fmt.Errorf("accept a connection on %s: %w", listener.Addr(), err)
		}
		go serve(conn)
	}
}

// serveConn answers a connection's requests, one after the other.
func (s *server) serveConn(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if s.conduct.Load().Behaviour == AcceptClose {
		return
	}
	if s.awaitEnd {
		const longest = 1 << 20
		input, err := io.ReadAll(io.LimitReader(conn, longest))
		if err != nil {
			return
		}
		conn = heard{conn, bytes.NewReader(input)}
	}
	next := s.protocol(conn)
	for {
		asked, err := next()
		if err != nil || !s.answer(ctx, conn, asked) {
			return
		}
	}
}

// heard is a connection whose input has been read already.
type heard struct {
	net.Conn
	input io.Reader
}

// Read reads the input again.
func (h heard) Read(p []byte) (int, error) { return h.input.Read(p) }

// answer reports whether the connection goes on.
func (s *server) answer(ctx context.Context, conn net.Conn, asked request) bool {
	if asked.topic == topicHealth {
		s.journal.note(EventProbe)
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		return false
	}
	if asked.topic == topicWork {
		s.work.Lock()
		defer s.work.Unlock()
	}
	present := s.conduct.Load()
	if !pause(ctx, time.Duration(present.ReplyDelayMS)*time.Millisecond) || present.Behaviour == AcceptClose {
		return false
	}
	if asked.reply == nil || present.Behaviour == Mute {
		return true
	}
	return writeReply(ctx, conn, asked.reply(present.Behaviour), present.Behaviour) && !asked.closes
}

// writeReply writes the reply as the behaviour says, and reports whether the connection goes on.
func writeReply(ctx context.Context, conn net.Conn, reply []byte, b Behaviour) bool {
	switch b {
	case Half:
		_, err := conn.Write(reply[:len(reply)/2])
		<-ctx.Done() // the other half never comes
		return err == nil
	case Drip:
		return drip(ctx, conn, reply, dripInterval)
	default:
		_, err := conn.Write(reply)
		return err == nil
	}
}

// drip writes a byte at a time.
func drip(ctx context.Context, conn net.Conn, reply []byte, interval time.Duration) bool {
	for i := range reply {
		if _, err := conn.Write(reply[i : i+1]); err != nil || !pause(ctx, interval) {
			return false
		}
	}
	return true
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// listen opens the socket or the port of the options.
func listen(o Options) (net.Listener, error) {
	if o.Port != 0 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.Port))
		if err != nil {
			return nil, fmt.Errorf("listen on port %d: %w", o.Port, err)
		}
		return listener, nil
	}
	if !o.RenameSocket {
		return listenUnix(o.Socket)
	}
	bound := o.Socket + ".new"
	listener, err := listenUnix(bound)
	if err != nil {
		return nil, err
	}
	return listener, os.Rename(bound, o.Socket)
}

// listenUnix binds a unix socket of mode 0600 in the place of a stale one. The socket outlives the listener: a successor may have bound
// the path before this process ends.
func listenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("listen on %s: it exists and is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale socket: %w", err)
	}
	before := syscall.Umask(0o177)
	defer syscall.Umask(before)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	return listener, nil
}
