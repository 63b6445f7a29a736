package record

import "errors"

// event is one line of a record that is being written. Exactly one of its members is set. The first event of a record is its run, as
// far as it is known before the image is; another completes it. Nothing follows the end.
type event struct {
	Schema    string     `json:"schema,omitempty"` // with run
	Run       *Run       `json:"run,omitempty"`
	Result    *Result    `json:"result,omitempty"`
	Recovery  *Recovery  `json:"recovery,omitempty"`
	Evidence  *Evidence  `json:"evidence,omitempty"`
	Container *Container `json:"container,omitempty"`
	End       *End       `json:"end,omitempty"`
}

// apply adds what the event says to the record.
func (e event) apply(r *Record) error {
	switch {
	case e.members() != 1:
		return errors.New("an event is one of run, result, recovery, evidence, container and end")
	case r.Schema == "" && e.Run == nil:
		return errors.New("the first line of a record says what was run, this one does not")
	case r.End != nil:
		return errors.New("nothing may follow the end of a record")
	case e.Run != nil:
		if r.Schema != "" && (r.Run.Digest != "" || r.Run.ID != e.Run.ID) {
			return errors.New("a second run in the same record: a record holds one")
		}
		r.Schema, r.Run = e.Schema, *e.Run
		return r.check()
	case e.Result != nil:
		r.Results = append(r.Results, *e.Result)
		return e.Result.check()
	case e.Recovery != nil:
		r.Recoveries = append(r.Recoveries, *e.Recovery)
	case e.Evidence != nil:
		r.Evidence = append(r.Evidence, *e.Evidence)
	case e.Container != nil:
		r.Containers = append(r.Containers, *e.Container)
	case e.End != nil:
		r.End = e.End
	}
	return nil
}

func (e event) members() (set int) {
	for _, present := range []bool{e.Run != nil, e.Result != nil, e.Recovery != nil, e.Evidence != nil, e.Container != nil, e.End != nil} {
		if present {
			set++
		}
	}
	return set
}

// add counts an event.
func (t *Totals) add(e event) {
	switch {
	case e.Result != nil:
		t.Results++
	case e.Recovery != nil:
		t.Recoveries++
	case e.Evidence != nil:
		t.Evidence++
	case e.Container != nil:
		t.Containers++
	}
}
