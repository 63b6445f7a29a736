package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/stats"
)

// signed are the numbers 1 to n, with negative ones whose ranks add up to sum.
func signed(n, sum int) []float64 {
	var differences []float64
	for rank := n; rank > 0; rank-- {
		difference := float64(rank)
		if rank <= sum {
			difference, sum = -difference, sum-rank
		}
		differences = append(differences, difference)
	}
	return differences
}

// TestSignedRankAgainstTheTable: the largest sums of negative ranks that are significant at 5 %, one-sided, as the
// tables of the test list them (R. L. McCornack, J. Am. Stat. Assoc. 60, 1965).
func TestSignedRankAgainstTheTable(t *testing.T) {
	for n, critical := range map[int]int{
		5: 0, 6: 2, 7: 3, 8: 5, 9: 8, 10: 10, 11: 13, 12: 17, 13: 21, 14: 25, 15: 30, 16: 35, 17: 41, 18: 47, 19: 53, 20: 60, 25: 100, 28: 130, 30: 151,
	} {
		if p := stats.SignedRank(signed(n, critical)); p > 0.05 {
			t.Errorf("n %d, negative ranks %d: p %.5f, but the table has it significant", n, critical, p)
		}
		if p := stats.SignedRank(signed(n, critical+1)); p <= 0.05 {
			t.Errorf("n %d, negative ranks %d: p %.5f, but the table has it not significant", n, critical+1, p)
		}
	}
}

// TestSignedRankOfPublishedData: the heights of C. Darwin's plants as E. Cureton (1967) gives them: two-sided p 0.04126.
func TestSignedRankOfPublishedData(t *testing.T) {
	heights := []float64{6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75}
	if p := 2 * stats.SignedRank(heights); math.Abs(p-0.0412598) > 1e-6 {
		t.Errorf("p %.7f", p)
	}
}

func TestSignedRankOfOddities(t *testing.T) {
	for name, tc := range map[string]struct {
		differences []float64
		want        float64
	}{
		"none":                  {nil, 1},
		"only zeros":            {[]float64{0, 0, 0}, 1},
		"zeros are left out":    {[]float64{0, 1, 2, 0, 3, 4, 5}, 1.0 / 32},
		"all negative":          {[]float64{-1, -2, -3}, 1},
		"ties, all positive":    {[]float64{2, 2, 2, 2, 2}, 1.0 / 32},
		"ties, one is negative": {[]float64{2, 2, 2, 2, -2}, 6.0 / 32},
	} {
		if got := stats.SignedRank(tc.differences); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("%s: p %v, want %v", name, got, tc.want)
		}
	}
}

// TestSignedRankOfMany: where counting gives way to the normal distribution there is no step.
func TestSignedRankOfMany(t *testing.T) {
	for _, shift := range []float64{0.02, 0.1, 0.3} {
		draw := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test repeats itself
		var differences []float64
		for range 150 {
			differences = append(differences, draw.NormFloat64()+shift)
		}
		counted, approximated := stats.SignedRank(differences), stats.SignedRank(append(differences, 1e-9))
		if ratio := math.Log(counted) - math.Log(approximated); math.Abs(ratio) > 0.1 {
			t.Errorf("shift %v: p %.5f of 150, %.5f of 151", shift, counted, approximated)
		}
	}
}

// ranked are two samples without ties, of which xs win all but lost of the n times n comparisons.
func ranked(n, lost int) (xs, ys []float64) {
	for i := range n {
		ys = append(ys, float64(i))
		// each x is greater than all ys but as many as it loses to
		loses := min(n, lost)
		lost -= loses
		xs = append(xs, float64(n-loses)-0.5+float64(i)/1000)
	}
	return xs, ys
}

// TestGreaterAgainstTheTable: the largest U that are significant at 5 %, one-sided, as the tables of the test list them.
func TestGreaterAgainstTheTable(t *testing.T) {
	for n, critical := range map[int]int{3: 0, 4: 1, 5: 4, 6: 7, 7: 11, 8: 15, 9: 21, 10: 27, 15: 72, 20: 138} {
		if p := stats.Greater(ranked(n, critical)); p > 0.05+1e-12 {
			t.Errorf("n %d, U %d: p %.5f, but the table has it significant", n, critical, p)
		}
		if p := stats.Greater(ranked(n, critical+1)); p <= 0.05 {
			t.Errorf("n %d, U %d: p %.5f, but the table has it not significant", n, critical+1, p)
		}
	}
	for name, p := range map[string]float64{"nothing": stats.Greater(nil, []float64{1}), "all equal": stats.Greater([]float64{1, 1}, []float64{1, 1, 1})} {
		if p != 1 {
			t.Errorf("%s: p %v, want 1", name, p)
		}
	}
}

func TestDominance(t *testing.T) {
	for name, tc := range map[string]struct {
		xs, ys []float64
		want   float64
	}{
		"all greater":  {[]float64{4, 5}, []float64{1, 2, 3}, 1},
		"all smaller":  {[]float64{0}, []float64{1, 2, 3}, -1},
		"equal":        {[]float64{1, 2}, []float64{2, 1}, 0},
		"half a tie":   {[]float64{2}, []float64{1, 2}, 0.5},
		"one is empty": {nil, []float64{1}, 0},
	} {
		if got := stats.Dominance(tc.xs, tc.ys); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestHolm takes a worked example: 0.01, 0.04, 0.03 and 0.005 become 0.03, 0.06, 0.06 and 0.02.
func TestHolm(t *testing.T) {
	got := stats.Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("corrected: %v", got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ps := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		corrected := stats.Holm(ps)
		for i := range ps {
			if corrected[i] < ps[i] || corrected[i] > 1 {
				t.Fatalf("%v became %v", ps, corrected)
			}
			for j := range ps {
				if ps[i] < ps[j] && corrected[i] > corrected[j] {
					t.Fatalf("the order changed: %v became %v", ps, corrected)
				}
			}
		}
	})
}
