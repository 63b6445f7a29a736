package answer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// Theme counts the results of a theme.
type Theme struct {
	Name     string
	Outcomes map[record.Outcome]int
	// Untested counts its promises without a result.
	Untested int
	// Slowest says which recovery took longest, or which spec if the theme has no recovery.
	Slowest string
}

// themesOf returns the themes in the order of the run's promises. Those that only results name come last.
func themesOf(r *record.Record) (themes []Theme) {
	at := map[string]int{}
	of := func(promise string) *Theme {
		name, _, _ := strings.Cut(promise, ".")
		if _, known := at[name]; !known {
			at[name] = len(themes)
			themes = append(themes, Theme{Name: name, Outcomes: map[record.Outcome]int{}})
		}
		return &themes[at[name]]
	}
	for _, promise := range r.Run.Promises {
		of(promise.ID)
	}
	results := slices.SortedStableFunc(slices.Values(r.Results), func(one, other record.Result) int {
		return cmp.Or(cmp.Compare(one.Promise, other.Promise), cmp.Compare(one.Service, other.Service), cmp.Compare(one.Name, other.Name))
	})
	tested := map[string]bool{}
	longest := map[string]record.Result{}
	for _, result := range results {
		theme := of(result.Promise)
		theme.Outcomes[result.Outcome]++
		tested[result.Promise] = true
		if result.Outcome != record.NotRun && result.Duration > longest[theme.Name].Duration {
			longest[theme.Name] = result
		}
	}
	for _, promise := range r.Run.Promises {
		if !tested[promise.ID] {
			of(promise.ID).Untested++
		}
	}
	slowest := slowestRecoveries(r)
	for i, theme := range themes {
		if recovery, ok := slowest[theme.Name]; ok {
			_, took := recovery.Serving.Since(recovery.Injected)
			themes[i].Slowest = fmt.Sprintf("%s from %s until %s served", span.Text(took), recovery.Fault, recovery.Service)
		} else if result := longest[theme.Name]; result.Duration > 0 {
			themes[i].Slowest = fmt.Sprintf("%s for %s", span.Text(time.Duration(result.Duration)), subject(result))
		}
	}
	return themes
}

// slowestRecoveries returns the recovery of each theme that took longest until its service served again.
func slowestRecoveries(r *record.Record) map[string]record.Recovery {
	slowest, longest := map[string]record.Recovery{}, map[string]time.Duration{}
	for _, recovery := range r.Recoveries {
		theme, _, _ := strings.Cut(recovery.Promise, ".")
		if recovery.Serving == nil {
			continue
		}
		_, took := recovery.Serving.Since(recovery.Injected)
		last := slowest[theme]
		if took > longest[theme] || took == longest[theme] && cmp.Or(cmp.Compare(recovery.Service, last.Service), cmp.Compare(recovery.ID, last.ID)) < 0 {
			slowest[theme], longest[theme] = recovery, took
		}
	}
	return slowest
}

// subject names a result: its promise, and the service if there is one.
func subject(result record.Result) string {
	if result.Service == "" {
		return result.Promise
	}
	return result.Promise + " on " + result.Service
}
