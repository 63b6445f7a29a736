package sandbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// roleEnv makes the test binary play a part in another process instead of running the tests.
const roleEnv = "SANDBOX_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "connect":
		playConnect()
	case "ssh":
		playSSH()
	case "remote":
		playRemote()
	case "session":
		playSession()
	default:
		os.Exit(m.Run())
	}
}

// playConnect connects and prints the result. testcontainers resolves its daemon only once in a process, so every case needs its own.
func playConnect() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := Connect(ctx)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println("connected:", d.ID(), "published at", d.host, "ryuk disabled", os.Getenv("TESTCONTAINERS_RYUK_DISABLED"))
	if err := d.Close(); err != nil {
		fmt.Println("close:", err)
	}
}

// playSSH plays an ssh command whose remote side is the daemon at $SANDBOX_TEST_SOCKET.
func playSSH() {
	conn, err := new(net.Dialer).DialContext(context.Background(), "unix", os.Getenv("SANDBOX_TEST_SOCKET"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(255)
	}
	go func() {
		_, _ = io.Copy(conn, os.Stdin)
		_ = conn.(*net.UnixConn).CloseWrite()
	}()
	_, _ = io.Copy(os.Stdout, conn)
}

// role returns a command that runs the test binary in a role, without the Docker configuration of this user.
func role(t *testing.T, name string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self) //nolint:gosec // the test binary
	cmd.Env = append([]string{roleEnv + "=" + name, "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// boxBinary builds the test program once.
var boxBinary = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "box")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "./testdata/box") //nolint:gosec // a file of ours
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the test program: %w: %s", err, text)
	}
	return os.ReadFile(file) //nolint:gosec // a file of ours
})
