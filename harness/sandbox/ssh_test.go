package sandbox

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

// remoteCommand is the command that docker/cli runs on the daemon's machine.
const remoteCommand = "docker system dial-stdio"

// machine is a fake machine with an sshd, on our loopback. Its sshd accepts one key, and its docker command reaches the daemon at
// socket. The client is the ssh program that is installed here.
type machine struct {
	socket   string
	config   *ssh.ServerConfig
	address  string
	mu       sync.Mutex
	commands []string // that clients ran
}

// startMachine starts an sshd, and returns the environment by which the ssh program finds and trusts it.
func startMachine(t *testing.T, socket string) (m *machine, environment []string) {
	t.Helper()
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("NOT TESTED: needs an ssh program (Debian: openssh-client)")
	}
	folder := t.TempDir()
	host, user := newKey(t, filepath.Join(folder, "host")), newKey(t, filepath.Join(folder, "user"))
	m = &machine{socket: socket, config: &ssh.ServerConfig{
		PublicKeyCallback: func(about ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if about.User() != "somebody" || string(offered.Marshal()) != string(user.PublicKey().Marshal()) {
				return nil, errors.New("nobody knows this key")
			}
			return &ssh.Permissions{}, nil
		},
	}}
	m.config.AddHostKey(host)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	t.Cleanup(func() { _ = listener.Close() })
	go m.accept(listener)

	_, port, _ := net.SplitHostPort(m.address)
	known := fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(host.PublicKey()))
	writeTestFile(t, filepath.Join(folder, "known"), known)
	// ssh takes the home folder from the user database, so that it has to be told by a program of its name.
	script := fmt.Sprintf("#!/bin/sh\nexec %s -F none -o IdentitiesOnly=yes -o IdentityFile=%s/user -o UserKnownHostsFile=%[2]s/known -o StrictHostKeyChecking=yes \"$@\"\n", program, folder)
	writeTestFile(t, filepath.Join(folder, "bin", "ssh"), script)
	if err := os.Chmod(filepath.Join(folder, "bin", "ssh"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return m, []string{"DOCKER_HOST=ssh://somebody@" + m.address, "PATH=" + filepath.Join(folder, "bin") + ":" + os.Getenv("PATH")}
}

// newKey makes a key, and writes its private half to a file.
func newKey(t *testing.T, path string) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, path, string(pem.EncodeToMemory(block)))
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (m *machine) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go m.serve(conn)
	}
}

// serve answers one connection, and runs one command in each of its sessions.
func (m *machine) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_, channels, requests, err := ssh.NewServerConn(conn, m.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go func() {
			for request := range asked {
				_ = request.Reply(request.Type == "exec", nil)
				if request.Type == "exec" {
					var what struct{ Command string }
					_ = ssh.Unmarshal(request.Payload, &what)
					go m.run(channel, what.Command)
				}
			}
		}()
	}
}

// run runs the one command that the machine knows.
func (m *machine) run(channel ssh.Channel, command string) {
	m.mu.Lock()
	m.commands = append(m.commands, command)
	m.mu.Unlock()
	code := uint32(127)
	if command == remoteCommand {
		code = dialStdio(channel, m.socket)
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
	_ = channel.Close()
}

// dialStdio copies both ways between the channel and the daemon until the daemon has ended its answer.
func dialStdio(channel ssh.Channel, socket string) uint32 {
	conn, err := new(net.Dialer).DialContext(context.Background(), "unix", socket)
	if err != nil {
		_, _ = fmt.Fprintln(channel.Stderr(), err)
		return 1
	}
	defer func() { _ = conn.Close() }()
	go func() {
		_, _ = io.Copy(conn, channel)
		_ = conn.(*net.UnixConn).CloseWrite()
	}()
	_, _ = io.Copy(channel, conn)
	return 0
}

// TestConnectOverRealSSH reaches the daemon of another machine by docker/cli's helper, the ssh program and an sshd.
func TestConnectOverRealSSH(t *testing.T) {
	t.Parallel()
	remote, environment := startMachine(t, (&fakeDaemon{id: "FAR"}).serve(t))
	out, err := role(t, "connect", environment...).Output()
	if want := "connected: FAR published at 127.0.0.1 ryuk disabled true\n"; err != nil || string(out) != want {
		t.Errorf("said %q, not %q, %v", out, want, err)
	}
	remote.mu.Lock()
	defer remote.mu.Unlock()
	if len(remote.commands) == 0 || remote.commands[0] != remoteCommand {
		t.Errorf("it ran %q", remote.commands)
	}
}

// TestAnUnknownMachineIsNotTrusted checks that the error is one line, and that no command reaches the machine.
func TestAnUnknownMachineIsNotTrusted(t *testing.T) {
	t.Parallel()
	_, environment := startMachine(t, (&fakeDaemon{id: "FAR"}).serve(t))
	other, _ := startMachine(t, (&fakeDaemon{id: "OTHER"}).serve(t))
	out, err := role(t, "connect", append(environment, "DOCKER_HOST=ssh://somebody@"+other.address)...).Output()
	if err != nil || strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "error: reach Docker at ssh://somebody@"+other.address) {
		t.Errorf("said %q, %v", out, err)
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	if len(other.commands) != 0 {
		t.Errorf("it ran %q", other.commands)
	}
}

// playRemote starts a container on the machine of $DOCKER_HOST, talks to it, and removes it.
func playRemote() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout*2)
	defer cancel()
	err := func() (err error) {
		d, err := Connect(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		binary, err := os.ReadFile(os.Getenv("SANDBOX_TEST_BINARY")) //nolint:gosec // the test says which
		if err != nil {
			return err
		}
		session := os.Getenv("SANDBOX_TEST_SESSION")
		reaper, err := d.StartReaper(ctx, session, binary)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reaper.Close(ctx)) }()
		box, err := d.Start(ctx, Options{Image: os.Getenv("SANDBOX_TEST_IMAGE"), Session: session, ContainerPort: 6666, DataVolume: session, DataTarget: "/data"})
		if err != nil {
			return err
		}
		address, _, err := box.HostAddr(ctx, 6666)
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
		if err != nil {
			return err
		}
		reply, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = reply.Body.Close() }()
		stream, err := box.Exec(ctx, "/program", "cat")
		if err != nil {
			return err
		}
		defer func() { _ = stream.Close() }()
		_, _ = io.WriteString(stream, "over ssh")
		if err := stream.CloseWrite(); err != nil {
			return err
		}
		said, err := io.ReadAll(stream)
		fmt.Printf("%s: %s\n", reply.Status, said)
		return err
	}()
	fmt.Println("ended:", err)
}

// TestSandboxOverSSH uses a container, its port, its streams and its reaper on another machine, which is this one.
func TestSandboxOverSSH(t *testing.T) {
	d, session, image := connected(t)
	socket, local := strings.CutPrefix(d.endpoint.host, "unix://")
	if !local {
		t.Skip("NOT TESTED: needs a daemon behind a unix socket of this machine")
	}
	binary, err := boxBinary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "agent")
	if err := os.WriteFile(file, binary, 0o600); err != nil {
		t.Fatal(err)
	}
	_, environment := startMachine(t, socket)
	environment = append(environment, "SANDBOX_TEST_SESSION="+session, "SANDBOX_TEST_BINARY="+file, "SANDBOX_TEST_IMAGE="+image)
	out, err := role(t, "remote", environment...).Output()
	if want := "200 OK: over ssh\nended: <nil>\n"; err != nil || string(out) != want {
		t.Errorf("said %q, not %q, %v", out, want, err)
	}
	for ctx := deadline(t); count(ctx, t, d, reap.Label, session)+count(ctx, t, d, reaperLabel, session) > 0; {
		time.Sleep(50 * time.Millisecond) // a reaper's container is removed a little after its last line; ctx ends the wait
	}
}
