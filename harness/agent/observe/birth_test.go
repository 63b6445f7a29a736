package observe

import (
	"fmt"
	"testing"
)

func TestIsGivenOutSince(t *testing.T) {
	for _, c := range []struct {
		pid, previous, latest int
		want                  bool
	}{
		{10, 10, 10, false},
		{11, 10, 10, false}, // nothing was given out
		{10, 10, 12, false},
		{11, 10, 12, true},
		{12, 10, 12, true},
		{13, 10, 12, false},
		{32767, 32760, 305, true},
		{300, 32760, 305, true},
		{305, 32760, 305, true}, // begun again
		{306, 32760, 305, false},
		{32760, 32760, 305, false},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			if got := isGivenOutSince(c.pid, c.previous, c.latest); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}
