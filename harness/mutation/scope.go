package mutation

import (
	"slices"
	"strings"
)

// In the quick profile on 2 cores a session costs 2.3 s of CPU, one promise of every theme 3.5 s more, a theme without its
// costly promises 6 to 15 s more, and everything a minute. So a mutant is asked its claims and the neighbours of the first,
// which are most easily confused with it. A healthy variant is asked something of every theme.

// Scope is a selection of promises and the profile that a mutant is run with.
type Scope struct {
	Focus string `json:"focus"`
	// Faithful reports whether the claim of the mutant needs the faithful profile.
	Faithful bool `json:"faithful,omitempty"`
}

// Size returns the number of promises.
func (s Scope) Size() int { return strings.Count(s.Focus, ",") + 1 }

// sentinels returns one cheap promise of each theme, and isolation, which watches the whole run. Persistence and load have
// none: each of theirs starts containers or floods one.
func sentinels() []string {
	return []string{
		"boot.running", "restart.exit0", "retry.none", "health.timeout", "hang.control", "registration.round-trip",
		"dependency.requires", "processtree.stop-group", "image.sockets-private", "smoke.paths", isolation,
	}
}

// alarming returns the promises that a healthy variant is asked besides: those that rest on a time, an order, a count or a
// text that an image may have otherwise.
func alarming() []string {
	return []string{
		"boot.inventory", "boot.actions", "boot.oneshots",
		"restart.graceful", "restart.stop-timeout", "restart.recorded", "restart.undisturbed",
		"retry.exponential", "retry.max-attempts", "retry.failed-status", "retry.stability-after", "retry.waiting-status",
		"health.cadence", "health.recorded", "health.logged", "health.fixed-rate", "health.start-period", "health.consecutive", "health.slow-is-well",
		"health.everybody-probed", "health.truth-good", "health.truth-slow",
		"hang.detected", "hang.wrapped", "hang.stop-ignored",
		"registration.action-names", "registration.delete", "registration.no-reload",
		"dependency.oneshot", "dependency.base-crash", "processtree.single", "image.no-watchdog",
	}
}

// isolation is the promise that costs nothing.
const isolation = "isolation.bystanders"

// representative is the shipped service that stands for all where each takes as long.
const representative = "user.hero_osis_server"

// narrowed returns the promises that wait a full delay on every shipped service, and the services that stand for all: the
// shipped ones end when asked to, the victim dies by the signal.
func narrowed() map[string][]string {
	return map[string][]string{
		"restart.sigterm": {representative, "hero_chaos.restart-sigterm"}, "restart.sigkill": {representative},
		"retry.shipped": {representative}, "hang.shipped": {representative},
	}
}

// costly returns the promises that take half a minute or containers of their own, or disturb what is timed beside them. Only
// a mutant that they claim and a full campaign ask them.
func costly() []string {
	return []string{
		"boot.second", "boot.slow-service", "dependency.fan", "dependency.fan-answers", "dependency.dense", "dependency.dense-answers",
		"restart.zinit-kill", "image.stays-stopped", "image.binaries-kept", "load.herd", "load.single", "load.rpc", "load.paused", "load.paused-untouched",
		"processtree.zombies", "processtree.processes", "processtree.descriptors", "processtree.memory",
	}
}

// faithful returns the promises that only the faithful profile checks.
func faithful() []string {
	return []string{
		"retry.shipped", "hang.shipped", "health.shipped-cadence", "health.truth-stopped", "health.truth-mute",
		"health.truth-full-backlog", "health.truth-half", "health.truth-drip",
		"host.cpu", "host.port", "host.socket", "host.names", "host.backlog", "host.write-torn", "host.hung", "host.hung-stop",
	}
}

// waiting returns the promises that were measured to wait a minute or more for what a broken image never does.
func waiting() []string {
	return []string{"boot.running", "boot.inventory", "health.start-period", "image.hero-docker", "smoke.paths"}
}

// Slow reports whether a mutant takes long: its claim is costly, waits, starts containers, or needs the faithful profile.
func (m Mutant) Slow() bool {
	claim := m.Claim()
	return family(claim) == "persistence" || slices.Contains(slices.Concat(faithful(), costly(), waiting()), claim)
}

// UsualScope selects the claims of a mutant, the neighbours of the first, and isolation; of a healthy variant the alarming
// promises and the sentinels. A mutant that needs the faithful profile gets the scope of a sample, because everything takes
// longer there.
func UsualScope(m Mutant, promises []string) Scope {
	if slices.Contains(faithful(), m.Claim()) {
		return SampleScope(m, promises)
	}
	next := neighbours(m.Claim(), promises)
	return Scope{Focus: focus(promises, func(promise string) bool {
		if m.Healthy() {
			return slices.Contains(alarming(), promise) || slices.Contains(sentinels(), promise)
		}
		return slices.Contains(m.Claims, promise) || slices.Contains(next, promise) || promise == isolation
	})}
}

// near is the number of neighbours on either side of a promise.
const near = 3

// neighbours returns the promises of the same family that stand next to a promise in the registry, without costly ones.
func neighbours(promise string, promises []string) []string {
	like := slices.DeleteFunc(slices.Clone(promises), func(other string) bool {
		return family(other) != family(promise) || (other != promise && slices.Contains(costly(), other))
	})
	place := slices.Index(like, promise)
	return like[max(place-near, 0):min(place+near+1, len(like))]
}

// SampleScope selects the claims of a mutant and isolation; of a healthy variant the sentinels.
func SampleScope(m Mutant, promises []string) Scope {
	return Scope{Faithful: slices.Contains(faithful(), m.Claim()), Focus: focus(promises, func(promise string) bool {
		return slices.Contains(m.Claims, promise) || promise == isolation || (m.Healthy() && slices.Contains(sentinels(), promise))
	})}
}

// FullScope selects everything, on every service.
func FullScope(m Mutant, promises []string) Scope {
	return Scope{Focus: strings.Join(promises, ","), Faithful: slices.Contains(faithful(), m.Claim())}
}

// focus joins the wanted promises in order.
func focus(promises []string, wanted func(promise string) bool) string {
	var parts []string
	for _, promise := range promises {
		services, narrow := narrowed()[promise]
		for _, service := range services {
			if wanted(promise) {
				parts = append(parts, promise+"/"+service)
			}
		}
		if !narrow && wanted(promise) {
			parts = append(parts, promise)
		}
	}
	return strings.Join(parts, ",")
}

// family returns the name of the group of promises that are neighbours: its theme, or the truth table of the probes.
func family(promise string) string {
	if strings.HasPrefix(promise, "health.truth-") || strings.HasPrefix(promise, "health.no-hasty-") {
		return "the truth table"
	}
	theme, _, _ := strings.Cut(promise, ".")
	return theme
}

// sampleSize is the number of mutants that run in 6 minutes on 2 cores: each took 5.4 s, five at once, and repetitions a
// minute.
const sampleSize = 50

// Sample returns one mutant for each promise that claims any, at most sampleSize: one of each theme, then a second of each,
// and so on. It leaves out healthy variants and what needs the faithful profile, which takes as long as all others.
func Sample(mutants []Mutant) []Mutant {
	claimed, turns := map[string]bool{}, map[string]int{}
	var rounds [][]Mutant // by how many of the same theme come before
	for _, m := range mutants {
		claim := m.Claim()
		if m.Healthy() || claimed[claim] || slices.Contains(faithful(), claim) {
			continue
		}
		claimed[claim] = true
		turn := turns[family(claim)]
		turns[family(claim)]++
		if turn == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[turn] = append(rounds[turn], m)
	}
	sample := slices.Concat(rounds...)
	return sample[:min(len(sample), sampleSize)]
}
