package lasting

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/ask"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// backlogFull is a stopped supervisor whose socket has no room for another client.
type backlogFull struct {
	stopped
	rpc     protocol.Endpoint
	most    int64
	clients []net.Conn
}

func holdBacklog(params protocol.LastingParams) held {
	return &backlogFull{stopped: stopped{pid: params.SupervisorPID, outside: params.Fault.Way == fault.ByDocker}, rpc: params.RPC, most: params.Fault.Amount}
}

func (b *backlogFull) begin(ctx context.Context) error {
	if b.rpc.Socket == "" {
		return errors.New("the supervisor's socket is not known")
	}
	return b.stopped.begin(ctx)
}

func (b *backlogFull) prove(ctx context.Context) (proof, missing string) {
	if proof, missing = b.stopped.prove(ctx); proof == "" {
		return "", missing
	}
	for int64(len(b.clients)) < b.most && ctx.Err() == nil {
		conn, err := ask.Dial(ctx, b.rpc)
		if errors.Is(err, unix.EAGAIN) {
			return proof + fmt.Sprintf(record.BacklogFull, len(b.clients)), ""
		}
		if err != nil {
			return "", "connect to the supervisor: " + err.Error()
		}
		b.clients = append(b.clients, conn)
	}
	return "", fmt.Sprintf("the supervisor's socket takes more than %d clients", len(b.clients))
}

func (b *backlogFull) revert() {
	for _, conn := range b.clients {
		_ = conn.Close()
	}
	b.stopped.revert()
}
