package stats

import (
	"cmp"
	"math"
	"slices"

	moremath "github.com/aclements/go-moremath/stats"
	"gonum.org/v1/gonum/stat/distuv"
)

// Greater returns the one-sided p of H. B. Mann and D. R. Whitney's U test (1947) against the alternative that xs tend to be
// greater than ys: exact for small samples, ties included. It is 1 if there is nothing to compare.
func Greater(xs, ys []float64) float64 {
	result, err := moremath.MannWhitneyUTest(xs, ys, moremath.LocationGreater)
	if err != nil { // a sample is empty, or all values are equal
		return 1
	}
	return result.P
}

// exactSignedRank is the number of pairs up to which all 2^n signs are counted. Beyond it the normal distribution is close enough.
const exactSignedRank = 150

// SignedRank returns the one-sided p of F. Wilcoxon's signed rank test (1945) against the alternative that the differences
// tend to be greater than 0. Differences of 0 are left out, equal ones share their rank, and the distribution is that of
// the ranks as they are. It is 1 if no difference is left.
func SignedRank(differences []float64) float64 {
	doubled, positive := doubledRanks(differences)
	if len(doubled) == 0 {
		return 1
	}
	if len(doubled) > exactSignedRank {
		return normalSignedRank(doubled, positive)
	}
	total := 0
	for _, rank := range doubled {
		total += rank
	}
	// chance[s] is that of the sum s, each sign being a coin toss.
	chance := make([]float64, total+1)
	chance[0] = 1
	for _, rank := range doubled {
		for sum := total; sum >= 0; sum-- {
			chance[sum] /= 2
			if sum >= rank {
				chance[sum] += chance[sum-rank] / 2
			}
		}
	}
	p := 0.0
	for _, one := range slices.Backward(chance[positive:]) { // the smallest first, to lose nothing of them
		p += one
	}
	return min(1, p)
}

// normalSignedRank approximates SignedRank with a correction for continuity. The variance is that of the ranks as they
// are, which corrects for ties.
func normalSignedRank(doubled []int, positive int) float64 {
	mean, variance := 0.0, 0.0
	for _, rank := range doubled {
		mean += float64(rank) / 2
		variance += float64(rank) * float64(rank) / 4
	}
	return distuv.UnitNormal.Survival((float64(positive) - 1 - mean) / math.Sqrt(variance))
}

// doubledRanks returns twice the ranks of the differences by size, without zeros, and the sum for the positive ones. The ranks are doubled
// because equal differences share the mean of their ranks, which may be a half.
func doubledRanks(differences []float64) (doubled []int, positive int) {
	sorted := slices.DeleteFunc(slices.Clone(differences), func(d float64) bool { return d == 0 })
	slices.SortFunc(sorted, func(one, other float64) int { return cmp.Compare(math.Abs(one), math.Abs(other)) })
	for first := 0; first < len(sorted); {
		next := first + 1
		for next < len(sorted) && math.Abs(sorted[next]) == math.Abs(sorted[first]) {
			next++
		}
		for _, difference := range sorted[first:next] {
			rank := first + 1 + next
			doubled = append(doubled, rank)
			if difference > 0 {
				positive += rank
			}
		}
		first = next
	}
	return doubled, positive
}

// Dominance returns N. Cliff's delta (1993), between -1 and 1: how much more often one of xs is greater than one of ys than it is
// smaller. It is 0 if either is empty.
func Dominance(xs, ys []float64) float64 {
	if len(xs) == 0 || len(ys) == 0 {
		return 0
	}
	balance := 0
	for _, x := range xs {
		for _, y := range ys {
			balance += cmp.Compare(x, y)
		}
	}
	return float64(balance) / float64(len(xs)*len(ys))
}

// Holm corrects the p of many tests for their number (S. Holm, 1979), in their order: the chance that any of the true
// null hypotheses is rejected at a level stays below it, whatever depends on what.
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(one, other int) int { return cmp.Compare(ps[one], ps[other]) })
	corrected, largest := make([]float64, len(ps)), 0.0
	for rank, i := range order {
		largest = max(largest, min(1, ps[i]*float64(len(ps)-rank)))
		corrected[i] = largest
	}
	return corrected
}
