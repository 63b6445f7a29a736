package fault

import "slices"

// All returns the faults of the catalogue that act on a service's process.
func All() []Fault {
	return []Fault{SIGTERM, SIGKILL, SIGSEGV, SIGINT, SIGHUP, SIGSTOP, SIGSTOPGroup, SIGSTOPWrapper, SIGSTOPWorker}
}

// Find returns the fault of that name.
func Find(name string) (Fault, bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return Fault{}, false
	}
	return all[i], true
}
