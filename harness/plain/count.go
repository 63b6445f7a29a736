package plain

import (
	"fmt"
	"strings"
)

// Count returns a number with its noun: "1 recovery", "28 recoveries".
func Count(n int, noun string) string {
	switch stem, cut := strings.CutSuffix(noun, "y"); {
	case n == 1:
		return "1 " + noun
	case cut:
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
