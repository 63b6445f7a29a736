package record

import "forge.ourworld.tf/lhumina_code/hero_chaos/harness/tail"

// Tail reads what a run adds to its record while it goes on.
type Tail struct{ lines tail.File }

// NewTail returns a tail of the record that a run is going to write to path. It leaves out what an earlier run has left there.
func NewTail(path string) *Tail {
	events := &Tail{tail.File{Path: EventsPath(path)}}
	events.lines.Skip()
	return events
}

// Next returns the results and recoveries since the last call. It skips a line that is no event.
func (t *Tail) Next() (results []Result, recoveries []Recovery) {
	for _, line := range t.lines.Next() {
		var one event
		switch err := decode(line, &one); {
		case err != nil:
		case one.Result != nil:
			results = append(results, *one.Result)
		case one.Recovery != nil:
			recoveries = append(recoveries, *one.Recovery)
		}
	}
	return results, recoveries
}
