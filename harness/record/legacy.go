package record

import (
	"slices"
	"strconv"
	"strings"
)

// upgrade reads what records of hero_chaos.record/1 said in sentences before they said it as data: how many results were measured
// again. It is frozen: no program writes these sentences any more. A reason stays the sentence that it was (Result.Why).
func (r *Record) upgrade() {
	r.Notes = slices.DeleteFunc(r.Notes, func(note string) bool {
		text, again := strings.CutSuffix(note, " results were measured again, because the host had stalled")
		count, err := strconv.Atoi(text)
		if !again || err != nil {
			return false
		}
		r.MeasuredAgain += count
		return true
	})
}
