// Package suites_test is the one test binary: it registers the themes and holds the session.
package suites_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/owner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/boot"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/circumstances"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/dependency"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/hang"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/health"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/host"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/image"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/isolation"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/load"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/orders"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/persistence"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/processtree"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/registration"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/restart"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/retry"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/smoke"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// openTimeout bounds the start of a session: an image is built or pulled, and boots.
const openTimeout = 15 * time.Minute

func TestSuites(t *testing.T) {
	configuration, err := config.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	chaos, err := session.New(configuration)
	if err != nil {
		t.Fatal(err)
	}
	selection, err := configuration.Selection()
	if err != nil {
		t.Fatal(err)
	}
	RegisterFailHandler(Fail)
	registerThemes(chaos)
	if configuration.Survey != "" {
		if err := spec.Survey(PreviewSpecs("hero_chaos"), selection, configuration.Survey); err != nil {
			t.Fatal(err)
		}
		return
	}
	if configuration.ParentPipe != 0 && GinkgoParallelProcess() == 1 {
		owner.FollowParent(configuration.ParentPipe)
	}
	spec.Select(selection)
	spec.Announce(chaos)
	spec.Prepare(chaos)
	shareSession(chaos)
	recordResults(chaos)
	RunSpecs(t, "hero_chaos")
}

// registerThemes registers the specs of every theme.
func registerThemes(chaos *session.Session) {
	boot.Specs(chaos)
	restart.Specs(chaos)
	circumstances.Specs(chaos)
	orders.Specs(chaos)
	retry.Specs(chaos)
	health.Specs(chaos)
	hang.Specs(chaos)
	registration.Specs(chaos)
	dependency.Specs(chaos)
	image.Specs(chaos)
	processtree.Specs(chaos)
	persistence.Specs(chaos)
	load.Specs(chaos)
	host.Specs(chaos)
	smoke.Specs(chaos)
	isolation.Specs(chaos)
}

// shareSession opens the session in Ginkgo's first process and connects every process to it.
func shareSession(chaos *session.Session) {
	var opened *owner.Owner
	SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
		var err error
		opened, err = owner.Open(ctx, chaos.Configuration, chaos.Target)
		if err != nil {
			chaos.Configuration.WriteStartError(err)
			AbortSuite(err.Error())
		}
		return []byte(opened.Socket())
	}, func(ctx SpecContext, socket []byte) {
		worker := fmt.Sprint(GinkgoParallelProcess())
		Expect(chaos.Connect(ctx, string(socket), worker)).To(Succeed())
	}, NodeTimeout(openTimeout))

	SynchronizedAfterSuite(func() { _ = chaos.Disconnect() }, func() {
		if opened == nil {
			return
		}
		if err := opened.Close(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
}

// recordResults records each result as soon as its spec has ended.
func recordResults(chaos *session.Session) {
	began := time.Now()
	ReportAfterEach(func(ctx SpecContext, report SpecReport) {
		result, selected := spec.Result(chaos.Target, report)
		if !selected {
			return
		}
		result = spec.ExplainEnd(result, began, chaos.Configuration.RunLimit)
		Expect(chaos.Result(ctx, result)).To(Succeed())
		chaos.Progress().End()
	})
}
