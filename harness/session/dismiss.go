package session

import (
	"context"
	"fmt"
)

// Dismiss takes a service out of the census of a sandbox that is a spec's own: what happens to it from then on
// is nobody's disturbance.
func (b *Sandbox) Dismiss(ctx context.Context, service string) error {
	if b.Name == MainSandbox {
		return fmt.Errorf("dismiss %s: the census of the main sandbox is everybody's", service)
	}
	return b.session.link.Call(ctx, methodDismiss, adoptParams{Sandbox: b.Name, Service: service}, nil)
}
