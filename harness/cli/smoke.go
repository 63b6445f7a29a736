package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// smokeCommand is hero_chaos smoke.
type smokeCommand struct {
	BaseURL string `help:"Where the target answers." env:"BASE_URL" placeholder:"URL"`
	Env     string `help:"Name of an environment in the target file, in place of --base-url."`
	Target  string `help:"Target whose paths are asked." default:"hero_zero"`
}

// smokeTimeout bounds the answer of one path.
const smokeTimeout = 10 * time.Second

// Run asks every path once.
func (c *smokeCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	configuration, err := config.Default()
	if err != nil {
		return err
	}
	described, err := target.Find(c.Target, filepath.Dir(configuration.Target))
	if err != nil {
		return err
	}
	base, err := c.base(described)
	if err != nil {
		return err
	}
	if len(described.Smoke) == 0 {
		return fmt.Errorf("target %s lists no smoke path: nothing was asked", described.Name)
	}
	for _, path := range described.Smoke {
		line := askPath(ctx, base, path)
		if !strings.HasPrefix(line, "ok") {
			*code = exitFailed
		}
		_, _ = fmt.Fprintln(stdout, line)
	}
	return nil
}

// base returns the URL before the paths: --base-url, the environment of --env, or the port that the target publishes.
func (c *smokeCommand) base(described *target.Target) (string, error) {
	port := described.Container.PublishPort
	switch {
	case c.BaseURL != "" && c.Env != "":
		return "", fmt.Errorf("smoke is asked of %s and of the environment %q: give one of --base-url (or $BASE_URL) and --env", c.BaseURL, c.Env)
	case c.BaseURL != "":
		base := strings.TrimRight(c.BaseURL, "/")
		if parsed, err := url.Parse(base); err != nil || !slices.Contains([]string{"http", "https"}, parsed.Scheme) || parsed.Host == "" {
			return "", fmt.Errorf("ask %q: it is no URL: write it like http://localhost:8805", c.BaseURL)
		}
		return base, nil
	case c.Env != "":
		return described.BaseURL(c.Env)
	case port == 0:
		return "", fmt.Errorf("target %s publishes no fixed port: say where it answers by --base-url", described.Name)
	}
	return fmt.Sprintf("http://localhost:%d", port), nil
}

// askPath asks one path, and returns a line that begins with ok or failed.
func askPath(ctx context.Context, base string, path target.Smoke) string {
	ctx, cancel := context.WithTimeout(ctx, smokeTimeout)
	defer cancel()
	status, err := probe.Route{Proxy: http.ProxyFromEnvironment}.Status(ctx, base+path.Path)
	switch {
	case err != nil:
		return fmt.Sprintf("failed  %s%s: %v", base, path.Path, err)
	case status != path.Status:
		return fmt.Sprintf("failed  %s%s answers %d, not %d", base, path.Path, status, path.Status)
	}
	return fmt.Sprintf("ok      %s%s answers %d", base, path.Path, status)
}
