package protocol

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
)

// Permit returns an *recovery.Inconclusive if a fault may leave damage behind at a service of a container that somebody else
// started. Victims may be broken everywhere.
func Permit(c config.Config, service string, f fault.Fault) error {
	if c.Container == "" || c.AllowDestructive || strings.HasPrefix(service, VictimPrefix) || f.Gentle() {
		return nil
	}
	return recovery.NotProved(fmt.Sprintf("%s may leave damage behind, and %s runs in %s, which somebody else started: set ALLOW_DESTRUCTIVE=1 to do it all the same",
		f, service, c.Container))
}
