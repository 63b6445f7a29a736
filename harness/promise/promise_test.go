package promise_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestEveryPromiseIsWhole(t *testing.T) {
	g := NewWithT(t)
	var assumptions []string
	for _, assumption := range zinit.Assumptions() {
		assumptions = append(assumptions, assumption.ID)
	}
	seen := map[string]bool{}
	for _, p := range promise.All() {
		g.Expect(seen[p.ID]).To(BeFalse(), p.ID+" is there twice")
		seen[p.ID] = true
		g.Expect(p.ID).To(MatchRegexp(`^[a-z]+\.[a-z0-9-]+$`))
		g.Expect(p.ID).To(HavePrefix(p.Theme + "."))
		g.Expect(p.Sentence).To(MatchRegexp(`^[A-Z][^|\n]+\.$`))
		g.Expect(p.Source).NotTo(BeEmpty())
		g.Expect(p.Severity).To(BeElementOf(promise.Blocking, promise.Advisory))
		for _, assumption := range p.Assumptions {
			g.Expect(assumptions).To(ContainElement(assumption), p.ID)
		}
		found, ok := promise.Find(p.ID)
		g.Expect(ok).To(BeTrue())
		g.Expect(found).To(Equal(p))
	}
	_, ok := promise.Find("restart")
	g.Expect(ok).To(BeFalse())
}

// TestTheChecklistIsCovered holds the registry against the checklist that decides promotion. Items 3
// (cadence) and 6 (no watchdog) have no promise yet.
func TestTheChecklistIsCovered(t *testing.T) {
	var sources []string
	for _, p := range promise.All() {
		sources = append(sources, p.Source)
	}
	for _, item := range []string{"1", "2", "4", "5"} {
		NewWithT(t).Expect(sources).To(ContainElement("hero_zero, checklist " + item))
	}
}

func TestNobodyCanChangeTheRegistry(t *testing.T) {
	promise.All()[0].ID = "changed"
	NewWithT(t).Expect(promise.All()[0].ID).To(Equal(promise.BootRunning))
}

func TestMatch(t *testing.T) {
	const osis, redis = "user.hero_osis_server", "user.hero_redis_server"
	var all []string
	for _, p := range promise.All() {
		all = append(all, p.ID+"/"+osis, p.ID+"/"+redis, p.ID+"/")
	}
	matching := func(pattern string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(one string) bool { return !regexp.MustCompile(pattern).MatchString(one) })
	}
	for focus, want := range map[string][]string{
		"":                         all,
		"  ":                       all,
		"restart.sigterm":          matching(`^restart\.sigterm/`),
		"restart":                  matching(`^restart\.`),
		"restart.sigterm/" + osis:  matching(`^restart\.sigterm/user\.hero_osis`),
		"restart/" + osis:          matching(`^restart\..*/user\.hero_osis`),
		"boot, hang.detected":      matching(`^(boot|hang\.detected)`),
		"smoke,restart.exit0/user": matching(`^smoke`),
	} {
		t.Run(focus, func(t *testing.T) {
			g := NewWithT(t)
			selection, err := promise.Match(focus)
			g.Expect(err).NotTo(HaveOccurred())
			var got []string
			for _, one := range all {
				id, service, _ := strings.Cut(one, "/")
				if selection.Includes(id, service) {
					got = append(got, one)
				}
			}
			g.Expect(got).To(Equal(want))
		})
	}
}

func TestAFocusOnNothingIsRefused(t *testing.T) {
	services := []string{"user.hero_osis_server", "user.hero_redis_server"}
	for focus, want := range map[string]string{
		"restart.sigtem":         `there is no promise or theme "restart.sigtem": did you mean "restart.sigterm"?`,
		"restrat":                `there is no promise or theme "restrat": did you mean "restart"?`,
		"restart,,boot":          `there is no promise or theme "": there are boot.running, `,
		"zzzz":                   `there is no promise or theme "zzzz": there are boot.running, `,
		"restart/":               `no service follows the slash of "restart/"`,
		"restart/user.hero_osis": `there is no service "user.hero_osis": did you mean "user.hero_osis_server"?`,
	} {
		_, err := promise.Match(focus, services...)
		NewWithT(t).Expect(err).To(MatchError(HavePrefix(`focus on "` + focus + `": ` + want)))
		NewWithT(t).Expect(err.Error()).NotTo(ContainSubstring("\n"))
	}
	_, err := promise.Match("restart.sigterm/user.hero_osis_server", services...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

func TestTable(t *testing.T) {
	path := filepath.Join("testdata", "promises.md")
	if *update {
		if err := os.WriteFile(path, []byte(promise.Table()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if promise.Table() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", promise.Table(), want)
	}
}
