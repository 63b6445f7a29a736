package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/cpuguy83/dockercfg"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/moby/moby/client"
)

// endpoint is the address of a daemon and how to talk to it.
type endpoint struct {
	host   string // as configured: unix:///var/run/docker.sock, ssh://user@machine
	source string // where the address comes from, for messages
	opts   []client.Opt
	// indirect is set if testcontainers cannot reach it by itself: over ssh, and with the keys of a docker context.
	indirect bool
}

// resolve finds the endpoint as the docker command does: $DOCKER_HOST, else the context that $DOCKER_CONTEXT or the configuration
// names, else the default socket.
func resolve() (endpoint, error) {
	if host := os.Getenv(client.EnvOverrideHost); host != "" {
		return fromHost(host)
	}
	name, err := currentContext()
	if err != nil {
		return endpoint{}, err
	}
	if name != "" && name != "default" {
		return fromContext(name)
	}
	return endpoint{
		host:   client.DefaultDockerHost,
		source: "the default",
		opts:   []client.Opt{client.WithHost(client.DefaultDockerHost)},
	}, nil
}

func fromHost(host string) (endpoint, error) {
	const source = "$" + client.EnvOverrideHost
	parsed, err := client.ParseHostURL(host)
	if err != nil {
		return endpoint{}, fmt.Errorf("read %s=%s: %w; give unix://PATH, tcp://HOST:PORT or ssh://USER@HOST", source, host, err)
	}
	if parsed.Scheme != "ssh" {
		err := findCertificates(parsed.Scheme)
		return endpoint{host: host, source: source, opts: []client.Opt{client.FromEnv}}, err
	}
	ssh := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host}}
	opts, err := ssh.ClientOpts()
	if err != nil {
		return endpoint{}, fmt.Errorf("read %s=%s: %w", source, host, err)
	}
	return endpoint{host: host, source: source, opts: opts, indirect: true}, nil
}

// findCertificates sets $DOCKER_CERT_PATH to Docker's own folder if $DOCKER_TLS_VERIFY asks for TLS and nothing names the certificates. It
// returns an error if there are none: the clients would fall back to plain TCP.
func findCertificates(scheme string) error {
	if scheme != "tcp" || os.Getenv(client.EnvTLSVerify) == "" || os.Getenv(client.EnvOverrideCertPath) != "" {
		return nil
	}
	file, err := dockercfg.ConfigPath()
	if err == nil {
		_, err = os.Stat(filepath.Join(filepath.Dir(file), "ca.pem"))
	}
	if err != nil {
		return fmt.Errorf("use TLS as $%s asks: find the certificates: %w; set %s, or unset %s",
			client.EnvTLSVerify, err, client.EnvOverrideCertPath, client.EnvTLSVerify)
	}
	return os.Setenv(client.EnvOverrideCertPath, filepath.Dir(file))
}

func currentContext() (string, error) {
	if name := os.Getenv("DOCKER_CONTEXT"); name != "" {
		return name, nil
	}
	if os.Getenv("HOME") == "" && os.Getenv("DOCKER_CONFIG") == "" {
		return "", nil // there is no configuration
	}
	config, err := dockercfg.LoadDefaultConfig()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read Docker's configuration: %w; correct the file or set DOCKER_HOST", err)
	}
	return config.CurrentContext, nil
}

func fromContext(name string) (endpoint, error) {
	source := fmt.Sprintf("docker context %q", name)
	fail := func(err error) (endpoint, error) {
		return endpoint{}, fmt.Errorf("read %s: %w; see `docker context ls`, or set DOCKER_HOST", source, err)
	}
	config, err := dockercfg.ConfigPath()
	if err != nil {
		return fail(err)
	}
	typed := store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} })
	contexts := store.New(filepath.Join(filepath.Dir(config), "contexts"), store.NewConfig(func() any { return &map[string]any{} }, typed))
	metadata, err := contexts.GetMetadata(name)
	if err != nil {
		return fail(err)
	}
	meta, err := docker.EndpointFromContext(metadata)
	if err != nil {
		return fail(err)
	}
	full, err := docker.WithTLSData(contexts, name, meta)
	if err != nil {
		return fail(err)
	}
	opts, err := full.ClientOpts()
	if err != nil {
		return fail(err)
	}
	parsed, err := client.ParseHostURL(full.Host)
	if err != nil {
		return fail(err)
	}
	return endpoint{
		host:     full.Host,
		source:   source,
		opts:     opts,
		indirect: parsed.Scheme == "ssh" || full.TLSData != nil || full.SkipTLSVerify,
	}, nil
}

// hostname returns the machine that the daemon runs on, empty if it is this one.
func (e endpoint) hostname() string {
	parsed, err := url.Parse(e.host)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

// String returns the address and where it comes from.
func (e endpoint) String() string { return fmt.Sprintf("%s (from %s)", e.host, e.source) }
