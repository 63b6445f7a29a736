package fault

// Aim says which of a service's processes a signal goes to.
type Aim string

// The aims. The empty one is the process that serves.
const (
	// AtGroup is every process of the group of the process that serves, and of its wrapper's.
	AtGroup Aim = "group"
	// AtWrapper is the process that the supervisor started, where that is not the one that serves.
	AtWrapper Aim = "wrapper"
	// AtWorker is one child of the process that serves.
	AtWorker Aim = "worker"
)

// LandsBeside is proved by state T in every task of the processes that were aimed at: what the service does
// meanwhile is what is to be found out.
const LandsBeside Landing = "beside"

// The faults that stop other processes of a service than the one that serves, or more than that.
var (
	SIGSTOPGroup   = Fault{Name: "SIGSTOP-group", Signal: "SIGSTOP", Aim: AtGroup, Landing: LandsByStop, Undo: "SIGCONT"}
	SIGSTOPWrapper = Fault{Name: "SIGSTOP-wrapper", Signal: "SIGSTOP", Aim: AtWrapper, Landing: LandsBeside, Undo: "SIGCONT"}
	SIGSTOPWorker  = Fault{Name: "SIGSTOP-worker", Signal: "SIGSTOP", Aim: AtWorker, Landing: LandsBeside, Undo: "SIGCONT"}
)

// stops tells whether the landing is that of a stopped process.
func (l Landing) stops() bool { return l == LandsByStop || l == LandsBeside }
