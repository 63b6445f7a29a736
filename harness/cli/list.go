package cli

import (
	"fmt"
	"io"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// listCommand is hero_chaos list.
type listCommand struct{}

// Run prints a line for each promise.
func (listCommand) Run(stdout io.Writer) error {
	for _, p := range promise.All() {
		_, _ = fmt.Fprintf(stdout, "%-34s %-9s %-42s %s\n", p.ID, p.Severity(), p.Source(), p.Sentence)
	}
	return nil
}
