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

// stall is how long a pull may make no progress: a registry that cannot be reached fails soon,
// while a large image over a thin line does not.
const stall = 30 * time.Second

// Image is an image as the daemon has it.
type Image struct {
	Ref string // as asked for
	ID  string // sha256:..., the digest of its configuration
	// Digests are the digests (NAME@sha256:...) under which registries know it. Empty for an image
	// that was built here.
	Digests []string
}

// Image returns the daemon's image of that name, and pulls it when the daemon has none.
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

func (d *Daemon) pull(ctx context.Context, ref string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(fmt.Errorf("no progress for %s", stall)) })
	defer watchdog.Stop()
	err := d.pullWatched(ctx, ref, func() { watchdog.Reset(stall) })
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

func (d *Daemon) pullWatched(ctx context.Context, ref string, progress func()) error {
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

// loadBinary gives the daemon an image FROM scratch that holds one static program, /program, unless
// it has the image already.
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

// LoadArchive gives the daemon the image of a file as `docker save` writes it, and returns its name. The file holds one
// image with a name.
func (d *Daemon) LoadArchive(ctx context.Context, path string) (ref string, err error) {
	open := func() (io.ReadCloser, error) { return os.Open(path) } //nolint:gosec // a distribution's own
	manifest, err := tarball.LoadManifest(open)
	if err != nil {
		return "", fmt.Errorf("read the image of %s: %w", path, err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) == 0 {
		return "", fmt.Errorf("read the image of %s: it holds %d images, and not one that has a name", path, len(manifest))
	}
	archive, err := open()
	if err != nil {
		return "", fmt.Errorf("read the image of %s: %w", path, err)
	}
	defer func() { _ = archive.Close() }()
	ref = manifest[0].RepoTags[0]
	return ref, d.load(ctx, ref, archive)
}

// load gives the daemon an archive, and sees that the image is there afterwards: what the daemon says on the way is not
// an error of the request.
func (d *Daemon) load(ctx context.Context, ref string, archive io.Reader) error {
	reply, err := d.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load image %s: %w", ref, err)
	}
	said := &tail{limit: maxStderr}
	_, err = io.Copy(said, reply) // the image is there when the reply has ended
	if err = errors.Join(err, reply.Close()); err != nil {
		return fmt.Errorf("load image %s: %w", ref, err)
	}
	if _, err := d.api.ImageInspect(ctx, ref); err != nil {
		return fmt.Errorf("load image %s: Docker took it and has it not: %s", ref, oneLine(said.String()))
	}
	return nil
}

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

// goArch translates the daemon's word for its architecture, which is the kernel's.
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
