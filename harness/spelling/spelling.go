// Package spelling guesses which name was meant by one that does not exist.
package spelling

import (
	"cmp"
	"slices"
	"strings"
)

// longest is how much of a word is compared. No name of ours is longer, and the comparison takes time in proportion to the product of the
// lengths.
const longest = 64

// Nearest returns the candidate that word most likely means, or "" if none is near. About every third letter may be wrong, or word may be a
// part of the candidate.
func Nearest(word string, candidates []string) string {
	near := ""
	best := max(1, (len(clip(word))+2)/3) + 1
	for _, candidate := range slices.SortedFunc(slices.Values(candidates), cmp.Compare) {
		if distance := Distance(strings.ToLower(word), strings.ToLower(candidate)); distance < best {
			near, best = candidate, distance
		}
	}
	if near == "" && len(word) > 2 {
		for _, candidate := range candidates {
			if strings.Contains(candidate, word) {
				return candidate
			}
		}
	}
	return near
}

// DidYouMean returns `: did you mean "NAME"?` for the nearest candidate, else a list of all candidates.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return ": did you mean \"" + near + "\"?"
	}
	if len(candidates) == 0 {
		return ": there is none"
	}
	return ": there are " + strings.Join(candidates, ", ")
}

// Distance counts the letters to insert, delete, replace or swap with their neighbour to turn one word
// into the other (optimal string alignment).
func Distance(one, other string) int {
	one, other = clip(one), clip(other)
	rows := make([][]int, len(one)+1)
	for i := range rows {
		rows[i] = make([]int, len(other)+1)
		for j := range rows[i] {
			rows[i][j] = cheapest(rows, one, other, i, j)
		}
	}
	return rows[len(one)][len(other)]
}

// cheapest returns the distance of the first i letters of one from the first j letters of other, given the distances of all shorter
// beginnings.
func cheapest(rows [][]int, one, other string, i, j int) int {
	if i == 0 || j == 0 {
		return i + j
	}
	replaced := rows[i-1][j-1]
	if one[i-1] != other[j-1] {
		replaced++
	}
	best := min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
	if i > 1 && j > 1 && one[i-1] == other[j-2] && one[i-2] == other[j-1] {
		best = min(best, rows[i-2][j-2]+1)
	}
	return best
}

func clip(word string) string { return word[:min(len(word), longest)] }
