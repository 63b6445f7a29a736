package record

import (
	"regexp"
	"slices"
	"strings"
)

// The words of what proves that a fault of the host landed, as formats. They are written here alone, so that whoever judges a record knows
// all of them.
const (
	SupervisorStopped       = "state T in %d of %d tasks of the supervisor"
	BacklogFull             = ", and a connect fails with EAGAIN after %d clients" // it follows SupervisorStopped
	DiskFull                = "0 of %d blocks of %s are free, and a write fails with ENOSPC"
	InodesGone              = "0 of %d files of %s are free, %d blocks are, and a new file fails with ENOSPC"
	DescriptorsGoneAway     = "%d of %d descriptors of the supervisor are open, and a new client is turned away without an answer"
	DescriptorsGoneSilent   = "%d of %d descriptors of the supervisor are open, and a new client gets no answer for %s"
	EndedWithoutDescriptors = "the supervisor ended as soon as it had no descriptor left"
	ProcessesGone           = "a limit of %d processes and threads, and a fork fails with EAGAIN"
	Throttled               = "a quota of %d thousandths of a processor, and %d periods in which the container was throttled"
	KilledForMemory         = "a limit of %d bytes, and the kernel killed the one service that took memory"
	NamesGone               = "%s names %s alone, and a question to it gets no answer"
	PortTaken               = "the agent listens at port %d, and a connection to it reaches the agent"
	SocketBlocked           = "a file is at %s, and a connect to it is refused"
	EndWithheld             = "process %d is in state %s, by the trace of the agent's thread %d"
	FilesCut                = "the limit of file sizes is %d bytes, and %s has %d"
)

// The words of what proves that all is as before a fault of the host, as formats.
const (
	SupervisorGoesOn    = "the supervisor is no longer in state T"
	SupervisorEnded     = "the supervisor has ended, so that nothing is stopped"
	DiskRestored        = "a write to %s succeeds"
	InodesRestored      = "a file can be made in %s"
	DescriptorsRestored = "the supervisor may have %d descriptors again"
	LimitsGone          = "the supervisor is gone, and its limits with it"
	ProcessesRestored   = "the limit of processes is as before, and a process can be started"
	QuotaRestored       = "the quota of processor time is as before"
	MemoryRestored      = "the container may have all memory again, and nothing else was killed for lack of it"
	NamesRestored       = "%s is as before"
	PortRestored        = "the agent no longer listens at port %d"
	SocketRestored      = "the file is no longer at %s"
	WithheldEnded       = "process %d has ended"
	WithheldFree        = "nobody traces process %d"
	FilesRestored       = "the supervisor's files may be as large as before"
)

// lastingProof has the forms of the words that prove one fault of the host.
type lastingProof struct{ landed, released []*regexp.Regexp }

// lastingProofs are those of all faults of the host, by their names.
var lastingProofs = map[string]lastingProof{
	"supervisor-stopped": {forms(SupervisorStopped), forms(SupervisorGoesOn, SupervisorEnded)},
	"backlog-full":       {forms(SupervisorStopped + BacklogFull), forms(SupervisorGoesOn, SupervisorEnded)},
	"disk-full":          {forms(DiskFull), forms(DiskRestored)},
	"inodes-gone":        {forms(InodesGone), forms(InodesRestored)},
	"descriptors-gone":   {forms(DescriptorsGoneAway, DescriptorsGoneSilent, EndedWithoutDescriptors), forms(DescriptorsRestored, LimitsGone)},
	"processes-gone":     {forms(ProcessesGone), forms(ProcessesRestored)},
	"cpu-starved":        {forms(Throttled), forms(QuotaRestored)},
	"oom-kill":           {forms(KilledForMemory), forms(MemoryRestored)},
	"dns-gone":           {forms(NamesGone), forms(NamesRestored)},
	"port-taken":         {forms(PortTaken), forms(PortRestored)},
	"socket-blocked":     {forms(SocketBlocked), forms(SocketRestored)},
	"end-withheld":       {forms(EndWithheld), forms(WithheldEnded, WithheldFree)},
	"files-cut":          {forms(FilesCut), forms(FilesRestored, LimitsGone)},
}

// KnowsProof reports whether the words that prove a fault of the host are known.
func KnowsProof(fault string) bool {
	_, known := lastingProofs[fault]
	return known
}

// IsProvedInWords reports whether the proofs of the fault have the words that the harness has for such a fault.
func (l Lasting) IsProvedInWords() bool {
	proof := lastingProofs[l.Fault]
	return matchesAny(l.LandingProof, proof.landed) && matchesAny(l.ReleaseProof, proof.released)
}

// forms returns what matches the words that the formats write.
func forms(formats ...string) (all []*regexp.Regexp) {
	verbs := strings.NewReplacer("%d", "([0-9]{1,19})", "%s", `([^\n]{1,500})`)
	for _, format := range formats {
		all = append(all, regexp.MustCompile("^"+verbs.Replace(regexp.QuoteMeta(format))+"$"))
	}
	return all
}

// matchesAny reports whether words have one of the forms. Of the supervisor's tasks, all were stopped.
func matchesAny(words string, forms []*regexp.Regexp) bool {
	return slices.ContainsFunc(forms, func(form *regexp.Regexp) bool {
		found := form.FindStringSubmatch(words)
		ofTasks := strings.HasPrefix(words, "state T in ")
		return found != nil && (!ofTasks || found[1] == found[2] && found[1] != "0")
	})
}
