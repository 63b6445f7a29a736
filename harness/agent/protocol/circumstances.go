package protocol

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// MethodCircumstances reads the circumstances of processes.
const MethodCircumstances = "process.circumstances"

// CircumstancesParams names the processes whose circumstances are read.
type CircumstancesParams struct {
	PIDs []int `json:"pids"`
	// SupervisorPID is the process whose session, group and descriptors theirs are compared with; 0 is none.
	SupervisorPID int `json:"supervisor_pid,omitempty"`
	// Salt goes into the marks of values: equal values have equal marks under one salt, and a mark does not tell its value.
	Salt []byte `json:"salt"`
}

// Circumstances are the conditions that a process was started in (suites/contract/zinit-0.4.md#circumstances).
type Circumstances struct {
	record.Incarnation
	// Aspects hold each circumstance by its name, such as "umask".
	Aspects map[string]string `json:"aspects"`
	// Environment holds the mark of each variable's value by the variable's name.
	Environment map[string]string `json:"environment"`
	// Unread are the aspects that the kernel did not let the agent read.
	Unread []string `json:"unread,omitempty"`
}

// Circumstances returns the circumstances of processes, in their order. A process that is gone is left out.
func (c Client) Circumstances(ctx context.Context, params CircumstancesParams) ([]Circumstances, error) {
	return call[[]Circumstances](ctx, c, MethodCircumstances, params)
}

// MarkOf returns the mark of a value under a salt.
func MarkOf(salt []byte, value string) string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write([]byte(value))
	const enough = 8 // bytes: two values of one run do not meet
	return hex.EncodeToString(slices.Clip(mac.Sum(nil)[:enough]))
}
