package lasting

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/guard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// resolverFile says whom a process asks for names.
	resolverFile = "/etc/resolv.conf"
	// nobody is an address for documents (RFC 5737), at which nobody answers. asksNobody is a resolver file that names it.
	nobody     = "192.0.2.1"
	asksNobody = "nameserver " + nobody + "\n"
	// resolverMode is the mode of a resolver file that somebody has removed meanwhile.
	resolverMode = 0o644
)

// dnsGone is a container in which no name can be looked up.
type dnsGone struct {
	path    string
	before  []byte
	written bool
}

func holdDNS(params protocol.LastingParams) held {
	if params.Path == "" {
		params.Path = resolverFile
	}
	return &dnsGone{path: params.Path}
}

// prepare reads the file, which is to be written as it was.
func (d *dnsGone) prepare() (step guard.Step, err error) {
	if d.before, err = os.ReadFile(d.path); err != nil {
		return step, fmt.Errorf("read whom to ask for names: %w", err)
	}
	return guard.Step{File: d.path, Content: d.before}, nil
}

func (d *dnsGone) begin(context.Context) error {
	d.written = true
	return os.WriteFile(d.path, []byte(asksNobody), resolverMode) // in place: Docker mounts the file
}

func (d *dnsGone) prove(ctx context.Context) (proof, missing string) {
	text, err := os.ReadFile(d.path)
	switch {
	case err != nil:
		return "", err.Error()
	case string(text) != asksNobody:
		return "", d.path + " names another server again"
	case isAnswered(ctx, nobody+":53"):
		return "", "a question to " + nobody + " is answered"
	}
	return fmt.Sprintf(record.NamesGone, d.path, nobody), ""
}

func (d *dnsGone) revert() {
	if d.written {
		_ = os.WriteFile(d.path, d.before, resolverMode)
	}
}

func (d *dnsGone) released(context.Context) string {
	if text, err := os.ReadFile(d.path); err != nil || !bytes.Equal(text, d.before) {
		return ""
	}
	return fmt.Sprintf(record.NamesRestored, d.path)
}

// isAnswered asks a server of names for the root, and reports whether it answers.
func isAnswered(ctx context.Context, server string) bool {
	ctx, cancel := context.WithTimeout(ctx, refusalPeriod)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", server)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(refusalPeriod))
	if _, err := conn.Write([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}
