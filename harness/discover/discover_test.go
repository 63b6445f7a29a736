package discover_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/discover"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const outer = 90 * time.Second

// reload writes a target and reads it back.
func reload(t *testing.T, described *target.Target) *target.Target {
	t.Helper()
	file := filepath.Join(t.TempDir(), "discovered.yaml")
	if err := os.WriteFile(file, []byte(discover.YAML(described)), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := target.Load(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, discover.YAML(described))
	}
	return read
}

// TestYAML checks that every target file comes back unchanged, except for what is confirmed.
func TestYAML(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "targets", "*.yaml"))
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	gomega.NewWithT(t).Expect(files).NotTo(gomega.BeEmpty())
	for _, file := range files {
		g := gomega.NewWithT(t)
		described, err := target.Load(file)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		described.Confirmed = []string{}
		// The hash of the file is another one: what it says is the same.
		g.Expect(reload(t, described)).To(gomega.BeComparableTo(described, cmpopts.IgnoreUnexported(target.Target{})), file)
	}
}

// TestOddServices covers names that need quotes, and a service without an endpoint.
func TestOddServices(t *testing.T) {
	g := gomega.NewWithT(t)
	described := &target.Target{
		Name: "x", Image: target.Image{Reference: "registry:5000/a/b@sha256:12"},
		Policy: zinit.RetryPolicy{Delay: zinit.Milliseconds(time.Second)},
		Services: []target.Service{
			{Name: "user.#odd", Socket: "/a,b.sock"},
			{Name: "true", Port: 1, Health: "/?a=[b]"},
			{Name: "user.lost"},
			{Name: "12", Oneshot: true, Requires: []string{"user.lost", "true"}},
		},
	}
	read := reload(t, described)
	g.Expect(read.ServiceNames()).To(gomega.Equal([]string{"user.#odd", "true", "12"}))
	g.Expect(read.Services[0].Socket).To(gomega.Equal("/a,b.sock"))
	g.Expect(read.Services[1].Health).To(gomega.Equal("/?a=[b]"))
	g.Expect(read.Services[2].Requires).To(gomega.Equal([]string{"true"}))
	g.Expect(discover.YAML(described)).To(gomega.ContainSubstring("# - {name: user.lost} has no known endpoint"))
}

// TestDescribe checks that the embedded image is described as in its target file.
func TestDescribe(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), outer)
	defer cancel()
	daemon, err := sandbox.Connect(ctx)
	if err != nil {
		t.Skipf("needs Docker: %v", err)
	}
	_ = daemon.Close()
	g := gomega.NewWithT(t)
	configuration, err := config.Default()
	g.Expect(err).NotTo(gomega.HaveOccurred())
	configuration.Output = t.TempDir()
	known, err := target.Load(configuration.Target)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	blank := *known
	blank.Services, blank.Inventory, blank.Policy, blank.Health, blank.Zinit = nil, target.Inventory{}, zinit.RetryPolicy{Delay: 1}, target.Health{}, target.Zinit{}

	session, err := owner.Open(ctx, configuration, &blank)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	defer func() { g.Expect(session.Close(context.WithoutCancel(ctx))).To(gomega.Succeed()) }()
	box, err := session.Main(ctx)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	found, err := discover.Describe(ctx, &blank, box)
	g.Expect(err).NotTo(gomega.HaveOccurred())

	read := reload(t, found)
	g.Expect(read.Services).To(gomega.ConsistOf(known.Services))
	g.Expect(read.Inventory).To(gomega.Equal(known.Inventory))
	g.Expect(read.Policy).To(gomega.Equal(known.Policy))
	g.Expect(read.Health).To(gomega.Equal(known.Health))
	g.Expect(read.Zinit.Sockets).To(gomega.ConsistOf("/root/hero/var/zinit.sock"))
	g.Expect(read.Smoke).To(gomega.Equal(known.Smoke))
}
