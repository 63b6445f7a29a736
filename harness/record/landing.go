package record

import (
	"fmt"
	"regexp"
	"strings"
)

// The words of a landing's proof. They are written here alone, so that whoever judges a record knows all of them.
const (
	exitedProof = "exited"
	// withoutPidfd is added if the kernel refuses pidfds.
	withoutPidfd = " (pidfds are refused here: the start time of the process was compared before the signal)"
)

var (
	silentProof = regexp.MustCompile(`^state T in ([1-9][0-9]{0,6}) of ([1-9][0-9]{0,6}) tasks and no reply (for [1-9][0-9]{2,4}ms|(for )?until its end)$`)
	besideProof = regexp.MustCompile(`^state T in ([1-9][0-9]{0,6}) of ([1-9][0-9]{0,6}) tasks of the (wrapper|worker)$`)
)

// ProveExit returns the proof of a fault that ended its process.
func ProveExit() string { return exitedProof }

// ProveSilence returns the proof of a fault that stopped all tasks of a service, which gave no reply: "for 250ms", "until its end".
func ProveSilence(tasks int, period string) string {
	return fmt.Sprintf("state T in %d of %d tasks and no reply %s", tasks, tasks, period)
}

// ProveBeside returns the proof of a fault that stopped all tasks of a process beside the one that serves: "wrapper", "worker".
func ProveBeside(tasks int, of string) string {
	return fmt.Sprintf("state T in %d of %d tasks of the %s", tasks, tasks, of)
}

// WithoutPidfd returns a proof with the remark that the kernel refuses pidfds.
func WithoutPidfd(proof string) string { return proof + withoutPidfd }

// EndedProcess reports whether the proof is that of a fault that ended its process.
func (l Landing) EndedProcess() bool { return strings.TrimSuffix(l.Proof, withoutPidfd) == exitedProof }

// StoppedProcess reports whether the proof is that of a fault of this name, which stops all tasks of a process: of one beside the process
// that serves if the name ends with what it is, as SIGSTOP-worker.
func (l Landing) StoppedProcess(fault string) bool {
	proof := strings.TrimSuffix(l.Proof, withoutPidfd)
	_, of, _ := strings.Cut(fault, "-")
	if found := besideProof.FindStringSubmatch(proof); found != nil {
		return found[1] == found[2] && found[3] == of
	}
	found := silentProof.FindStringSubmatch(proof)
	return found != nil && found[1] == found[2] && of != "wrapper" && of != "worker"
}
