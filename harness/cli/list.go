package cli

import (
	"fmt"
	"io"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
)

// listCommand is hero_chaos list.
type listCommand struct {
	Standard bool `help:"Print what a PROMOTE stands for instead: every promise that blocks, with the evidence that it needs. The first line is the version."`
}

// Run prints a line for each promise, or the standard.
func (c listCommand) Run(stdout io.Writer) error {
	if c.Standard {
		_, err := io.WriteString(stdout, promise.Standard())
		return err
	}
	for _, p := range promise.All() {
		_, _ = fmt.Fprintf(stdout, "%-34s %-9s %-5s %-42s %s\n", p.ID, p.Severity(), p.Needs(), p.Source(), p.Sentence)
	}
	return nil
}
