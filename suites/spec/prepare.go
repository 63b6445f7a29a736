package spec

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// The keys of the labels that say what a spec needs before it begins.
const (
	sandboxLabel    = "sandbox:"
	backgroundLabel = "background sandbox:"
	favouredLabel   = "favoured sandbox:"
	turnLabel       = "turn in sandbox:"
)

// In labels specs with the sandbox that they need beside the main one.
func In(sandbox string) Labels { return Labels{sandboxLabel + " " + sandbox} }

// InBackground is In for a sandbox in which nothing is timed.
func InBackground(sandbox string) Labels { return Labels{backgroundLabel + " " + sandbox} }

// InFavoured is In for a sandbox in which something is timed for minutes.
func InFavoured(sandbox string) Labels { return Labels{favouredLabel + " " + sandbox} }

// InTurn labels specs that fault their service in a sandbox, each in its turn: together with no other that the service needs, or that
// needs it.
func InTurn(sandbox string) Labels { return Labels{turnLabel + " " + sandbox} }

// prepareTimeout bounds the wait for what a spec needs. Sandboxes start one after the other, each with its boot budget, and every lease
// ends with its spec.
const prepareTimeout = time.Hour

// Prepare starts the sandbox that a spec needs and waits for its turn, before the spec's own time begins. The start of a sandbox counts
// against the boot budget alone. It comes after Select.
func Prepare(chaos *session.Session) {
	BeforeEach(func(ctx SpecContext) {
		chaos.Label(sandboxOf(CurrentSpecReport()))
		for key, open := range map[string]func(context.Context, string) (*session.Sandbox, error){
			sandboxLabel: chaos.Sandbox, turnLabel: chaos.Sandbox, backgroundLabel: chaos.Background, favouredLabel: chaos.Favoured,
		} {
			name := findLabel(CurrentSpecReport(), key)
			if name == "" {
				continue
			}
			By("open the sandbox " + name)
			sandbox, err := open(ctx, name)
			if key == turnLabel {
				Conclude(err)
				Hold(ctx, sandbox, readLabels(CurrentSpecReport()).Service)
			} // else the spec concludes from an error: it may not get as far as to need the sandbox
		}
	}, NodeTimeout(prepareTimeout))
}

// takesLabel is the key of the label that says for how long the experiments of a sandbox take about.
const takesLabel = "takes:"

// Takes labels specs with how long the experiments in their sandbox take about, all in all. It decides which sandboxes start first where
// there is no room for all, and what the run is said to take.
func Takes(period time.Duration) Labels { return Labels{takesLabel + " " + period.String()} }

// usualPeriod is the length of the experiments in a sandbox that is not labelled with Takes.
const usualPeriod = 15 * time.Second

// findPeriod returns how long the experiments in a spec's sandbox take about.
func findPeriod(report SpecReport) time.Duration {
	if period, err := time.ParseDuration(findLabel(report, takesLabel)); err == nil {
		return period
	}
	return usualPeriod
}

// sandboxOf returns the sandbox that a spec is labelled with, empty if that is none beside the main one.
func sandboxOf(report SpecReport) string {
	for _, key := range []string{sandboxLabel, backgroundLabel, favouredLabel, turnLabel} {
		if name := findLabel(report, key); name != "" && name != session.MainSandbox {
			return name
		}
	}
	return ""
}

// findLabel returns the value of a spec's label, empty if it has none.
func findLabel(report SpecReport, key string) (value string) {
	for _, label := range report.Labels() {
		if found, ok := strings.CutPrefix(label, key); ok {
			value = strings.TrimSpace(found)
		}
	}
	return value
}
