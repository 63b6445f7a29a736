package protocol

import "context"

// MethodUninstall removes what MethodVictim has installed.
const MethodUninstall = "victim.uninstall"

// UninstallVictim removes a binary that InstallVictim installed, so that a service's program is missing until it is installed again.
// Another path is an error.
func (c Client) UninstallVictim(ctx context.Context, path string) error {
	return c.Call(ctx, MethodUninstall, VictimParams{Path: path}, nil)
}
