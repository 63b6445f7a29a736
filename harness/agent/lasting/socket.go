package lasting

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// socketBlocked is a file in the place of a victim's socket.
type socketBlocked struct {
	control string // socket by which the victim takes orders
	path    string // the place, empty while it is not known
}

func holdSocket(params protocol.LastingParams) held { return &socketBlocked{control: params.Path} }

func (s *socketBlocked) begin(ctx context.Context) error {
	service, err := openSubject(ctx, s.control)
	if err != nil {
		return err
	}
	defer service.close()
	listener, err := service.findListener(ctx, "on no socket", func(l protocol.Listener) bool { return l.Socket != "" && l.Socket != s.control })
	if err != nil {
		return err
	}
	if err := service.order.Exit(ctx, 1); err != nil {
		return err
	}
	s.path = listener.Socket
	aside := s.path + ".new"
	if err := os.WriteFile(aside, []byte(fault.BlockingText), 0o600); err != nil {
		return fmt.Errorf("make a file beside %s: %w", s.path, err)
	}
	if err := os.Rename(aside, s.path); err != nil {
		return errors.Join(fmt.Errorf("put a file in the place of %s: %w", s.path, err), os.Remove(aside))
	}
	return nil
}

func (s *socketBlocked) prove(ctx context.Context) (proof, missing string) {
	if !s.isThere() {
		return "", "something else is at " + s.path
	}
	conn, err := ask.Dial(ctx, protocol.Endpoint{Socket: s.path})
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return "", fmt.Sprintf("a connect to %s is not refused: %v", s.path, err)
	}
	return fmt.Sprintf(record.SocketBlocked, s.path), ""
}

// isThere reports whether the file is in the place of the socket.
func (s *socketBlocked) isThere() bool {
	text, err := os.ReadFile(s.path)
	return err == nil && string(text) == fault.BlockingText
}

func (s *socketBlocked) revert() {
	if s.path != "" && s.isThere() { // what somebody else has put there stays
		_ = os.Remove(s.path)
	}
}

func (s *socketBlocked) released(context.Context) string {
	if s.isThere() {
		return ""
	}
	return fmt.Sprintf(record.SocketRestored, s.path)
}
