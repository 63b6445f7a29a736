package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Route is the way of an HTTP request to its server. The zero value asks directly, whatever proxy the environment names.
type Route struct {
	// Proxy returns the proxy of a request; nil is none.
	Proxy func(*http.Request) (*url.URL, error)
	// Dial connects instead of the network, as through a link into a container; nil is the network.
	Dial func(ctx context.Context) (net.Conn, error)
}

// ErrUnreachable says that no connection to the server came about: nothing is known of the server.
var ErrUnreachable = errors.New("no connection")

// Status asks GET address and returns the reply's status when its whole body has come. It does not follow redirects: a promised path
// has to answer itself. The error is one line that says how far it came. It wraps ErrUnreachable if there was no connection.
func (r Route) Status(ctx context.Context, address string) (int, error) {
	status, _, err := r.Page(ctx, address)
	return status, err
}

// Page asks as Status does, and returns the body as well, as far as it came.
func (r Route) Page(ctx context.Context, address string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, nil, fmt.Errorf("ask GET %s: %w", address, err)
	}
	transport := &http.Transport{Proxy: r.Proxy, DisableKeepAlives: true, MaxResponseHeaderBytes: replyLimit}
	if r.Dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := r.Dial(ctx)
			if err != nil {
				return nil, &net.OpError{Op: "dial", Net: "link", Err: err}
			}
			return conn, nil
		}
	}
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, explainStatus(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err = io.ReadAll(io.LimitReader(response.Body, replyLimit)); err != nil {
		err = fmt.Errorf("it answers %d, and the rest of the reply does not come: %w", response.StatusCode, explain(err))
	}
	return response.StatusCode, body, err
}

// explainStatus says in words how far a request came.
func explainStatus(err error) error {
	var dial *net.OpError
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // without the address, which the caller knows
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("%w: %w", ErrUnreachable, dial.Err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("it takes the connection, and does not answer in time: %w", ErrNoReply)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return fmt.Errorf("what answers there does not speak HTTP: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "transport connection broken"):
		return fmt.Errorf("it takes the connection, and closes it without a reply: %w", err)
	}
	return err
}
