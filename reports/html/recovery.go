package html

import (
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

// recoveryView is a recovery with all that is shown of it.
type recoveryView struct {
	ID, Service, Fault string
	Mark               mark
	Timeline           timeline
	Facts              []fact
	Log                excerpt
}

type fact struct{ Name, Text string }

// facts are what a timeline cannot show. Of a recovery that held, what could have spoiled it is left out.
func facts(r record.Recovery, held bool) []fact {
	var found []fact
	add := func(name, text string) {
		if text != "" {
			found = append(found, fact{name, shorten(text, longestLine)})
		}
	}
	process := fmt.Sprintf("pid %d", r.Before.PID)
	if r.Steady != "" {
		process += ", " + r.Steady
	}
	if r.After.PID != 0 {
		process += fmt.Sprintf(", then pid %d", r.After.PID)
	}
	add("process", process)
	add("known by", r.Identity)
	if r.Landing == nil {
		add("landing", "none: nothing shows that the fault took effect")
	} else if r.Landing.Proof != "exited" {
		add("landing", r.Landing.Proof)
	}
	add("policy", r.Policy)
	if r.Serving == nil {
		add("zinit said", r.Status)
	}
	if !held {
		add("worst gap of the observer", span.Text(time.Duration(r.WorstGap)))
		add("pressure on the host", span.Text(time.Duration(r.Pressure)))
	}
	const most = 5
	for _, disturbance := range r.Disturbed[:min(most, len(r.Disturbed))] {
		_, after := disturbance.At.Since(r.Injected)
		add("disturbed", fmt.Sprintf("%s (pid %d) %s, %s after the fault", disturbance.Service, disturbance.Before.PID, disturbance.What, span.Text(after)))
	}
	if rest := len(r.Disturbed) - most; rest > 0 {
		add("disturbed", fmt.Sprintf("and %d more", rest))
	}
	return found
}

// size is how many bytes the recovery takes on the page.
func (v recoveryView) size() (markup int, texts []string) {
	const frame, perTick, perLayer, perRow, perFact = 430, 40, 24, 54, 32
	markup = frame + perTick*len(v.Timeline.Ticks) + perLayer*len(v.Timeline.Layers) + perRow*len(v.Timeline.Rows)
	texts = []string{v.Service, v.Service, v.Fault, v.Fault, v.Timeline.Description, v.Timeline.Grid, v.Log.Text, v.Log.Note, v.Log.Path, v.Log.Path}
	for _, layer := range v.Timeline.Layers {
		texts = append(texts, layer.Path)
	}
	for _, row := range v.Timeline.Rows {
		texts = append(texts, row.Name, row.At, row.Known, row.Due, row.Over)
	}
	for _, fact := range v.Facts {
		markup += perFact
		texts = append(texts, fact.Name, fact.Text)
	}
	return markup, texts
}
