package record_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAProofIsKnownByItsWords(t *testing.T) {
	for proof, want := range map[string]struct{ ended, stopped bool }{
		record.ProveExit():                                   {ended: true},
		record.WithoutPidfd(record.ProveExit()):              {ended: true},
		record.ProveSilence(5, "for 250ms"):                  {stopped: true},
		record.ProveSilence(12, "until its end"):             {stopped: true},
		record.WithoutPidfd(record.ProveBeside(1, "worker")): {stopped: true},
		"": {}, "other": {}, "exited ": {}, "exited (because)": {}, "state T in 4 of 5 tasks and no reply for 250ms": {},
		"state T in 0 of 0 tasks of the worker": {}, "state T in 1 of 1 tasks of the moon": {},
	} {
		landing := record.Landing{Proof: proof}
		if landing.EndedProcess() != want.ended || landing.StoppedProcess() != want.stopped {
			t.Errorf("%q: ended %t, stopped %t", proof, landing.EndedProcess(), landing.StoppedProcess())
		}
	}
}
