package html_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/browser"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
)

// TestInABrowser opens pages in Chromium: narrow and light, wide and dark, and without scripts. Nothing may be loaded, printed
// on the console or wider than the window, and axe must find nothing. It is skipped without chromium, node, or npm with a
// registry.
func TestInABrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 75*time.Second)
	defer cancel()
	chromium, folder := browser.Find(ctx, t), t.TempDir()
	for name, page := range map[string]struct {
		input html.Input
		looks []string
	}{
		"sample":  {input(), []string{"360,light,on", "1280,dark,on", "360,light,off"}},
		"hostile": {poisoned(hostile), []string{"360,dark,on"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, name+".html")
			if err := os.WriteFile(file, []byte(render(t, page.input)), 0o600); err != nil {
				t.Fatal(err)
			}
			chromium.Look(ctx, t, filepath.Join("testdata", "browser.cjs"), append([]string{file, t.TempDir()}, page.looks...)...)
		})
	}
}
