package html_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
)

// browserPackages returns the npm packages that open and check the page, with the last versions that passed.
func browserPackages() []string { return []string{"axe-core@4.14.1", "playwright-core@1.65.1"} }

// TestInABrowser opens pages in Chromium: narrow and light, wide and dark, and without scripts. Nothing may be loaded, printed
// on the console or wider than the window, and axe must find nothing. It is skipped without chromium, node, or npm with a
// registry.
func TestInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT CHECKED IN A BROWSER: -short")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 75*time.Second)
	defer cancel()
	found := map[string]string{}
	for _, program := range []string{"chromium", "node", "npm"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Skipf("NOT CHECKED IN A BROWSER: %v; install %s", err, program)
		}
		found[program] = path
	}
	folder := t.TempDir()
	install := exec.CommandContext(ctx, found["npm"], append([]string{"install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder}, browserPackages()...)...) //nolint:gosec // fixed arguments
	if output, err := install.CombinedOutput(); err != nil {
		t.Skipf("NOT CHECKED IN A BROWSER: npm install: %v: %s", err, output)
	}
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
			arguments := append([]string{filepath.Join("testdata", "browser.cjs"), found["chromium"], file, t.TempDir()}, page.looks...)
			look := exec.CommandContext(ctx, found["node"], arguments...) //nolint:gosec // our own script
			look.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(folder, "node_modules"))
			look.Stderr = os.Stderr
			output, err := look.Output()
			if wrong := strings.TrimSpace(string(output)); wrong != "" {
				t.Error(wrong)
			}
			if ctx.Err() != nil {
				t.Skip("NOT CHECKED COMPLETELY IN A BROWSER: this host is too busy")
			}
			if err != nil {
				t.Errorf("look at the page: %v", err)
			}
		})
	}
}
