package registration

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func isReadBack(chaos *session.Session) {
	for _, definition := range []zinit.Definition{common(), whole()} {
		name := definition.Service.Name
		about(promise.RegistrationRoundTrip, "is read back as it was given: "+name, name, func(ctx SpecContext) {
			g := shared(ctx, chaos)
			g.forget(name)
			_, err := g.Supervisor.Register(ctx, definition)
			spec.Conclude(err)
			service, err := g.Supervisor.Get(ctx, name)
			spec.Conclude(err)
			actions, err := g.Supervisor.Actions(ctx, name)
			spec.Conclude(err)
			if lines := differences(definition, zinit.Definition{Service: service, Actions: actions}); len(lines) > 0 {
				g.broken(promise.RegistrationRoundTrip, name, fmt.Sprintf("%s is not read back as it was registered", name), lines...)
			}
		})
	}
}

// common is a definition in words that every dialect has. It is not to be started.
func common() zinit.Definition {
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

// whole is a definition with everything that zinit 0.4 has.
func whole() zinit.Definition {
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

func ms(count int64) zinit.Milliseconds {
	return zinit.Milliseconds(time.Duration(count) * time.Millisecond)
}

// differences lists what of a definition was not read back. What is read back besides is the supervisor's own.
func differences(set, got zinit.Definition) [][2]string {
	want, have := leaves(set), leaves(got)
	var lines [][2]string
	for _, member := range slices.Sorted(maps.Keys(want)) {
		if value, ok := have[member]; !ok {
			lines = append(lines, [2]string{"lost", fmt.Sprintf("%s, which was set to %s", member, want[member])})
		} else if value != want[member] {
			lines = append(lines, [2]string{"differs", fmt.Sprintf("%s: set to %s, read back as %s", member, want[member], value)})
		}
	}
	return lines
}

// leaves are all values of a definition by where they are: "retry.delay_ms of NAME.run".
func leaves(definition zinit.Definition) map[string]string {
	found := map[string]string{}
	collect("", " of the service", plain(definition.Service), found)
	for _, action := range definition.Actions {
		collect("", " of "+action.Name, plain(action), found)
	}
	return found
}

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

// plain is a value as JSON has it.
func plain(value any) (decoded any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	if err != nil {
		return err.Error()
	}
	return decoded
}
