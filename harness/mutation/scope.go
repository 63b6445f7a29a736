package mutation

import (
	"slices"
	"strings"
)

// Measured in the quick profile on 2 cores: a session costs 2.3 s of a processor, one promise of every theme 3.5 s more, a
// whole theme without what is dear 6 to 15 s more, and everything a minute. So a mutant is asked its claims, and the
// neighbours of the promise that claims it, which are what it is most likely taken for. A healthy variant, of which nobody
// knows what may be held against it, is asked something of every theme.

// Scope is what a mutant is run with.
type Scope struct {
	Focus string `json:"focus"`
	// Faithful tells that the promise that claims the mutant takes the faithful profile.
	Faithful bool `json:"faithful,omitempty"`
}

// Size is how many promises are asked.
func (s Scope) Size() int { return strings.Count(s.Focus, ",") + 1 }

// sentinels are one promise a theme that costs little, and isolation, which sees over the whole run who changed. The
// themes persistence and load have none: each of theirs starts containers, or floods one.
func sentinels() []string {
	return []string{
		"boot.running", "restart.exit0", "retry.none", "health.timeout", "hang.control", "registration.round-trip",
		"dependency.requires", "processtree.stop-group", "image.sockets-private", "smoke.paths", isolation,
	}
}

// alarming are the promises that a healthy variant is asked besides: those that rest on a time, an order, a count or a
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

// representative is the shipped service on which a promise is checked that takes every service as long.
const representative = "user.hero_osis_server"

// narrowed are the promises that are checked on all shipped services, each waiting for its full delay, and the services
// that stand for them: the shipped ones end by themselves when they are asked to, the victim dies by the signal.
func narrowed() map[string][]string {
	return map[string][]string{
		"restart.sigterm": {representative, "hero_chaos.restart-sigterm"}, "restart.sigkill": {representative},
		"retry.shipped": {representative}, "hang.shipped": {representative},
	}
}

// dear are the promises that cost much: half a minute, containers of their own, or what disturbs whatever is
// timed beside it. They are asked where a mutant claims them, and in a full campaign.
func dear() []string {
	return []string{
		"boot.second", "boot.slow-service", "dependency.fan", "dependency.fan-answers", "dependency.dense", "dependency.dense-answers",
		"restart.zinit-kill", "image.stays-stopped", "image.binaries-kept", "load.herd", "load.single", "load.rpc", "load.paused", "load.paused-untouched",
		"processtree.zombies", "processtree.processes", "processtree.descriptors", "processtree.memory",
	}
}

// faithful are the promises that only the faithful profile checks.
func faithful() []string {
	return []string{
		"retry.shipped", "hang.shipped", "health.shipped-cadence", "health.truth-stopped", "health.truth-mute",
		"health.truth-full-backlog", "health.truth-half", "health.truth-drip",
	}
}

// waiting are the promises that wait a minute and more, as was measured, for what a broken image never does.
func waiting() []string {
	return []string{"boot.running", "boot.inventory", "health.start-period", "image.hero-docker", "smoke.paths"}
}

// Slow tells whether a mutant takes long: the promise that claims it is dear, waits, starts containers again, or is one that
// only the faithful profile checks.
func (m Mutant) Slow() bool {
	claim := m.Claim()
	return family(claim) == "persistence" || slices.Contains(slices.Concat(faithful(), dear(), waiting()), claim)
}

// UsualScope is what a mutant is asked, of the promises that there are: its claims, the neighbours of the first, and who
// changed whom nobody had faulted; a healthy variant what is alarming, and the sentinels. One that takes the faithful profile is asked little else:
// there everything takes longer.
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

// near is how many neighbours of a promise are asked, on either side of it.
const near = 3

// neighbours are the promises of the same family that stand next to a promise in the registry, but for the dear ones.
func neighbours(promise string, promises []string) []string {
	like := slices.DeleteFunc(slices.Clone(promises), func(other string) bool {
		return family(other) != family(promise) || (other != promise && slices.Contains(dear(), other))
	})
	place := slices.Index(like, promise)
	return like[max(place-near, 0):min(place+near+1, len(like))]
}

// SampleScope asks of a mutant no more than its claims, and who changed whom nobody had faulted.
func SampleScope(m Mutant, promises []string) Scope {
	return Scope{Faithful: slices.Contains(faithful(), m.Claim()), Focus: focus(promises, func(promise string) bool {
		return slices.Contains(m.Claims, promise) || promise == isolation || (m.Healthy() && slices.Contains(sentinels(), promise))
	})}
}

// FullScope is everything, on every service.
func FullScope(m Mutant, promises []string) Scope {
	return Scope{Focus: strings.Join(promises, ","), Faithful: slices.Contains(faithful(), m.Claim())}
}

// focus writes the promises that are wanted, in their order.
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

// family are the promises that are neighbours: a theme, but for the probes' truth table, which is one of its own.
func family(promise string) string {
	if strings.HasPrefix(promise, "health.truth-") || strings.HasPrefix(promise, "health.no-hasty-") {
		return "the truth table"
	}
	theme, _, _ := strings.Cut(promise, ".")
	return theme
}

// sampleSize is how many mutants are run in 6 minutes on 2 cores: each took 5.4 s there, five at once, and what proved nothing
// and is run again a minute more.
const sampleSize = 50

// Sample is one mutant for each promise that claims any, the first of the list, as far as they fit: one of each theme, then
// a second of each, and so on. Healthy variants are left out, and what only the faithful profile checks: one of those
// takes as long as all others.
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
