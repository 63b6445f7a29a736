package lasting

import (
	"sync"
	"time"
)

// repeatInterval is the time between two rounds of what keeps a fault in force.
const repeatInterval = 20 * time.Millisecond

// repeat calls do again and again until stop is called. stop returns when the last call has ended.
func repeat(do func()) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(repeatInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				do()
			case <-end:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(end)
		<-ended
	})
}
