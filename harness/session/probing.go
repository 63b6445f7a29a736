package session

import "time"

// WithPatientProbe returns the plan with a sound probe that waits so long for its reply.
func (p VictimPlan) WithPatientProbe(limit time.Duration) VictimPlan {
	p.Probe = commandLine([]string{victimBinary, "probe", p.Options.Socket, limit.String()})
	return p
}

// Wrapped returns the plan with a shell between the supervisor and the process that serves.
func (p VictimPlan) Wrapped() VictimPlan {
	p.Wrapper = true
	return p
}
