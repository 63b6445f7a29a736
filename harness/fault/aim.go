package fault

// Aim is the choice of a service's processes that a signal goes to.
type Aim string

// The aims. The empty one is the process that serves.
const (
	// AtGroup is every process of the group of the process that serves.
	AtGroup Aim = "group"
	// AtWrapper is the process that the supervisor started, if it is not the one that serves.
	AtWrapper Aim = "wrapper"
	// AtWorker is one child of the process that serves.
	AtWorker Aim = "worker"
)

// The faults that stop other processes of a service than the one that serves, or more than that.
var (
	SIGSTOPGroup   = Fault{Name: "SIGSTOP-group", Signal: "SIGSTOP", Aim: AtGroup, Landing: LandsByStop, Undo: "SIGCONT"}
	SIGSTOPWrapper = Fault{Name: "SIGSTOP-wrapper", Signal: "SIGSTOP", Aim: AtWrapper, Landing: LandsBeside, Undo: "SIGCONT"}
	SIGSTOPWorker  = Fault{Name: "SIGSTOP-worker", Signal: "SIGSTOP", Aim: AtWorker, Landing: LandsBeside, Undo: "SIGCONT"}
)
