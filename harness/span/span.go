// Package span writes spans of time the way people compare them, and the same way everywhere.
package span

import (
	"fmt"
	"time"
)

// Text writes d with two decimals: in milliseconds below one second ("0.31 ms"), else in seconds
// ("5.25 s").
func Text(d time.Duration) string {
	const finest = 10 * time.Microsecond // the last decimal of a millisecond
	if rounded := d.Round(finest); rounded.Abs() < time.Second {
		return fmt.Sprintf("%.2f ms", float64(rounded)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
