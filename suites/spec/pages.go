package spec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/probe"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

const (
	// pageTimeout is the longest time that one request of a page may take.
	pageTimeout = 10 * time.Second
	// pageInterval is the time between two requests of a page.
	pageInterval = 50 * time.Millisecond
)

// Page is the outcome of one request of a page.
type Page struct {
	Status int
	Body   []byte
	Err    error // nil if a whole reply came
}

// IsStatus reports whether a whole reply came, with that status.
func (p Page) IsStatus(status int) bool { return p.Err == nil && p.Status == status }

// String says in a few words what came.
func (p Page) String() string {
	if p.Err != nil {
		return p.Err.Error()
	}
	return fmt.Sprintf("answered %d, %d bytes", p.Status, len(p.Body))
}

// AskInside asks for a path at an address (host:port) inside the sandbox.
func AskInside(ctx context.Context, sandbox *session.Sandbox, address, path string) Page {
	return AskPage(ctx, probe.Route{Dial: func(ctx context.Context) (net.Conn, error) { return sandbox.DialAddress(ctx, address) }}, address, path)
}

// AskPage asks for a path at an address (host:port).
func AskPage(ctx context.Context, route probe.Route, address, path string) (page Page) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page.Status, page.Body, page.Err = route.Page(ctx, "http://"+address+path)
	return page
}

// AskPages asks for a path several times, one after the other: at the published address, or inside the sandbox if this machine does not
// reach that.
func AskPages(ctx context.Context, sandbox *session.Sandbox, at session.Published, path string, count int) (pages []Page) {
	ask := func() Page { return AskPage(ctx, probe.Route{}, at.Address, path) }
	if errors.Is(ask().Err, probe.ErrUnreachable) {
		ask = func() Page { return AskInside(ctx, sandbox, at.Inside, path) }
	}
	for range count {
		pages = append(pages, ask())
		Pause(ctx, pageInterval)
	}
	return pages
}

// FindWrongStatus returns a line for each page without the status. A page whose body does not come to its end has its status.
func FindWrongStatus(pages []Page, status int) (wrong []string) {
	for i, page := range pages {
		if page.Status != status {
			wrong = append(wrong, fmt.Sprintf("request %d: %s", i+1, page))
		}
	}
	return wrong
}

// FindCutBodies returns a line for each page whose body ends too soon: by its framing, by its length beside the longest, or without the end
// that another has.
func FindCutBodies(pages []Page) (cut []string) {
	var longest []byte
	for _, page := range pages {
		if len(page.Body) > len(longest) {
			longest = page.Body
		}
	}
	end := []byte("</html>")
	for i, page := range pages {
		switch {
		case page.Status == 0:
		case page.Err != nil:
			cut = append(cut, fmt.Sprintf("request %d: %v", i+1, page.Err))
		case 2*len(page.Body) < len(longest):
			cut = append(cut, fmt.Sprintf("request %d: %d bytes, of %d that came to another", i+1, len(page.Body), len(longest)))
		case bytes.Contains(longest, end) && !bytes.Contains(page.Body, end):
			cut = append(cut, fmt.Sprintf("request %d: %d bytes without the end of the document", i+1, len(page.Body)))
		}
	}
	return cut
}

// PathLabel returns a path as a label can hold it.
func PathLabel(path string) string {
	if trimmed := strings.Trim(path, "/"); trimmed != "" {
		return strings.ReplaceAll(trimmed, "/", ".")
	}
	return "root"
}
