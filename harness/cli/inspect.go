package cli

import (
	"context"
	"io"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/inspect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// inspectCommand is hero_chaos inspect.
type inspectCommand struct {
	imageFlags `embed:""`

	Verbose bool `help:"Print the conversation in which the spelling of the supervisor's RPC was learned, without secrets."`
}

// Run prints what an image confirms of the contract, as a target file takes it.
func (c inspectCommand) Run(ctx context.Context, stdout io.Writer) error {
	var report inspect.Report
	began := time.Now()
	run, err := c.look(ctx, func(*target.Target) {}, func(t *target.Target, main *owner.Main) (err error) {
		report, err = inspect.Run(ctx, inspect.NewSubject(t, main, began))
		report.Because = main.Because()
		if c.Verbose {
			report.Conversation = main.Conversation()
		}
		return err
	})
	if err != nil {
		return err
	}
	report.Image, report.Digest = run.Image, run.Digest
	_, err = io.WriteString(stdout, report.Text())
	return err
}
