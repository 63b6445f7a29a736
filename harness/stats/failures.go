package stats

import "gonum.org/v1/gonum/stat/distuv"

// Confidence is the confidence of every bound and test: 95 %.
const Confidence = 0.95

// FailsAtMost returns the share, between 0 and 1, that the true rate of failures does not exceed with Confidence, after a number of
// failures in n independent trials. It is the one-sided exact bound of C. J. Clopper and E. S. Pearson (Biometrika 26, 1934). Without a
// trial it is 1.
func FailsAtMost(failures, n int) float64 {
	if failures < 0 || failures >= n {
		return 1
	}
	return distuv.Beta{Alpha: float64(failures + 1), Beta: float64(n - failures)}.Quantile(Confidence)
}
