// Package promise is the registry of promises: the sentences that a target is held to, as data.
package promise

import (
	"fmt"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

// Promise is one sentence that a target is held to.
type Promise struct {
	// ID is theme.name. It never changes: records and baselines hold it.
	ID       string
	Sentence string
	// Sources are the clauses of the contract that the promise comes from.
	Sources []contract.Clause
	Theme   string
	// Advisory promises are reported. The others hold an image back.
	Advisory bool
	// Assumptions are ids of zinit.Assumptions that the promise rests on besides what is stated. A failure is inconclusive
	// unless the target confirms them all.
	Assumptions []string
	// Throughout promises are about a whole run: every shard checks them.
	Throughout bool
	// OnlyUpgrade promises are asked if a run names an image to upgrade from.
	OnlyUpgrade bool
}

// Severity returns the word for what a broken promise means for the image.
func (p Promise) Severity() string {
	if p.Advisory {
		return "advisory"
	}
	return "blocking"
}

// Source returns the sources as one text, separated by commas.
func (p Promise) Source() string { return p.join(func(c contract.Clause) string { return string(c) }) }

func (p Promise) join(text func(contract.Clause) string) string {
	var all []string
	for _, source := range p.Sources {
		all = append(all, text(source))
	}
	return strings.Join(all, ", ")
}

func blocking(id, sentence string, sources []contract.Clause, assumptions ...string) Promise {
	theme, _, _ := strings.Cut(id, ".")
	return Promise{ID: id, Sentence: sentence, Sources: sources, Theme: theme, Assumptions: assumptions}
}

func advisory(id, sentence string, sources []contract.Clause, assumptions ...string) Promise {
	p := blocking(id, sentence, sources, assumptions...)
	p.Advisory = true
	return p
}

func throughout(p Promise) Promise {
	p.Throughout = true
	return p
}

func onlyUpgrade(p Promise) Promise {
	p.OnlyUpgrade = true
	return p
}

func from(clauses ...contract.Clause) []contract.Clause { return clauses }

// All returns every promise, theme by theme, in the order in which a reader wants them. Each theme has a file of its own.
func All() []Promise {
	return slices.Concat(boot, restart, circumstances, orders, retry, health, hang, registration, dependency, processtree, persistence, upgrade, image, load, host, smoke, isolation)
}

// Find returns the promise with that id.
func Find(id string) (Promise, bool) {
	all := All()
	i := slices.IndexFunc(all, func(p Promise) bool { return p.ID == id })
	if i < 0 {
		return Promise{}, false
	}
	return all[i], true
}

// Table returns all promises as a Markdown table for suites/README.md.
func Table() string {
	text := new(strings.Builder)
	_, _ = text.WriteString("| promise | | severity | needs | source | rests on |\n|---|---|---|---|---|---|\n")
	for _, promise := range All() {
		var assumptions []string
		for _, assumption := range promise.Assumptions {
			assumptions = append(assumptions, "`"+assumption+"`")
		}
		_, _ = fmt.Fprintf(text, "| `%s` | %s | %s | %s | %s | %s |\n",
			promise.ID, promise.Sentence, promise.Severity(), promise.Needs(), promise.join(contract.Clause.Link), strings.Join(assumptions, ", "))
	}
	return text.String()
}
