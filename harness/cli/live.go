package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/live"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
)

// liveFlags are the flags that choose whether a run is shown on a page.
type liveFlags struct {
	Live       bool   `help:"Serve a page about the run while it goes on, on the loopback interface: what is waited for and until when, what comes in, and a button that stops the run."`
	LiveSocket string `help:"Serve that page on a unix socket instead." placeholder:"FILE" type:"path"`
}

// isOn reports whether the page is served.
func (f liveFlags) isOn() bool { return f.Live || f.LiveSocket != "" }

// serve begins to serve the page, and prints its address. The function that it returns tells the page what the run came to, and ends it.
func (f liveFlags) serve(stdout io.Writer, configuration config.Config) (end func(text string, err error), err error) {
	if !f.isOn() {
		return func(string, error) {}, nil
	}
	tested := cmp.Or(configuration.Container, configuration.Image, strings.TrimSuffix(filepath.Base(configuration.Target), ".yaml"))
	server, err := live.Serve(live.Options{
		Socket: f.LiveSocket, Progress: configuration.ProgressPath(), Record: configuration.RecordPath(), Title: "Testing " + tested, Style: html.Style(),
		Stop: func() { _ = syscall.Kill(os.Getpid(), syscall.SIGINT) }, // as whoever presses ^C
	})
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: live at %s\n", server.Address)
	return func(text string, err error) {
		if err != nil {
			text = err.Error()
		}
		if err := server.Close(text); err != nil && !errors.Is(err, os.ErrClosed) {
			_, _ = fmt.Fprintf(stdout, "hero_chaos: end the live page: %v\n", err)
		}
	}, nil
}
