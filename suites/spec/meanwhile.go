package spec

import (
	"context"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// Meanwhile injects a fault, and runs do while the fault is observed: a second fault, or an order to the supervisor. The spec has to
// hold the service over both.
func Meanwhile(ctx context.Context, sandbox *session.Sandbox, injection session.Injection, do func()) record.Recovery {
	GinkgoHelper()
	By(describeInjection(injection))
	type outcome struct {
		seen record.Recovery
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		seen, err := sandbox.Inject(ctx, injection)
		done <- outcome{seen, err}
	}()
	do()
	result := <-done
	if result.seen.ID != "" {
		AddReportEntry(recoveryEntry, result.seen.ID, ReportEntryVisibilityNever)
	}
	Conclude(result.err)
	return result.seen
}
