package promise_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"
)

func TestEveryPromiseIsComplete(t *testing.T) {
	g := gomega.NewWithT(t)
	var assumptions []string
	for _, assumption := range zinit.Assumptions() {
		assumptions = append(assumptions, assumption.ID)
	}
	seen := map[string]bool{}
	for _, p := range promise.All() {
		g.Expect(seen[p.ID]).To(gomega.BeFalse(), p.ID+" is registered twice")
		seen[p.ID] = true
		g.Expect(p.ID).To(gomega.MatchRegexp(`^[a-z]+\.[a-z0-9-]+$`))
		g.Expect(p.ID).To(gomega.HavePrefix(p.Theme + "."))
		g.Expect(p.Sentence).To(gomega.MatchRegexp(`^[A-Z0-9][^|\n]+\.$`))
		g.Expect(p.Sources).NotTo(gomega.BeEmpty(), p.ID)
		for _, source := range p.Sources {
			g.Expect(source).To(gomega.Or(gomega.Equal(contract.Ours), exist()), p.ID)
		}
		for _, assumption := range p.Assumptions {
			g.Expect(assumptions).To(gomega.ContainElement(assumption), p.ID)
		}
		found, ok := promise.Find(p.ID)
		g.Expect(ok).To(gomega.BeTrue())
		g.Expect(found).To(gomega.Equal(p))
	}
	_, ok := promise.Find("restart")
	g.Expect(ok).To(gomega.BeFalse())
}

// exist matches a clause that the contract has.
func exist() gomegatypes.GomegaMatcher {
	return gomega.WithTransform(func(c contract.Clause) (bool, error) {
		file, anchor, _ := strings.Cut(string(c), "#")
		text, err := os.ReadFile(filepath.Join("../..", file)) //nolint:gosec // our own files
		return strings.Contains(string(text), `<a id="`+anchor+`"></a>`), err
	}, gomega.BeTrue())
}

// TestTheChecklistIsCovered checks that each item of the checklist has a promise.
func TestTheChecklistIsCovered(t *testing.T) {
	var sources []contract.Clause
	for _, p := range promise.All() {
		sources = append(sources, p.Sources...)
	}
	gomega.NewWithT(t).Expect(sources).To(gomega.ContainElements(contract.Checklist1, contract.Checklist2, contract.Checklist3,
		contract.Checklist4, contract.Checklist5, contract.Checklist6))
}

func TestTheRegistryIsReadOnly(t *testing.T) {
	promise.All()[0].ID = "changed"
	gomega.NewWithT(t).Expect(promise.All()[0].ID).To(gomega.Equal(promise.BootRunning))
}

func TestParseFocus(t *testing.T) {
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
			g := gomega.NewWithT(t)
			selection, err := promise.ParseFocus(focus)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			var got []string
			for _, one := range all {
				id, service, _ := strings.Cut(one, "/")
				if selection.Includes(id, service) {
					got = append(got, one)
				}
			}
			g.Expect(got).To(gomega.Equal(want))
		})
	}
}

func TestUnknownFocus(t *testing.T) {
	services := []string{"user.hero_osis_server", "user.hero_redis_server"}
	for focus, want := range map[string]string{
		"restart.sigtem":         `there is no promise or theme "restart.sigtem": did you mean "restart.sigterm"?`,
		"restrat":                `there is no promise or theme "restrat": did you mean "restart"?`,
		"restart,,boot":          `there is no promise or theme "": there are boot.running, `,
		"zzzz":                   `there is no promise or theme "zzzz": there are boot.running, `,
		"restart/":               `"restart/" has no service after the slash`,
		"restart/user.hero_osis": `there is no service "user.hero_osis": did you mean "user.hero_osis_server"?`,
	} {
		_, err := promise.ParseFocus(focus, services...)
		gomega.NewWithT(t).Expect(err).To(gomega.MatchError(gomega.HavePrefix(`focus on "` + focus + `": ` + want)))
		gomega.NewWithT(t).Expect(err.Error()).NotTo(gomega.ContainSubstring("\n"))
	}
	_, err := promise.ParseFocus("restart.sigterm/user.hero_osis_server", services...)
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
}

func TestTable(t *testing.T) {
	golden.CheckSection(t, "../../suites/README.md", promise.Table())
}
