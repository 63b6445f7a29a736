package session

import (
	"context"
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// Dismiss takes a service out of the census: what happens to it from then on is nobody's disturbance. In the main sandbox,
// whose services are everybody's, it has to be one of ours.
func (b *Sandbox) Dismiss(ctx context.Context, service string) error {
	if b.Name == protocol.MainSandbox && !strings.HasPrefix(service, protocol.VictimPrefix) {
		return fmt.Errorf("dismiss %s: the census of the main sandbox is everybody's", service)
	}
	if err := b.session.link.Call(ctx, protocol.MethodDismiss, protocol.AdoptParams{Sandbox: b.Name, Service: service}, nil); err != nil {
		return fmt.Errorf("dismiss %s: %w", service, err)
	}
	return nil
}
