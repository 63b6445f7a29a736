package record

import (
	"strconv"
	"strings"
)

// upgrade reads what records of hero_chaos.record/1 said in sentences before they said it as data: how many results were measured
// again. It is frozen: no program writes these sentences any more. A reason stays the sentence that it was (Result.Why).
func (r *Record) upgrade() {
	var notes []string
	again := r.MeasuredAgain
	for _, note := range r.Notes {
		text, isCount := strings.CutSuffix(note, " results were measured again, because the host had stalled")
		if count, err := strconv.Atoi(text); isCount && err == nil {
			again += count
			continue
		}
		notes = append(notes, note)
	}
	if len(notes) == len(r.Notes) {
		return
	}
	wasSealed := r.IsSealed()
	r.Notes, r.MeasuredAgain = notes, again
	if wasSealed {
		r.Seal()
	}
}
