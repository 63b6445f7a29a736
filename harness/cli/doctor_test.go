package cli

import (
	"bytes"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
)

// TestTheDoctorNamesWhatIsMissing checks that each fault has a line, and that the one that a machine cannot do says why.
func TestTheDoctorNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		offers  sandbox.Offers
		missing []string
	}{
		{sandbox.Offers{Docker: "28.0", Kernel: "6.18", Cgroup: "2", Quota: true, Processes: true, MemoryLimit: true, Memory: true}, nil},
		{sandbox.Offers{Docker: "20.10", Memory: true}, []string{fault.CPUStarved.Name, fault.ProcessesGone.Name, fault.OOMKill.Name}},
		{sandbox.Offers{Quota: true, Processes: true, MemoryLimit: true}, []string{fault.DiskFull.Name, fault.InodesGone.Name}},
	} {
		var text bytes.Buffer
		if err := diagnose(&text, c.offers); err != nil {
			t.Fatal(err)
		}
		for _, f := range fault.AllLasting() {
			line := ""
			for each := range strings.Lines(text.String()) {
				if strings.HasPrefix(each, f.Name+" ") {
					line = each
				}
			}
			missing := strings.Contains(strings.Join(c.missing, " "), f.Name)
			if !strings.Contains(line, string(f.Undo)) || strings.Contains(line, "no: ") != missing {
				t.Errorf("%+v: %s: %q", c.offers, f, line)
			}
		}
	}
}
