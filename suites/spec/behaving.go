package spec

import (
	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

// Behaving labels a spec with the behaviour that is put in a service's place, where that is no fault of the
// catalogue.
func Behaving(b victim.Behaviour) Labels { return Labels{faultLabel + " " + string(b)} }
