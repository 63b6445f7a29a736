package live_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/browser"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/live"
)

// TestInABrowser opens the page in Chromium: wide and dark, narrow and light. It stops the run by the button. It is skipped where no browser
// is found. $PICTURES names a folder that keeps the screenshots.
func TestInABrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 75*time.Second)
	defer cancel()
	chromium := browser.Find(ctx, t)
	style, err := os.ReadFile(filepath.Join("..", "..", "reports", "html", "report.css"))
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	s := show(t, func(o *live.Options) {
		o.Style, o.Stop = string(style), func() { close(stopped) }
	})
	s.tell(t)
	go func() {
		select {
		case <-stopped:
			time.Sleep(time.Second) // the faults are being reverted
			_ = s.Close("interrupted after 1 of 3 results: what was found is judged")
		case <-ctx.Done():
		}
	}()
	chromium.Look(ctx, t, filepath.Join("testdata", "browser.cjs"), s.Address, cmp.Or(os.Getenv("PICTURES"), t.TempDir()))
}
