package stats

import "gonum.org/v1/gonum/stat/distuv"

// Confidence is what every bound and every test of this package's users rests on: 95 %.
const Confidence = 0.95

// FailsAtMost is the share, between 0 and 1, that the true rate of failures does not exceed with Confidence, after so
// many failures in n independent trials: the one-sided exact bound of C. J. Clopper and E. S. Pearson (Biometrika 26,
// 1934). Without a trial it is 1: nothing is known.
func FailsAtMost(failures, n int) float64 {
	if failures < 0 || failures >= n {
		return 1
	}
	return distuv.Beta{Alpha: float64(failures + 1), Beta: float64(n - failures)}.Quantile(Confidence)
}
