package spec

import "fmt"

// mostListed is how many of many like findings are written out: the rest is only counted.
const mostListed = 10

// Listed are the lines of a list in the text of a failure: the key before the first, at most 10, and how many more there
// are.
func Listed(key string, findings []string) [][2]string {
	var lines [][2]string
	for i, finding := range findings {
		if i == mostListed {
			return append(lines, [2]string{"", fmt.Sprintf("... and %d more", len(findings)-mostListed)})
		}
		lines = append(lines, [2]string{key, finding})
		key = ""
	}
	return lines
}
