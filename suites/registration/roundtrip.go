package registration

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// itIsReadBack registers the spec of a definition that is registered and read again.
func itIsReadBack(chaos *session.Session, definition zinit.Definition) {
	name := definition.Service.Name
	itHolds(promise.RegistrationRoundTrip, "is read back as it was given: "+name, name, func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		spec.Register(ctx, a.Sandbox, definition)
		if found := findDifferences(a.readable(definition), a.readDefinition(ctx, name)); len(found) > 0 {
			spec.FailWith(chaos, name+" is not read back as it was registered", spec.List("found", found)...)
		}
	})
}

// readable returns a definition without what the supervisor does not say: where actions are parts of their service, nothing lists their names.
func (a access) readable(definition zinit.Definition) zinit.Definition {
	if a.speaker != nil {
		if _, listed := a.speaker.Spelling().Shape(dialect.Service)["actions"]; !listed {
			definition.Service.Actions = nil
		}
	}
	return definition
}

// defineCommon returns a definition in words that every dialect has. It is not to be started.
func defineCommon() zinit.Definition {
	name := session.VictimName("read-back")
	run := zinit.RunAction(name, `sleep 3617 # "quoted" 'twice' $HOME \ ünï`, zinit.RetryPolicy{
		MaxAttempts: 7, Delay: ms(1730), Backoff: zinit.BackoffExponential, MaxDelay: ms(41_003), StabilityPeriod: ms(9_241),
	})
	run.Env = map[string]string{"HERO_CHAOS_A": "with space, = and ünï", "HERO_CHAOS_B": ""}
	run.Dir, run.StopSignal, run.StopTimeout = "/tmp", "SIGINT", ms(3_371)
	health := zinit.HealthAction(name, "true", zinit.Schedule{Interval: ms(5_437), StartPeriod: ms(2_113), Retries: 3}, ms(1_319))
	definition := zinit.Define(name, run, health)
	definition.Service.Status, definition.Service.Class = zinit.WantStop, zinit.ClassUser
	definition.Service.Dependencies = zinit.Dependencies{Requires: []string{session.Base}, After: []string{session.VictimName("bystander1")}}
	return definition
}

// defineWhole returns a definition with everything that zinit 0.4 has.
func defineWhole() zinit.Definition {
	name := session.VictimName("read-back-whole")
	run := zinit.RunAction(name, "sleep 3617", zinit.RetryPolicy{
		MaxAttempts: 7, Delay: ms(1730), Backoff: zinit.BackoffLinear, MaxDelay: ms(41_003), StabilityPeriod: ms(9_241),
	})
	run.Timeout = ms(86_399_977)
	health := zinit.HealthAction(name, "true", zinit.Schedule{Interval: ms(5_437), StartPeriod: ms(2_113), Retries: 3}, ms(1_319))
	once := func(kind zinit.Kind) zinit.Action {
		return zinit.Action{
			Name: name + "." + string(kind), Service: name, Kind: kind, Exec: "true", Oneshot: true, Timeout: ms(7_919),
			Env: map[string]string{"HERO_CHAOS_KIND": string(kind)}, Dir: "/",
		}
	}
	definition := zinit.Define(name, run, health, once(zinit.KindInstall), once(zinit.KindTest))
	definition.Service.Status = zinit.WantIgnore
	definition.Service.Dependencies = zinit.Dependencies{
		Requires: []string{session.Base}, After: []string{session.VictimName("bystander1")},
		Wants: []string{session.VictimName("bystander2")}, Conflicts: []string{session.VictimName("nobody")},
	}
	return definition
}

// findDifferences returns a line for each member of a definition that was not read back. What is read back besides comes
// from the supervisor.
func findDifferences(set, got zinit.Definition) []string {
	want, have := flatten(set), flatten(got)
	var differences []string
	for _, member := range slices.Sorted(maps.Keys(want)) {
		if value, ok := have[member]; !ok {
			differences = append(differences, fmt.Sprintf("%s is lost; it was set to %s", member, want[member]))
		} else if value != want[member] {
			differences = append(differences, fmt.Sprintf("%s was set to %s, and is read back as %s", member, want[member], value))
		}
	}
	return differences
}

// flatten returns all values of a definition by their members: "retry.delay_ms of NAME.run".
func flatten(definition zinit.Definition) map[string]string {
	found := map[string]string{}
	collect("", " of the service", decode(definition.Service), found)
	for _, action := range definition.Actions {
		collect("", " of "+action.Name, decode(action), found)
	}
	return found
}

// collect adds the values below a path.
func collect(path, owner string, value any, found map[string]string) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			next := key
			if path != "" {
				next = path + "." + key
			}
			collect(next, owner, inner, found)
		}
	default:
		text, _ := json.Marshal(value) // it was JSON before
		found[path+owner] = string(text)
	}
}

// decode returns a value as JSON has it.
func decode(value any) (decoded any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		return err.Error()
	}
	return decoded
}
