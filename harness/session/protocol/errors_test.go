package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/creachadair/jrpc2/handler"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/wire"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestAnErrorKeepsItsTypeOverTheSocket sends errors through a link, as the owner and a client do.
func TestAnErrorKeepsItsTypeOverTheSocket(t *testing.T) {
	cause := record.Cause{Kind: record.CauseNotExpressible, Detail: "no words for it", Step: "register"}
	for name, sent := range map[string]error{
		"inconclusive":    fmt.Errorf("open: %w", &recovery.Inconclusive{Cause: cause}),
		"not expressible": fmt.Errorf("register x: %w", zinit.ErrNotExpressible),
		"link ended":      fmt.Errorf("call agent: %w", wire.ErrLinkEnded),
		"plain":           errors.New("not expressible by anybody"),
	} {
		near, far := net.Pipe()
		methods := WithErrors(handler.Map{"fail": handler.New(func(context.Context) error { return sent })})
		go func() { _ = wire.Server{Methods: methods}.Serve(t.Context(), far) }()
		link, err := wire.NewLink(near)
		if err != nil {
			t.Fatal(err)
		}
		received := DecodeError(link.Call(t.Context(), "fail", nil, nil))
		_ = link.Close()
		var inconclusive *recovery.Inconclusive
		if errors.As(received, &inconclusive) != (name == "inconclusive") || (inconclusive != nil && inconclusive.Cause != cause) {
			t.Errorf("%s: received %#v", name, received)
		}
		for _, known := range errorCodes {
			if errors.Is(received, known) != errors.Is(sent, known) {
				t.Errorf("%s: %v is %v: %v", name, received, known, errors.Is(received, known))
			}
		}
		if inconclusive == nil && !strings.Contains(received.Error(), sent.Error()) {
			t.Errorf("%s: received the text %q", name, received)
		}
	}
}
