package spec

import (
	"errors"
	"testing"
	"time"
)

// TestAnswersAreJudgedWithoutTheHost checks that the agent's answer says whether the host caused a late one. An answer
// that the host delayed must not hide a late one.
func TestAnswersAreJudgedWithoutTheHost(t *testing.T) {
	const limit, ms = 2 * time.Second, time.Millisecond
	quick := Answer{Method: "quick", Took: 3 * ms, AgentDelay: ms}
	edge := Answer{Method: "edge", Took: limit, AgentDelay: 0}
	stalled := Answer{Method: "stalled", Took: limit + 4*500*ms, AgentDelay: 500 * ms}
	pressed := Answer{Method: "pressed", Took: limit + 700*ms, AgentDelay: 10 * ms, HostPeriod: 700 * ms}
	hardly := Answer{Method: "hardly", Took: limit + 700*ms, AgentDelay: 10 * ms, HostPeriod: 600 * ms}
	late := Answer{Method: "late", Took: limit + 4*10*ms + 1, AgentDelay: 10 * ms}
	for name, c := range map[string]struct {
		answers        []Answer
		late, doubtful bool
		worst          string
	}{
		"none":                {nil, false, false, ""},
		"in time":             {[]Answer{quick, edge, quick}, false, false, "edge"},
		"the host stalled":    {[]Answer{quick, stalled, quick}, false, true, "stalled"},
		"processes waited":    {[]Answer{quick, pressed}, false, true, "pressed"},
		"hardly any waited":   {[]Answer{quick, hardly}, true, false, "hardly"},
		"late":                {[]Answer{quick, late}, true, false, "late"},
		"late beside a stall": {[]Answer{stalled, late, quick}, true, false, "late"},
		"stalled after late":  {[]Answer{late, stalled}, true, false, "late"},
	} {
		var seen Answers
		for _, answer := range c.answers {
			seen.add(answer)
		}
		isLate, doubtful := seen.Judge(limit)
		if isLate != c.late || doubtful != c.doubtful || seen.Asked != len(c.answers) || seen.Worst.Method != c.worst {
			t.Errorf("%s: late %v, doubtful %v, %+v", name, isLate, doubtful, seen)
		}
	}
}

func TestTheFirstErrorIsKept(t *testing.T) {
	first := errors.New("first")
	var seen Answers
	for _, err := range []error{nil, first, nil, errors.New("second"), errors.New("third"), nil} {
		seen.add(Answer{Took: time.Second, Err: err})
	}
	if seen.MostRefused != 2 {
		t.Errorf("%d errors in a row, not 2", seen.MostRefused)
	}
	if !errors.Is(seen.Refused.Err, first) {
		t.Errorf("the error kept is %v, not the first", seen.Refused.Err)
	}
}
