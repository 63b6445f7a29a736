package learn

import (
	"encoding/json"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// Fits reports whether a supervisor's own description leaves nothing to learn: each of its methods that the contract has as well is asked for as in
// the contract. Another method of the same name may want more, or a signal in another form.
func Fits(description json.RawMessage) bool {
	var decoded any
	known, err := dialect.Builtin(dialect.Zinit04)
	if err != nil || json.Unmarshal(description, &decoded) != nil {
		return false
	}
	for _, described := range readMethods(decoded, decoded, 0) {
		for _, call := range known.Operations {
			if described.known && call.Method == described.name && !described.fits(call) {
				return false
			}
		}
	}
	return true
}

// fits reports whether a call gives a method what it requires.
func (m method) fits(call dialect.Call) bool {
	names := map[string]dialect.Argument{}
	for argument, at := range call.At {
		names[at.String()] = argument
	}
	return !slices.ContainsFunc(m.params, func(p parameter) bool {
		argument, given := names[p.name]
		return (!given && p.required) || (argument == dialect.TheSignal && signalForm(p.schema) != "")
	})
}
