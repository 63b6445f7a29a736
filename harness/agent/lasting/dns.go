package lasting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

const (
	// resolverFile says whom a process asks for names.
	resolverFile = "/etc/resolv.conf"
	// nobody is an address for documents (RFC 5737), at which nobody answers.
	nobody = "192.0.2.1"
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

func (d *dnsGone) begin(context.Context) (err error) {
	if d.before, err = os.ReadFile(d.path); err != nil {
		return fmt.Errorf("read whom to ask for names: %w", err)
	}
	d.written = true
	return writeInPlace(d.path, []byte("nameserver "+nobody+"\n"))
}

func (d *dnsGone) prove(ctx context.Context) (proof, missing string) {
	text, err := os.ReadFile(d.path)
	switch {
	case err != nil:
		return "", err.Error()
	case string(text) != "nameserver "+nobody+"\n":
		return "", d.path + " names another server again"
	case isAnswered(ctx, nobody+":53"):
		return "", "a question to " + nobody + " is answered"
	}
	return d.path + " names " + nobody + " alone, and a question to it gets no answer", ""
}

func (d *dnsGone) revert() {
	if d.written {
		_ = writeInPlace(d.path, d.before)
	}
}

func (d *dnsGone) released(context.Context) string {
	if text, err := os.ReadFile(d.path); err != nil || !bytes.Equal(text, d.before) {
		return ""
	}
	return d.path + " is as before"
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

// writeInPlace replaces the text of a file, and not the file: Docker mounts it.
func writeInPlace(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0) //nolint:gosec // the path is the fault's
	if err != nil {
		return fmt.Errorf("write whom to ask for names: %w", err)
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}
