package record

// Request holds the options of a run that Run does not hold otherwise. A command that repeats the run needs them.
type Request struct {
	// TargetFile is the target's name in fixtures/targets, or the path of its file.
	TargetFile string `json:"target_file,omitempty" seal:"describes"`
	Image      string `json:"image,omitempty" seal:"describes"` // in place of the target's
	Container  string `json:"container,omitempty"`              // that was attached to: it is older than the run, and several shards may share it
	Samples    int    `json:"samples,omitempty" seal:"describes"`
	// UpgradeFrom is the image on whose data the tested one had to start; empty if that was not asked.
	UpgradeFrom string `json:"upgrade_from,omitempty"`
	// AllowDestructive did to the container also what may leave damage behind.
	AllowDestructive bool `json:"allow_destructive,omitempty"`
	// WithoutMake says that the program is of a distribution, which has no Makefile.
	WithoutMake bool `json:"without_make,omitempty" seal:"describes"`
}

// UpgradesFrom returns the image on whose data the tested one had to start, empty if that was not asked.
func (r Run) UpgradesFrom() string {
	if r.Request == nil {
		return ""
	}
	return r.Request.UpgradeFrom
}
