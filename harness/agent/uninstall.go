package agent

import (
	"context"
	"fmt"
	"os"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// uninstallVictim removes a binary that installVictim installed, and no other file.
func (a *Agent) uninstallVictim(_ context.Context, params protocol.VictimParams) error {
	a.mu.Lock()
	ours := slices.Contains(a.installed, params.Path)
	a.mu.Unlock()
	if !ours {
		return fmt.Errorf("uninstall %s: it was not installed by us, or is to be kept", params.Path)
	}
	if err := os.Remove(params.Path); err != nil {
		return fmt.Errorf("uninstall the victim: %w", err)
	}
	return nil
}
