package record_test

import (
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func TestAProofIsKnownByItsWords(t *testing.T) {
	for proof, want := range map[string]struct{ ended, stopped, aside bool }{
		record.ProveExit():                                   {ended: true},
		record.WithoutPidfd(record.ProveExit()):              {ended: true},
		record.ProveSilence(5, "for 250ms"):                  {stopped: true},
		record.ProveSilence(12, "until its end"):             {stopped: true},
		record.WithoutPidfd(record.ProveBeside(1, "worker")): {aside: true},
		"": {}, "other": {}, "exited ": {}, "exited (because)": {}, "state T in 4 of 5 tasks and no reply for 250ms": {},
		"state T in 0 of 0 tasks of the worker": {}, "state T in 1 of 1 tasks of the moon": {}, record.ProveSilence(5, "for 1ms"): {},
		record.ProveBeside(1, "wrapper"): {}, record.ProveSilence(12345678, "for 250ms"): {},
	} {
		landing := record.Landing{Proof: proof}
		stopped, aside := landing.StoppedProcess("SIGSTOP") && landing.StoppedProcess("SIGSTOP-group"), landing.StoppedProcess("SIGSTOP-worker")
		if landing.EndedProcess() != want.ended || stopped != want.stopped || aside != want.aside {
			t.Errorf("%q: ended %t, stopped %t, aside %t", proof, landing.EndedProcess(), stopped, aside)
		}
	}
}
