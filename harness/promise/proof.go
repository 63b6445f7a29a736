package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"

// The phases that a recovery is held to.
var (
	comesBack = []string{"respawned", "serving"}
	serves    = []string{"serving"}
	isFound   = []string{"exited", "serving"}
)

// restarts returns the proof of a service that comes back from so many faults of one kind.
func restarts(recoveries int, fault string) record.Proof {
	return record.Proof{Recoveries: recoveries, Faults: []string{fault}, Phases: comesBack}
}

// everywhere returns a proof for which every service of the target is needed.
func everywhere(proof record.Proof) record.Proof {
	proof.Services = true
	return proof
}

// within returns a proof by other phases.
func within(proof record.Proof, phases []string) record.Proof {
	proof.Phases = phases
	return proof
}

// beside returns a proof of which a part is of other services.
func beside(proof record.Proof) record.Proof {
	proof.Beside = true
	return proof
}

// stays returns a proof that nothing changes after a fault.
func stays(stay record.Stay, recoveries int, fault string) record.Proof {
	return record.Proof{Recoveries: recoveries, Faults: []string{fault}, Stays: stay}
}

// proofs are the evidence that held results must have, by the promise. What a promise that is not here was judged by is not in the
// record.
var proofs = map[string]record.Proof{
	BootRunning: {Services: true},

	RestartSIGTERM:       everywhere(restarts(1, "SIGTERM")),
	RestartSIGKILL:       everywhere(restarts(1, "SIGKILL")),
	RestartZinitKill:     everywhere(restarts(1, "zinit-kill")),
	RestartExit0:         restarts(1, "SIGTERM"),
	RestartExit1:         restarts(1, "SIGTERM"),
	RestartExit127:       restarts(1, "SIGTERM"),
	RestartHeldOutput:    restarts(1, "SIGKILL"),
	RestartSIGSEGV:       restarts(1, "SIGSEGV"),
	RestartSIGINT:        restarts(1, "SIGINT"),
	RestartSIGHUP:        restarts(1, "SIGHUP"),
	RestartGraceful:      within(restarts(1, "SIGTERM"), []string{"exited", "respawned", "serving"}),
	RestartTermIgnored:   restarts(1, "SIGKILL"),
	RestartUnblocked:     restarts(1, "SIGKILL"),
	RestartUndisturbed:   restarts(1, "SIGKILL"),
	RestartTwice:         restarts(2, "SIGKILL"),
	RestartWhileStarting: within(restarts(1, "SIGKILL"), serves),
	RestartMissingBinary: within(restarts(1, "SIGKILL"), serves),
	RestartStopPending:   beside(stays(record.StaysDown, 2, "SIGKILL")),
	RestartStopTimeout:   within(stays(record.StaysDown, 1, "zinit-stop"), []string{"exited"}),

	RetryNone:            restarts(3, "SIGKILL"),
	RetryLinear:          restarts(3, "SIGKILL"),
	RetryExponential:     restarts(4, "SIGKILL"),
	RetryMaxDelay:        restarts(3, "SIGKILL"),
	RetryZero:            restarts(3, "SIGKILL"),
	RetryShipped:         everywhere(restarts(3, "SIGKILL")),
	RetryStabilityBefore: restarts(3, "SIGKILL"),
	RetryStabilityAfter:  restarts(5, "SIGKILL"),
	RetryStableBudget:    restarts(5, "SIGKILL"),

	HangDetected:      within(restarts(1, "SIGSTOP"), []string{"exited", "respawned", "serving"}),
	HangGroup:         within(restarts(1, "SIGSTOP-group"), isFound),
	HangWrapped:       within(restarts(1, "SIGSTOP"), isFound),
	HangInStartPeriod: within(restarts(1, "SIGSTOP"), isFound),
	HangTwoAtOnce:     beside(within(restarts(2, "SIGSTOP"), isFound)),
	HangStopIgnored:   {Recoveries: 1, Faults: []string{"SIGSTOP"}, Behaviours: []string{"mute"}, Phases: isFound},
	HangShipped:       everywhere(within(restarts(1, "SIGSTOP"), []string{"exited", "respawned", "serving"})),
	HangControl:       stays(record.StaysUp, 1, "SIGSTOP"),
	HangWrapper:       stays(record.StaysUp, 1, "SIGSTOP-wrapper"),
	HangOneWorker:     stays(record.StaysUp, 1, "SIGSTOP-worker"),
	HangUnsoundProbe:  stays(record.StaysUp, 1, "SIGSTOP"),

	RegistrationResetSupervised: restarts(1, "SIGKILL"),
	RegistrationResetPolicy:     within(restarts(2, "SIGKILL"), serves),
	RegistrationResetExec:       restarts(2, "SIGKILL"),
	RegistrationCollision:       restarts(1, "SIGKILL"),
	RegistrationDeleteOthers:    restarts(1, "SIGKILL"),
	RegistrationBadHarmless:     restarts(1, "SIGKILL"),

	DependencyBaseCrash: beside(restarts(2, "SIGKILL")),
	DependencyBoth:      beside(within(restarts(2, "SIGKILL"), serves)),
	LoadFlood:           beside(restarts(1, "SIGKILL")),
	LoadClientsHarmless: beside(restarts(1, "SIGKILL")),
}

// Proof returns the evidence that a held result of the promise must have; nil if its evidence is not in the record.
func (p Promise) Proof() *record.Proof {
	proof, ok := proofs[p.ID]
	if !ok && p.Theme == hostTheme {
		proof, ok = record.Proof{Lasting: true}, true // unless the table says otherwise
	}
	if !ok {
		return nil
	}
	return &proof
}
