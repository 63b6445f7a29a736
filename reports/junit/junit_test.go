package junit_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/junit"
)

func newRecord() *record.Record {
	started := time.Date(2026, 5, 4, 5, 2, 1, 0, time.FixedZone("", 2*60*60))
	result := func(promise, theme, service, fault string, outcome record.Outcome) record.Result {
		return record.Result{
			Promise: promise, Theme: theme, Service: service, Fault: fault, Name: "does as promised",
			Outcome: outcome, Attempts: 1, Started: started, Duration: int64(5021 * time.Millisecond),
		}
	}
	failed := result("restart.sigterm", "restart", "user.b", "SIGTERM", record.Failed)
	failed.Failure = "user.b was not restarted within 5s of SIGTERM (restart.sigterm)\n  before   pid 41, healthy\n  +0.31 ms exited"
	inconclusive := result("restart.sigkill", "restart", "user.a", "SIGKILL", record.Inconclusive)
	inconclusive.Reason, inconclusive.Failure = "the host stalled", "whether user.a was restarted in time cannot be told\n  before pid 9"
	notRun := result("hang.detected", "hang", "user.a", "SIGSTOP", record.NotRun)
	notRun.Reason, notRun.Duration = "takes the faithful profile", 0
	return &record.Record{
		Schema: record.Schema, Run: record.Run{Target: "embedded", Started: started},
		Results: []record.Result{
			result("restart.sigterm", "restart", "user.a", "SIGTERM", record.Held), failed, inconclusive, notRun,
			result("restart.sigterm", "restart", "user.a", "SIGTERM", record.Held),
			result("smoke.paths", "smoke", "", "", record.Held), result("other", "theme", "user.a", "", record.Held),
		},
		End: &record.End{},
	}
}

func TestRender(t *testing.T) {
	text, err := junit.Render(newRecord())
	if err != nil {
		t.Fatal(err)
	}
	checkShape(t, text)
	golden.Check(t, "junit.xml", string(text))
}

func TestTheOrderOfASuiteDoesNotMatter(t *testing.T) {
	backwards := newRecord()
	slices.Reverse(backwards.Results)
	text, err := junit.Render(backwards)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "junit.xml", string(text))
}

func TestARunWithoutAnEndIsAnError(t *testing.T) {
	for want, change := range map[string]func(*record.Record){
		`message="the run did not finish: the run was killed"`: func(r *record.Record) { r.End, r.Notes = nil, []string{"the run was killed"} },
		`message="the daemon went away"`:                       func(r *record.Record) { r.End.Trouble = "the daemon went away\nmore" },
	} {
		g := gomega.NewWithT(t)
		r := newRecord()
		change(r)
		text, err := junit.Render(r)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(string(text)).To(gomega.And(gomega.ContainSubstring(`errors="1"`), gomega.ContainSubstring(want)))
		checkShape(t, text)
	}
	empty, err := junit.Render(&record.Record{})
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	gomega.NewWithT(t).Expect(string(empty)).To(gomega.ContainSubstring(`errors="1"`))
}

func TestAFlakyResultHasNotPassed(t *testing.T) {
	g := gomega.NewWithT(t)
	r := newRecord()
	r.Results = r.Results[:1]
	r.Results[0].Attempts, r.Results[0].Duration = 3, -5e9
	text, err := junit.Render(r)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(string(text)).To(gomega.ContainSubstring(`<skipped message="flaky: held only on attempt 3"></skipped>`))
	g.Expect(string(text)).To(gomega.ContainSubstring(`skipped="1" time="0.000"`))
	checkShape(t, text)
}

func TestHostileText(t *testing.T) {
	g := gomega.NewWithT(t)
	hostile := "<a b=\"c\">&amp;]]></a>'\x00\x01\x08\x0b\x1b[31m\x7f\ufffe\uffff\xff\xc3\u2028\r\n\t€𝄞"
	r := newRecord()
	for i := range r.Results {
		r.Results[i].Service, r.Results[i].Fault, r.Results[i].Name = hostile, hostile, hostile
		r.Results[i].Reason, r.Results[i].Failure = hostile, hostile
	}
	r.Run.Target = hostile
	text, err := junit.Render(r)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(utf8.Valid(text)).To(gomega.BeTrue())
	for _, letter := range string(text) {
		g.Expect(isLegal(letter)).To(gomega.BeTrue(), fmt.Sprintf("%U is no character of XML 1.0", letter))
	}
	g.Expect(string(text)).To(gomega.ContainSubstring("€𝄞"))
	checkShape(t, text)
}

// isLegal reports whether XML 1.0 allows a character.
func isLegal(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

// checkShape checks the text against the part of junit-10.xsd that we use: elements and their places, attributes in order, and
// the form of a time. It also checks that names are unique.
func checkShape(t *testing.T, text []byte) {
	t.Helper()
	allowed := map[string]string{
		"/testsuites":                            "name time tests failures errors",
		"/testsuites/testsuite":                  "name tests failures errors skipped time timestamp id package",
		"/testsuites/testsuite/testcase":         "classname name time",
		"/testsuites/testsuite/testcase/skipped": "message",
		"/testsuites/testsuite/testcase/error":   "message type",
		"/testsuites/testsuite/testcase/failure": "message type",
	}
	plain := regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`)
	seen := map[string]bool{}
	path := ""
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch element := token.(type) {
		case xml.StartElement:
			path += "/" + element.Name.Local
			var names []string
			values := map[string]string{}
			for _, attribute := range element.Attr {
				names = append(names, attribute.Name.Local)
				values[attribute.Name.Local] = attribute.Value
			}
			if want, ok := allowed[path]; !ok || !slices.Equal(names, strings.Fields(want)) {
				t.Errorf("%s has %v, want %q", path, names, want)
			}
			if time, ok := values["time"]; ok && !plain.MatchString(time) {
				t.Errorf("%s has the time %q", path, time)
			}
			if key := values["classname"] + "\x00" + values["name"]; path == "/testsuites/testsuite/testcase" {
				if seen[key] {
					t.Errorf("two test cases are called %q", key)
				}
				seen[key] = true
			}
		case xml.EndElement:
			path = strings.TrimSuffix(path, "/"+element.Name.Local)
		}
	}
}
