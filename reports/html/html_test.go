package html_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	stdhtml "html"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/html"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// largest is the most bytes of a page.
const largest = 1_000_000

func render(t testing.TB, in html.Input) string {
	t.Helper()
	page, err := html.Render(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// part returns the section of the heading with that id.
func part(t testing.TB, page, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<section aria-labelledby="`+id+`">`)
	inside, _, closed := strings.Cut(rest, "</section>")
	if !found || !closed {
		t.Fatalf("the page has no part %q", id)
	}
	return inside
}

// bare returns a page without its style, its script and their hashes, which have files of their own.
func bare(page string) string {
	for _, generated := range []string{`(?s)<style>.*?</style>`, `(?s)<script>.*?</script>`, `sha256-.*?=&#39;`} {
		page = regexp.MustCompile(generated).ReplaceAllString(page, "…")
	}
	return page
}

func TestRender(t *testing.T) {
	empty := html.Input{Record: &record.Record{}}
	killed := html.Input{Record: sample()}
	killed.Record.End, killed.Record.Results, killed.Record.Notes = nil, nil, []string{"the record has no end: the run was killed, or goes on"}
	for name, in := range map[string]html.Input{"full": input(), "empty": empty, "killed": killed} {
		t.Run(name, func(t *testing.T) { golden.Check(t, name+".html", bare(render(t, in))) })
	}
}

func TestTheSameRecordGivesTheSamePage(t *testing.T) {
	in := input()
	first := render(t, in)
	for i, j := 0, len(in.Record.Results)-1; i < j; i, j = i+1, j-1 {
		in.Record.Results[i], in.Record.Results[j] = in.Record.Results[j], in.Record.Results[i]
	}
	if render(t, in) != first {
		t.Error("the order in which specs ended changes the page")
	}
}

func TestRenderWithoutARecord(t *testing.T) {
	_, err := html.Render(html.Input{})
	gomega.NewWithT(t).Expect(err).To(gomega.MatchError("write the HTML report: there is no record"))
}

// TestNothingIsLoaded checks that the page uses only its own style and script, and that its policy allows only these.
func TestNothingIsLoaded(t *testing.T) {
	g, page := gomega.NewWithT(t), render(t, input())
	_, policy, _ := strings.Cut(page, `http-equiv="Content-Security-Policy" content="`)
	policy, _, _ = strings.Cut(policy, `"`)
	policy = stdhtml.UnescapeString(policy)
	g.Expect(policy).To(gomega.HavePrefix("default-src 'none'; style-src 'sha256-"))
	for _, element := range []string{"style", "script"} {
		_, text, _ := strings.Cut(page, "<"+element+">")
		text, _, _ = strings.Cut(text, "</"+element+">")
		sum := sha256.Sum256([]byte(text))
		g.Expect(policy).To(gomega.ContainSubstring(element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"))
	}
	g.Expect(regexp.MustCompile(`(?i)\ssrc=|<link|@import|url\(|https?://|\sstyle=|\son[a-z]+=`).FindAllString(page, -1)).To(gomega.BeEmpty())
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		g.Expect(link[1]).To(gomega.MatchRegexp(`^(#|\./evidence/|record\.json$)`))
	}
}

// TestLinksOfThePageLeadSomewhere checks that every fragment is an id, and that every id is unique.
func TestLinksOfThePageLeadSomewhere(t *testing.T) {
	page, ids := render(t, input()), map[string]int{}
	for _, id := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids[id[1]]++
	}
	for _, link := range regexp.MustCompile(`(?:href="#|aria-labelledby="|for=")([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[link[1]] != 1 {
			t.Errorf("%q is the id of %d things", link[1], ids[link[1]])
		}
	}
}

// poisoned returns the sample with hostile text in every member that the target or a forged record controls.
func poisoned(text string) html.Input {
	in := input()
	r := in.Record
	run := &r.Run
	run.Target, run.Image, run.Digest, run.Supervisor, run.Focus, run.ID, run.Host.Kernel = text, text, text, text, text, text, text
	run.Tools, run.Services[0].Name, run.Budgets[0].Name, run.Promises[0].Sentence = map[string]string{text: text}, text, text, text
	r.Notes, r.End.Trouble = []string{text}, text
	for i := range r.Results {
		result := &r.Results[i]
		result.Service, result.Name, result.Fault, result.Failure, result.Reason = text, text, text, text+"\n"+text, text
	}
	for i := range r.Recoveries {
		recovery := &r.Recoveries[i]
		recovery.Service, recovery.Fault, recovery.Policy, recovery.Status, recovery.Identity = text, text, text, text, text
		recovery.Disturbed = []record.Disturbance{{Service: text, What: text}}
	}
	r.Evidence = append(r.Evidence, record.Evidence{What: text, Path: "<" + text}, record.Evidence{What: text, Path: "javascript:alert(1)"}, record.Evidence{What: text, Path: "../../secret"})
	in.Verdict.Reasons[0].Text, in.Baseline.Notes = text, []string{text}
	in.Evidence = fstest.MapFS{"evidence/main/log.txt": {Data: []byte("2026-05-04T03:02:03Z " + text + "\n")}, "evidence/victim.log": {Data: []byte(text)}}
	return in
}

// tags returns the names of all elements that begin on a page.
func tags(page string) []string {
	var found []string
	for _, tag := range regexp.MustCompile(`<[A-Za-z][^\s/>]*`).FindAllString(page, -1) {
		found = append(found, strings.ToLower(tag))
	}
	return found
}

func TestHostileTextStaysText(t *testing.T) {
	g, page := gomega.NewWithT(t), render(t, poisoned(hostile))
	g.Expect(strings.Count(strings.ToLower(page), "<script")).To(gomega.Equal(1))
	g.Expect(page).To(gomega.ContainSubstring("&lt;script&gt;window.hacked=true"))
	g.Expect(tags(page)).NotTo(gomega.ContainElement("<img"))
	g.Expect(page).NotTo(gomega.ContainSubstring(`href="./../`))
	g.Expect(page).NotTo(gomega.MatchRegexp(`href="javascript`))
	g.Expect(part(t, page, "failures")).To(gomega.ContainSubstring("&lt;script&gt;window.hacked=true"), "the log")
}

func TestNothingInvisibleIsShown(t *testing.T) {
	for _, letter := range render(t, poisoned("a\x00\x1b[2J\u202e\u2066\xffb\u200b")) {
		if letter != '\n' && (letter < ' ' || letter == '\u202e' || letter == '\u2066' || letter == '\u200b') {
			t.Fatalf("%U is on the page", letter)
		}
	}
}

// FuzzText checks that no text can begin or end an element of the page.
func FuzzText(f *testing.F) {
	for _, seed := range []string{hostile, "", "plain", "<!--", "]]>", "\x00<b>", "{{.}}", "\xff\xfe", "&lt;", "' onfocus='x"} {
		f.Add(seed)
	}
	elements := func(t testing.TB, text string) string {
		in := poisoned(text)
		in.Record.Evidence = in.Record.Evidence[:1]
		return strings.Join(tags(render(t, in)), " ")
	}
	harmless := elements(f, "text")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 40 || strings.ContainsAny(text, "\r\n") || strings.TrimSpace(text) == "" {
			t.Skip("the text changes which items fit")
		}
		if found := elements(t, text+"."); found != harmless {
			t.Errorf("%q changes the elements of the page from %s to %s", text, harmless, found)
		}
	})
}

// TestUntestedIsShown covers a promise without a result, and a service without a result of a promise.
func TestUntestedIsShown(t *testing.T) {
	g, page := gomega.NewWithT(t), render(t, input())
	matrix := part(t, page, "matrix")
	row := func(promise string) string {
		_, rest, found := strings.Cut(matrix, "<code>"+promise+"</code>")
		g.Expect(found).To(gomega.BeTrue(), promise)
		inside, _, _ := strings.Cut(rest, "</tbody>")
		return inside
	}
	g.Expect(row("hang.control")).To(gomega.ContainSubstring("– not tested at all"))
	g.Expect(row("hang.detected")).To(gomega.ContainSubstring("– not tested on any of the 3 shipped services"))
	g.Expect(strings.Count(row("restart.sigterm"), "<td ")).To(gomega.Equal(3))
	g.Expect(row("restart.sigterm")).To(gomega.ContainSubstring(`<td class="n">–<i class="v"> not tested</i></td>`), "user.c")
	g.Expect(row("restart.sigterm")).To(gomega.MatchRegexp(`<td class="f"><a href="#f1">✗<i class="v"> failed</i></a></td>`))
	g.Expect(part(t, page, "inconclusive")).To(gomega.ContainSubstring("Promises without any result</summary><p><code>hang.control</code></p>"))
	g.Expect(page).To(gomega.ContainSubstring(`<li class="n"><b>2</b>`), "one was not run, one has no result")
}

// TestNoVerdictIsNoPromotion checks that a page never says PROMOTE by itself.
func TestNoVerdictIsNoPromotion(t *testing.T) {
	g, in := gomega.NewWithT(t), input()
	in.Verdict = nil
	g.Expect(render(t, in)).To(gomega.ContainSubstring("NOT JUDGED"))
	in.Verdict = &verdict.Verdict{Answer: "SURE"}
	page := render(t, in)
	g.Expect(page).To(gomega.MatchRegexp(`<section class="verdict i"`))
	g.Expect(page).NotTo(gomega.ContainSubstring("PROMOTE"))
}

// huge returns a record with many services, promises and failures, and long texts everywhere.
func huge(n int) html.Input {
	in := input()
	r := in.Record
	long := strings.Repeat("<&\"'>", 4000)
	for i := range n {
		service := fmt.Sprintf("user.service_%d", i)
		r.Run.Services = append(r.Run.Services, record.Service{Name: service})
		r.Run.Budgets = append(r.Run.Budgets, record.Budget{Name: long, Why: long})
		r.Evidence = append(r.Evidence, record.Evidence{What: long, Path: "evidence/main"})
		in.Verdict.Reasons = append(in.Verdict.Reasons, verdict.Reason{Weight: verdict.Lacks, Code: verdict.NotRun, Text: long, Promises: []string{long, long}, Services: []string{long, long}})
		promise := fmt.Sprintf("restart.promise-%d", i)
		r.Run.Promises = append(r.Run.Promises, record.Promise{ID: promise, Sentence: long, Source: long})
		for j := range 4 {
			id := fmt.Sprintf("%d.%d", i, j)
			recovery := recovered(id, promise, service, long, 5*s)
			recovery.Policy, recovery.Status, recovery.Landing.Proof = long, long, long
			r.Recoveries = append(r.Recoveries, recovery)
			made := result(promise, service, long, []record.Outcome{record.Failed, record.Inconclusive, record.Held, record.NotRun}[j], id)
			made.Failure, made.Reason = long, long+id
			r.Results = append(r.Results, made)
		}
	}
	return in
}

func TestThePageStaysSmallAndSaysWhatItLeftOut(t *testing.T) {
	g, page := gomega.NewWithT(t), render(t, huge(1000))
	g.Expect(len(page)).To(gomega.BeNumerically("<", largest))
	g.Expect(part(t, page, "failures")).To(gomega.MatchRegexp(`More failures are not shown in full`))
	g.Expect(part(t, page, "matrix")).To(gomega.ContainSubstring("939 more services have no column here"))
	g.Expect(part(t, page, "matrix")).To(gomega.MatchRegexp(`\d+ more promises are left out`))
	g.Expect(part(t, page, "recoveries")).To(gomega.MatchRegexp(`\d+ more recoveries are not drawn`))
	g.Expect(part(t, page, "inconclusive")).To(gomega.MatchRegexp(`\d+ more results are left out`))
}

// TestAFaithfulRunFits checks that a page shows all of 28 services with ten recoveries each, and 150 promises.
func TestAFaithfulRunFits(t *testing.T) {
	g, in := gomega.NewWithT(t), input()
	r := in.Record
	for i := range 150 {
		id := fmt.Sprintf("retry.promise-%d", i)
		r.Run.Promises = append(r.Run.Promises, record.Promise{ID: id, Sentence: strings.Repeat("a promise of usual length ", 4)})
		r.Results = append(r.Results, result(id, "hero_chaos.retry-victim", "", record.Held))
	}
	for i := range 28 {
		service := fmt.Sprintf("user.hero_service_%02d_server", i)
		r.Run.Services = append(r.Run.Services, record.Service{Name: service})
		for j := range 10 {
			id := fmt.Sprintf("restart.sigterm/%s#%d", service, j)
			r.Recoveries = append(r.Recoveries, recovered(id, "restart.sigterm", service, "SIGTERM", 5*s))
			r.Results = append(r.Results, result(fmt.Sprintf("retry.promise-%d", j), service, "SIGTERM", record.Held, id))
		}
	}
	page := render(t, in)
	g.Expect(len(page)).To(gomega.BeNumerically("<", largest))
	g.Expect(strings.Count(page, "<article")).To(gomega.Equal(len(r.Recoveries)+2), "the fault of the host is there twice: with its failure, and by itself")
	g.Expect(page).NotTo(gomega.MatchRegexp(`left out|not drawn|no column`))
}

// TestImpossibleTimesGiveAPage checks that every place is on its axis.
func TestImpossibleTimesGiveAPage(t *testing.T) {
	in := input()
	for i, wrong := range []record.Interval{{Lo: math.MinInt64, Hi: math.MaxInt64}, {Lo: math.MaxInt64, Hi: math.MinInt64}, {}, {Lo: -5, Hi: -7}} {
		recovery := &in.Record.Recoveries[i]
		recovery.Injected, recovery.Serving, recovery.Exited, recovery.Observed = wrong, &wrong, &wrong, wrong
	}
	in.Record.Run.Tolerance = math.MaxInt64
	for i := range in.Record.Results {
		if fault := in.Record.Results[i].Lasting; fault != nil {
			fault.Injected, fault.Reverted, fault.Landed.Lo = record.Interval{Lo: math.MinInt64, Hi: math.MaxInt64}, &record.Interval{Lo: math.MaxInt64, Hi: -7}, math.MaxInt64
		}
		for j := range in.Record.Results[i].Windows {
			in.Record.Results[i].Windows[j] = record.Window{Recovery: in.Record.Recoveries[0].ID, Phase: "serving", From: "nowhere", Earliest: math.MaxInt64, Latest: math.MinInt64}
		}
	}
	page := render(t, in)
	for _, path := range regexp.MustCompile(`d="M([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if strings.Contains(path[1], "NaN") || regexp.MustCompile(`M-|\d{5,}`).MatchString(path[1]) {
			t.Errorf("a line leaves the picture: %s", path[1])
		}
	}
}
