package lasting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// eaters is the number of clients that are connected, or wait to be.
	eaters = 16
	// refusalPeriod is the time for which a new client must get no answer. It is far above the time that a ping takes.
	refusalPeriod = 250 * time.Millisecond
)

// descriptors is a supervisor that can open nothing more.
type descriptors struct {
	softLimit
	rpc     protocol.Endpoint
	clients []net.Conn
}

func holdDescriptors(params protocol.LastingParams) held {
	return &descriptors{softLimit: softLimit{pid: params.SupervisorPID, resource: unix.RLIMIT_NOFILE}, rpc: params.RPC}
}

// prepare takes hold of the supervisor and reads its limit, which it is to have again.
func (d *descriptors) prepare() (step guard.Step, err error) {
	if d.rpc.Socket == "" {
		return step, errors.New("the supervisor's socket is not known")
	}
	if err := d.hold(); err != nil {
		return step, err
	}
	return guard.Step{Process: d.handle.Incarnation(), Descriptors: &d.before}, nil
}

func (d *descriptors) begin(ctx context.Context) error {
	open, err := countDescriptors(d.pid)
	if err != nil {
		return err
	}
	// No lower: poll would fail with EINVAL, which no lack of descriptors brings about.
	if _, err := d.lower(uint64(open)); err != nil { //nolint:gosec // a count fits
		return err
	}
	for range eaters {
		dialing, cancel := context.WithTimeout(ctx, refusalPeriod)
		conn, err := ask.Dial(dialing, d.rpc)
		cancel()
		if err != nil {
			break // the backlog is full
		}
		d.clients = append(d.clients, conn)
	}
	return nil
}

func (d *descriptors) prove(ctx context.Context) (proof, missing string) {
	if d.handle.HasEnded() {
		return record.EndedWithoutDescriptors, ""
	}
	open, err := countDescriptors(d.pid)
	if err != nil {
		return "", err.Error()
	}
	limit, err := d.read()
	if err != nil {
		return "", err.Error()
	}
	if uint64(open) < limit.Cur { //nolint:gosec // a count fits
		return "", fmt.Sprintf("%d of %d descriptors of the supervisor are open", open, limit.Cur)
	}
	answer := ask.Ask(ctx, d.rpc, refusalPeriod)
	switch full := errors.Is(answer.Err, unix.EAGAIN); {
	case answer.Peer != 0 && answer.Peer != d.pid:
		return "", fmt.Sprintf("process %d listens at the supervisor's socket, and not the supervisor", answer.Peer)
	case answer.Outcome == ask.Refused && !full: // also if the host kept the question from being asked
		return "", fmt.Sprintf("the supervisor's socket cannot be asked: %v", answer.Err)
	}
	if isTurnedAway(answer.Err) {
		// A supervisor that ends closes its connections before the kernel says so; a second client finds nobody then.
		if !isTurnedAway(ask.Ask(ctx, d.rpc, refusalPeriod).Err) {
			return "", "a client was turned away without an answer, and the next one was not"
		}
		return fmt.Sprintf(record.DescriptorsGoneAway, open, limit.Cur), ""
	}
	if answer.Outcome == ask.Good || answer.Outcome == ask.Answered {
		return "", "the supervisor has no descriptor left, and answers a new client all the same"
	}
	return fmt.Sprintf(record.DescriptorsGoneSilent, open, limit.Cur, refusalPeriod), ""
}

// isTurnedAway reports whether a connection was closed before a word was said: some keep a descriptor back by which they take a client that
// they cannot serve.
func isTurnedAway(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE)
}

func (d *descriptors) revert() {
	d.restore()
	for _, conn := range d.clients {
		_ = conn.Close()
	}
}

func (d *descriptors) released(context.Context) string {
	limit, err := d.read()
	if err != nil {
		return record.LimitsGone
	}
	if limit != d.before {
		return ""
	}
	return fmt.Sprintf(record.DescriptorsRestored, limit.Cur)
}

// countDescriptors returns how many descriptors a process has open.
func countDescriptors(pid int) (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return 0, fmt.Errorf("count the descriptors of process %d: %w", pid, err)
	}
	return len(entries), nil
}
