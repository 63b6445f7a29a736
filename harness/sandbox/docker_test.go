package sandbox

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox/reap"
)

// connected returns the daemon of this machine, the id of a session that is cleaned up after the test,
// and the image of the test program. Like a reaper's, `make clean` removes the image.
func connected(t *testing.T) (d *Daemon, session, image string) {
	t.Helper()
	ctx := deadline(t)
	d, err := Connect(ctx)
	if err != nil {
		t.Skipf("needs Docker: %v", err)
	}
	session = "test-" + rand.Text()[:10]
	t.Cleanup(func() {
		removeSession(t, d, session)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	binary, err := boxBinary()
	if err != nil {
		t.Fatal(err)
	}
	image = fmt.Sprintf("hero_chaos/box:%.6x", sha256.Sum256(binary))
	if err := d.loadBinary(ctx, image, binary, map[string]string{reaperLabel: "image"}); err != nil {
		t.Fatal(err)
	}
	return d, session, image
}

// deadline returns a context that ends a test that hangs.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// removeSession removes what a session left, without a reaper.
func removeSession(t *testing.T, d *Daemon, session string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	socket := strings.TrimPrefix(d.Client().DaemonHost(), "unix://")
	if err := reap.Run(ctx, session, socket, strings.NewReader(reap.Done), io.Discard); err != nil {
		t.Error(err)
	}
}

func TestSandbox(t *testing.T) {
	d, session, image := connected(t)
	ctx := deadline(t)
	t.Setenv("BOX_TOKEN", "s3cret-value")
	box, err := d.Start(ctx, Options{
		Image: image, Session: session, ContainerPort: 6666, Secrets: []string{"BOX_TOKEN"},
		DataVolume: session, DataTarget: "/data", StopTimeout: 3 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(box.Image().ID, "sha256:") || box.Name() == "" {
		t.Errorf("image %+v, name %q", box.Image(), box.Name())
	}
	t.Run("answers on the published port", func(t *testing.T) { checkHello(ctx, t, box) })
	t.Run("copies files and runs programs", func(t *testing.T) { checkFiles(ctx, t, box) })
	t.Run("streams", func(t *testing.T) { checkStream(ctx, t, box) })
	t.Run("leaves evidence without secrets", func(t *testing.T) { checkEvidence(ctx, t, box) })
	t.Run("pauses, stops and starts again", func(t *testing.T) { checkLife(ctx, t, box) })
	t.Run("attached, is not ours to remove", func(t *testing.T) {
		guest, err := d.Attach(ctx, box.Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := guest.Remove(ctx); err == nil || guest.ID() != box.ID() || guest.Image().ID != box.Image().ID {
			t.Errorf("removed: %v; attached to %+v", err, guest)
		}
		if err := box.Running(ctx); err != nil {
			t.Error(err)
		}
	})
}

func checkHello(ctx context.Context, t *testing.T, box *Sandbox) {
	t.Helper()
	addr, _, err := box.HostAddr(ctx, 6666)
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(addr); box.daemon.host == "localhost" && host != "127.0.0.1" {
		t.Errorf("published to %s", host)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	if text, err := io.ReadAll(reply.Body); string(text) != "hello" {
		t.Errorf("answered %q, %v", text, err)
	}
	if _, _, err := box.HostAddr(ctx, 6667); err == nil || !strings.Contains(err.Error(), "it is not published") {
		t.Errorf("another port: %v", err)
	}
}

func checkFiles(ctx context.Context, t *testing.T, box *Sandbox) {
	t.Helper()
	if err := box.CopyFile(ctx, "/data/note", 0o640, []byte("a note")); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, code, err := runOnce(ctx, box, "/program", "show", "/data/note"); err != nil || stdout != "a note" || stderr != "0" || code != 0 {
		t.Errorf("wrote %q and %q with exit code %d, %v; want the note, and the user 0", stdout, stderr, code, err)
	}
	if _, _, code, err := runOnce(ctx, box, "/program", "show", "/none"); err != nil || code != 9 {
		t.Errorf("exit code %d, %v; want 9", code, err)
	}
	if _, _, code, err := runOnce(ctx, box, "/no/such/program"); err == nil && code != 126 && code != 127 {
		t.Errorf("a program that does not exist: exit code %d", code)
	}
	if folders, err := box.WritableFolders(ctx); err != nil || !slices.Equal(folders, []string{"/", "/data"}) {
		t.Errorf("writable folders %v, %v", folders, err)
	}
	if err := box.CopyFile(ctx, "/no/dir/note", 0o640, nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("into a missing directory: %v", err)
	}
}

// runOnce runs a program to its end.
func runOnce(ctx context.Context, box *Sandbox, argv ...string) (stdout, stderr string, code int, err error) {
	stream, err := box.Exec(ctx, argv...)
	if err != nil {
		return "", "", 0, err
	}
	defer func() { _ = stream.Close() }()
	output, err := io.ReadAll(stream)
	if err != nil {
		return "", "", 0, err
	}
	code, err = stream.Wait(ctx)
	return string(output), stream.Stderr(), code, err
}

func checkStream(ctx context.Context, t *testing.T, box *Sandbox) {
	t.Helper()
	stream, err := box.Exec(ctx, "/program", "cat")
	if err != nil {
		t.Fatal(err)
	}
	payload := strings.Repeat("\x00\x01\x02 every byte, and \x10\x11 the detach keys \xff\n", 50_000)
	go func() {
		_, _ = io.WriteString(stream, payload)
		_ = stream.CloseWrite()
	}()
	echo, err := io.ReadAll(stream)
	if err != nil || string(echo) != payload {
		t.Errorf("echo of %d bytes has %d, %v", len(payload), len(echo), err)
	}
	if code, err := stream.Wait(ctx); code != 7 || err != nil || stream.Stderr() != "cat has begun\n" {
		t.Errorf("exit code %d, %v, stderr %q", code, err, stream.Stderr())
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	closed, err := box.Exec(ctx, "/program", "cat")
	if err != nil {
		t.Fatal(err)
	}
	echoed := make([]byte, 1)
	if _, err := io.WriteString(closed, "x"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(closed, echoed); err != nil { // now it runs
		t.Error(err)
	}
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	// It has seen the end of its input. Docker 20.10 writes 126 down for an exec whose client goes away before the
	// daemon has taken note of its start; the program ran all the same, as its echo has shown.
	if code, err := closed.Wait(ctx); (code != 7 && code != 126) || err != nil {
		t.Errorf("after Close: exit code %d, %v", code, err)
	}
}

func checkEvidence(ctx context.Context, t *testing.T, box *Sandbox) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "evidence")
	if err := box.Collect(ctx, dir); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"log.txt": "the token is [redacted]\n", "ps.txt": "/program", "inspect.json": "BOX_TOKEN=[redacted]",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a file of ours
		if err != nil || !strings.Contains(string(text), want) || strings.Contains(string(text), "s3cret") {
			t.Errorf("%s: %v; want it with %q and without the secret:\n%s", name, err, want, text)
		}
	}
}

func checkLife(ctx context.Context, t *testing.T, box *Sandbox) {
	t.Helper()
	for _, step := range []struct {
		name, status string
		do           func() error
	}{
		{"pause", "paused", func() error { return box.Pause(ctx) }},
		{"unpause", "running", func() error { return box.Unpause(ctx) }},
		{"stop", "exited", func() error { return box.Stop(ctx, 20*time.Second) }},
		{"start", "running", func() error { return box.Start(ctx) }},
		{"kill", "exited", func() error {
			if err := box.Kill(ctx, "SIGKILL"); err != nil {
				return err
			}
			code, err := box.WaitExit(ctx)
			if code != 137 {
				t.Errorf("killed: exit code %d", code)
			}
			return err
		}},
		{"start again", "running", func() error { return box.Start(ctx) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if state, err := box.Inspect(ctx); err != nil || state.Status != step.status || state.StartedAt.IsZero() {
			t.Errorf("after %s: %+v, %v; want %s", step.name, state, err, step.status)
		}
	}
}

func TestStartFails(t *testing.T) {
	d, session, image := connected(t)
	ctx := deadline(t)
	taken, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := taken.Addr().(*net.TCPAddr).Port
	for want, options := range map[string]Options{
		"get image 127.0.0.1:1/none:none: this Docker does not have it, and the pull failed: ": {Image: "127.0.0.1:1/none:none"},
		"get image \"Bad Name\": ": {Image: "Bad Name"},
		"start " + image + ": the container is exited with exit code 3: last lines: ":                     {Image: image, Env: map[string]string{"BOX": "broken"}},
		fmt.Sprintf("start %s: host port %d is in use; stop what uses it or choose another", image, port): {Image: image, ContainerPort: 6666, HostPort: port},
		"start " + image + ": ": {Image: image, DataDir: "/no/such/dir", DataTarget: "/data"},
	} {
		options.Session = session
		_, err := d.Start(ctx, options)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v\nwant one line %q", err, want)
		}
		t.Log(err)
	}
	if left := count(ctx, t, d, reap.Label, session); left != 0 {
		t.Errorf("%d containers are left", left)
	}
	if _, err := d.Attach(ctx, "no-such-box"); err == nil || !strings.Contains(err.Error(), "it does not exist; running are: ") {
		t.Errorf("attach: %v", err)
	}
}

func count(ctx context.Context, t *testing.T, d *Daemon, label, session string) int {
	t.Helper()
	filter := make(client.Filters).Add("label", label+"="+session)
	list, err := d.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filter})
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Items)
}

// playSession plays a harness: it starts a reaper and two containers, pauses one of them, and waits to be killed.
func playSession() {
	ctx := context.Background()
	session := os.Getenv("SANDBOX_TEST_SESSION")
	err := func() error {
		d, err := Connect(ctx)
		if err != nil {
			return err
		}
		binary, err := os.ReadFile(os.Getenv("SANDBOX_TEST_BINARY")) //nolint:gosec // the test says which
		if err != nil {
			return err
		}
		if _, err := d.StartReaper(ctx, session, binary); err != nil {
			return err
		}
		if _, err := d.Start(ctx, Options{Image: os.Getenv("SANDBOX_TEST_IMAGE"), Session: session, DataVolume: session, DataTarget: "/data"}); err != nil {
			return err
		}
		frozen, err := d.Start(ctx, Options{Image: os.Getenv("SANDBOX_TEST_IMAGE"), Session: session})
		if err != nil {
			return err
		}
		return frozen.Pause(ctx)
	}()
	fmt.Println("up:", err)
	select {}
}

func TestReaperOutlivesAKilledSession(t *testing.T) {
	d, session, image := connected(t)
	ctx := deadline(t)
	binary, err := boxBinary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "agent")
	if err := os.WriteFile(file, binary, 0o600); err != nil {
		t.Fatal(err)
	}
	harness := role(t, "session", "SANDBOX_TEST_SESSION="+session, "SANDBOX_TEST_BINARY="+file, "SANDBOX_TEST_IMAGE="+image, "DOCKER_HOST="+os.Getenv("DOCKER_HOST"))
	out, err := harness.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "up: <nil>\n" {
		t.Fatalf("the session said %q, %v", line, err)
	}
	if boxes, reapers := count(ctx, t, d, reap.Label, session), count(ctx, t, d, reaperLabel, session); boxes != 2 || reapers != 1 {
		t.Fatalf("%d containers and %d reapers, want 2 and 1", boxes, reapers)
	}
	killed := time.Now()
	if err := harness.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait()
	for count(ctx, t, d, reap.Label, session)+count(ctx, t, d, reaperLabel, session) > 0 {
		time.Sleep(50 * time.Millisecond) // ctx ends it
	}
	t.Logf("everything is gone %s after the kill", time.Since(killed).Round(time.Millisecond))
	if volumes, err := d.Client().VolumeInspect(ctx, session, client.VolumeInspectOptions{}); err == nil {
		t.Errorf("the volume is still there: %+v", volumes)
	}
}

func TestReaperCloses(t *testing.T) {
	d, session, image := connected(t)
	ctx := deadline(t)
	binary, err := boxBinary()
	if err != nil {
		t.Fatal(err)
	}
	reaper, err := d.StartReaper(ctx, session, binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Start(ctx, Options{Image: image, Session: session}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := reaper.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	if left := count(ctx, t, d, reap.Label, session); left != 0 {
		t.Errorf("%d containers are left", left)
	}
	select {
	case <-reaper.Gone():
	case <-ctx.Done():
		t.Error("the reaper is not gone")
	}
}

func TestReaperWithoutDocker(t *testing.T) {
	d, session, _ := connected(t)
	t.Setenv("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/dev/null")
	binary, err := boxBinary()
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.StartReaper(deadline(t), session, binary)
	if err == nil || !strings.Contains(err.Error(), "reach Docker at /docker.sock") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}
