package sandbox

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// pullTimeout is how long a pull may make no progress. A registry out of reach fails soon, a large image over a slow line does not.
const pullTimeout = 30 * time.Second

// Image is an image as the daemon has it.
type Image struct {
	Ref string // as asked for
	ID  string // sha256:..., the digest of its configuration
	// Digests are the digests (NAME@sha256:...) under which registries know it, none for an image that was built here.
	Digests []string
}

// Image returns the daemon's image of that name, and pulls it if the daemon has none.
func (d *Daemon) Image(ctx context.Context, ref string) (Image, error) {
	found, err := d.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		if err := d.pull(ctx, ref); err != nil {
			return Image{}, fmt.Errorf("get image %s: this Docker does not have it, and the pull failed: %s; build, load or pull it first",
				ref, oneLine(err.Error()))
		}
		found, err = d.api.ImageInspect(ctx, ref)
	}
	if err != nil {
		return Image{}, fmt.Errorf("get image %q: %s", ref, oneLine(err.Error()))
	}
	return Image{Ref: ref, ID: found.ID, Digests: found.RepoDigests}, nil
}

// pull pulls an image, as long as it makes progress.
func (d *Daemon) pull(ctx context.Context, ref string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(pullTimeout, func() { cancel(fmt.Errorf("no progress for %s", pullTimeout)) })
	defer watchdog.Stop()
	err := d.pullWithProgress(ctx, ref, func() { watchdog.Reset(pullTimeout) })
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

func (d *Daemon) pullWithProgress(ctx context.Context, ref string, progress func()) error {
	options := client.ImagePullOptions{}
	if _, login, err := testcontainers.DockerImageAuth(ctx, ref); err == nil { // no login: pulled without one
		if options.RegistryAuth, err = authconfig.Encode(login); err != nil {
			return fmt.Errorf("encode the login: %w", err)
		}
	}
	reply, err := d.api.ImagePull(ctx, ref, options)
	if err != nil {
		return err
	}
	for message, err := range reply.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if message.Error != nil {
			return message.Error
		}
		progress()
	}
	return nil
}

// loadBinary loads an image FROM scratch with one static program, /program, unless the daemon has the image.
func (d *Daemon) loadBinary(ctx context.Context, ref string, program []byte, labels map[string]string) error {
	if _, err := d.api.ImageInspect(ctx, ref); err == nil {
		return nil
	}
	image, err := d.binaryImage(program, labels)
	if err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	archive, out := io.Pipe()
	go func() { out.CloseWithError(tarball.Write(tag, image, out)) }()
	defer func() { _ = archive.Close() }()
	return d.load(ctx, ref, archive)
}

// LoadArchive loads the image of a file that `docker save` wrote, and returns its name. The file must hold one image with a name.
func (d *Daemon) LoadArchive(ctx context.Context, path string) (ref string, err error) {
	open := func() (io.ReadCloser, error) { return os.Open(path) } //nolint:gosec // a distribution's own
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return "", fmt.Errorf("read the image of %s: %w", path, err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) == 0 {
		return "", fmt.Errorf("read the image of %s: it holds %d images; it must hold one, with a name", path, len(manifest))
	}
	archive, err := open()
	if err != nil {
		return "", fmt.Errorf("read the image of %s: %w", path, err)
	}
	defer func() { _ = archive.Close() }()
	ref = manifest[0].RepoTags[0]
	return ref, d.load(ctx, ref, archive)
}

// load loads an archive into the daemon, and checks that the daemon has the image afterwards: a message in the reply is no error of
// the request.
func (d *Daemon) load(ctx context.Context, ref string, archive io.Reader) error {
	reply, err := d.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load image %s: %w", ref, err)
	}
	messages := &tail{limit: maxStderr}
	_, err = io.Copy(messages, reply) // the image is loaded when the reply has ended
	if err = errors.Join(err, reply.Close()); err != nil {
		return fmt.Errorf("load image %s: %w", ref, err)
	}
	if _, err := d.api.ImageInspect(ctx, ref); err != nil {
		return fmt.Errorf("load image %s: Docker accepted it and does not have it: %s", ref, oneLine(messages.String()))
	}
	return nil
}

// binaryImage returns an image FROM scratch with one program.
func (d *Daemon) binaryImage(program []byte, labels map[string]string) (v1.Image, error) {
	var layer bytes.Buffer
	if err := writeTar(&layer, "program", 0o755, program); err != nil {
		return nil, err
	}
	content, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(layer.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, content)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", goArch(d.info.Architecture)
	config.Config.Entrypoint, config.Config.Labels = []string{"/program"}, labels
	return mutate.ConfigFile(image, config)
}

// goArch translates the kernel's name of an architecture, which is the daemon's.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

// writeTar writes an archive with one file, owned by root and without a time stamp.
func writeTar(w io.Writer, path string, mode int64, content []byte) error {
	archive := tar.NewWriter(w)
	header := &tar.Header{Name: path, Mode: mode, Size: int64(len(content)), ModTime: time.Unix(0, 0)}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	if _, err := archive.Write(content); err != nil {
		return err
	}
	return archive.Close()
}
