package boot

import "testing"

// TestAProcessBelongsToTheServiceThatIsNamed has a supervisor 1, a wrapper 10 with its child 11, a process 20 with its child 21, and a
// process 30 that nobody names.
func TestAProcessBelongsToTheServiceThatIsNamed(t *testing.T) {
	parents := map[int]int{1: 0, 10: 1, 11: 10, 20: 1, 21: 20, 30: 1}
	for name, c := range map[string]struct {
		owners map[int]string
		pid    int
		want   string
	}{
		"the process itself is named":        {map[int]string{11: "a", 20: "b"}, 11, "a"},
		"its wrapper is named":               {map[int]string{10: "a", 20: "b"}, 11, "a"},
		"another's process":                  {map[int]string{10: "a", 20: "b"}, 20, "b"},
		"a child of another's":               {map[int]string{10: "a", 20: "b"}, 21, "b"},
		"between the two, it is the wanted":  {map[int]string{10: "a", 11: "b"}, 11, "a"},
		"nobody's":                           {map[int]string{10: "a", 20: "b"}, 30, ""},
		"its child is named, as by a choice": {map[int]string{21: "a", 10: "b"}, 20, ""},
		"it has ended":                       {map[int]string{10: "a"}, 40, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := findOwner(parents, c.owners, c.pid, "a"); got != c.want {
				t.Errorf("belongs to %q, want %q", got, c.want)
			}
		})
	}
}
