package record_test

import (
	"fmt"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAFaultOfTheHostIsProvedInItsOwnWords(t *testing.T) {
	stopped := fmt.Sprintf(record.SupervisorStopped, 5, 5)
	for _, c := range []struct {
		fault, landed, released string
		want                    bool
	}{
		{"supervisor-stopped", stopped, record.SupervisorGoesOn, true},
		{"supervisor-stopped", fmt.Sprintf(record.SupervisorStopped, 4, 5), record.SupervisorGoesOn, false},
		{"supervisor-stopped", fmt.Sprintf(record.SupervisorStopped, 0, 0), record.SupervisorGoesOn, false},
		{"supervisor-stopped", stopped + " at last", record.SupervisorGoesOn, false},
		{"supervisor-stopped", stopped, "", false},
		{"backlog-full", stopped + fmt.Sprintf(record.BacklogFull, 129), record.SupervisorEnded, true},
		{"backlog-full", stopped, record.SupervisorEnded, false},
		{"disk-full", fmt.Sprintf(record.DiskFull, 4096, "/data"), fmt.Sprintf(record.DiskRestored, "/data"), true},
		{"disk-full", "7" + fmt.Sprintf(record.DiskFull, 4096, "/data"), fmt.Sprintf(record.DiskRestored, "/data"), false},
		{"disk-full", fmt.Sprintf(record.InodesGone, 1, "/data", 2), fmt.Sprintf(record.DiskRestored, "/data"), false},
		{"descriptors-gone", fmt.Sprintf(record.DescriptorsGoneSilent, 20, 20, "2s"), record.LimitsGone, true},
		{"another", stopped, record.SupervisorGoesOn, false},
	} {
		if got := (record.Lasting{Fault: c.fault, LandingProof: c.landed, ReleaseProof: c.released}).IsProvedInWords(); got != c.want {
			t.Errorf("%s: %q, %q: %t", c.fault, c.landed, c.released, got)
		}
	}
}
