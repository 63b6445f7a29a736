package sandbox

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
)

func TestOptionsCheck(t *testing.T) {
	good := Options{Image: "i", Session: "s", ContainerPort: 6666, HostPort: 8805, DataTarget: "/data", DataDir: "data", StopTimeout: time.Second}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		want  string
		spoil func(*Options)
	}{
		{"no image is given", func(o *Options) { o.Image = "" }},
		{`session id "": use 1 to 128`, func(o *Options) { o.Session = "" }},
		{"ports 65536 and 8805 must lie in 0..65535", func(o *Options) { o.ContainerPort = 65536 }},
		{"ports 6666 and -1 must lie in 0..65535", func(o *Options) { o.HostPort = -1 }},
		{"host port 8805 is given, but no port of the container", func(o *Options) { o.ContainerPort = 0 }},
		{"data needs a target and either a directory or a volume", func(o *Options) { o.DataVolume = "v" }},
		{"data needs a target and either a directory or a volume", func(o *Options) { o.DataTarget = "" }},
		{"data needs a target and either a directory or a volume", func(o *Options) { o.DataDir = "" }},
		{"stop timeout 1.5s must be whole seconds", func(o *Options) { o.StopTimeout = 1500 * time.Millisecond }},
	} {
		o := good
		test.spoil(&o)
		if err := o.check(); err == nil || !strings.Contains(err.Error(), "start \""+o.Image+"\": "+test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// TestRequestPublishesOnlyTheGivenPort checks that no other exposed port is published, and that it goes to this machine's loopback.
func TestRequestPublishesOnlyTheGivenPort(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		host    string
		want    string
	}{
		"nothing":            {Options{}, "localhost", ""},
		"a port":             {Options{ContainerPort: 6666, HostPort: 8805}, "localhost", "6666/tcp→127.0.0.1:8805"},
		"any port":           {Options{ContainerPort: 6666}, "localhost", "6666/tcp→127.0.0.1:0"},
		"on another machine": {Options{ContainerPort: 6666}, "machine.example", "6666/tcp→:0"},
	} {
		t.Run(name, func(t *testing.T) {
			request := test.options.request(test.host)
			made := &container.HostConfig{}
			request.HostConfigModifier(made)
			made.PortBindings = network.PortMap{network.MustParsePort("99/tcp"): {{HostPort: "0"}}} // as testcontainers does
			if err := request.LifecycleHooks[0].PreCreates[0](t.Context(), testcontainers.ContainerRequest{}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for port, bindings := range made.PortBindings {
				ip := ""
				if bindings[0].HostIP.IsValid() {
					ip = bindings[0].HostIP.String()
				}
				got = append(got, port.String()+"→"+ip+":"+bindings[0].HostPort)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("publishes %v, want %q", got, test.want)
			}
		})
	}
}

func TestEnvironmentPassesSecretsOn(t *testing.T) {
	t.Setenv("BOX_TOKEN", "s3cret")
	plain := map[string]string{"A": "1"}
	env := Options{Env: plain, Secrets: []string{"BOX_TOKEN", "BOX_UNSET"}}.environment()
	if len(env) != 2 || env["A"] != "1" || env["BOX_TOKEN"] != "s3cret" {
		t.Errorf("environment %v", env)
	}
	if len(plain) != 1 {
		t.Errorf("the caller's map has become %v", plain)
	}
}

func TestExplain(t *testing.T) {
	o := Options{Name: "hero-local", HostPort: 8805}
	for text, want := range map[string]string{
		"start container: container start: Error response from daemon: driver failed: Bind for 0.0.0.0:8805 failed: port is already allocated": "host port 8805 is in use; stop what uses it or choose another",
		"container create: Conflict. The container name \"/hero-local\" is already in use by container \"abc\"":                                "a container called hero-local exists already; remove it or attach to it",
		"start container: container start: no\nspace": "no; space",
	} {
		if got := explain(errors.New(text), o); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestRedactor(t *testing.T) {
	r := newRedactor([]string{
		"GROQ_API_KEY=gsk_abcdef", "LONGER_TOKEN=gsk_abcdef+more", "FORGEJO=named", "EMPTY_TOKEN=", "SHORT_KEY=ab",
		"PEM_SECRET=line one\nline two", "MONKEY=banana", "HERO_DOCKER=1",
	}, []string{"FORGEJO"})
	var out bytes.Buffer
	in := "a gsk_abcdef+more b gsk_abcdef named banana\nline two ab 1\nno newline at the end: line one"
	if err := r.copy(&out, strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	want := "a [redacted] b [redacted] [redacted] banana\n[redacted] ab 1\nno newline at the end: [redacted]"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	env := r.environment([]string{"SHORT_KEY=ab", "MONKEY=banana", "COPY=x gsk_abcdef", "EMPTY_TOKEN="})
	if want := []string{"SHORT_KEY=[redacted]", "MONKEY=banana", "COPY=x [redacted]", "EMPTY_TOKEN=[redacted]"}; !slices.Equal(env, want) {
		t.Errorf("environment %q, want %q", env, want)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	end := &tail{limit: 4}
	for _, text := range []string{"ab", "", "cdefghijkl", "m"} {
		if n, err := end.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if got := end.String(); got != "jklm" {
		t.Errorf("kept %q, want %q", got, "jklm")
	}
}

func TestSocketOfTheReaper(t *testing.T) {
	t.Setenv("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "")
	for host, want := range map[string]string{
		"unix:///run/user/1000/docker.sock": "/run/user/1000/docker.sock",
		"tcp://far.example:2376":            "/var/run/docker.sock",
		"ssh://somebody@far.example":        "/var/run/docker.sock",
	} {
		d := &Daemon{endpoint: endpoint{host: host}}
		if got := d.socket(); got != want {
			t.Errorf("socket of %s is %s, want %s", host, got, want)
		}
	}
	desktop := &Daemon{endpoint: endpoint{host: "unix:///home/u/.docker/desktop/docker.sock"}}
	desktop.info.OperatingSystem = "Docker Desktop"
	if got := desktop.socket(); got != "/var/run/docker.sock" {
		t.Errorf("socket of Docker Desktop is %s", got)
	}
}

// TestTheReaperServesTheSessionsDaemon checks that a socket which leads to another daemon is refused with what to set.
func TestTheReaperServesTheSessionsDaemon(t *testing.T) {
	if err := checkDaemon("/var/run/docker.sock", "AB:CD", "AB:CD"); err != nil {
		t.Error(err)
	}
	for _, reached := range []string{"EF:GH", "", "ready"} {
		err := checkDaemon("/var/run/docker.sock", reached, "AB:CD")
		if err == nil || !strings.Contains(err.Error(), "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE") || !strings.Contains(err.Error(), "AB:CD") {
			t.Errorf("%q: %v", reached, err)
		}
	}
}
