// Package browser opens pages in a real browser, for tests.
package browser

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// packages returns the npm packages that open and check a page, with the last versions that passed.
func packages() []string { return []string{"axe-core@4.14.1", "playwright-core@1.65.1"} }

// Browser is Chromium, driven by scripts for node.
type Browser struct {
	Chromium      string
	node, modules string
}

// Find finds the browser. It skips the test without chromium, node, or npm with a registry.
func Find(ctx context.Context, t testing.TB) Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("NOT CHECKED IN A BROWSER: -short")
	}
	found := map[string]string{}
	for _, program := range []string{"chromium", "node", "npm"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Skipf("NOT CHECKED IN A BROWSER: %v; install %s", err, program)
		}
		found[program] = path
	}
	folder := t.TempDir()
	install := exec.CommandContext(ctx, found["npm"], append([]string{"install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder}, packages()...)...) //nolint:gosec // fixed arguments
	if output, err := install.CombinedOutput(); err != nil {
		t.Skipf("NOT CHECKED IN A BROWSER: npm install: %v: %s", err, output)
	}
	return Browser{found["chromium"], found["node"], folder + "/node_modules"}
}

// Look runs a script of ours, which prints what is wrong with a page, a line each. The first argument of the script is the browser.
func (b Browser) Look(ctx context.Context, t testing.TB, script string, arguments ...string) {
	t.Helper()
	look := exec.CommandContext(ctx, b.node, append([]string{script, b.Chromium}, arguments...)...) //nolint:gosec // our own script
	look.Env = append(os.Environ(), "NODE_PATH="+b.modules)
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
}
