// Package junit writes a record as JUnit XML, in the form of the strictest reader: the schema junit-10.xsd of Jenkins' xUnit
// plugin.
package junit

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
)

type testSuites struct {
	XMLName  xml.Name    `xml:"testsuites"`
	Name     string      `xml:"name,attr"`
	Time     string      `xml:"time,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Suites   []testSuite `xml:"testsuite"`
}

type testSuite struct {
	Name      string     `xml:"name,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Errors    int        `xml:"errors,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Time      string     `xml:"time,attr"`
	Timestamp string     `xml:"timestamp,attr"`
	ID        int        `xml:"id,attr"`
	Package   string     `xml:"package,attr"`
	Cases     []testCase `xml:"testcase"`

	took time.Duration
}

type testCase struct {
	ClassName string   `xml:"classname,attr"`
	Name      string   `xml:"name,attr"`
	Time      string   `xml:"time,attr"`
	Failure   *problem `xml:"failure"`
	Error     *problem `xml:"error"`
	Skipped   *problem `xml:"skipped"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// Render returns the record as JUnit XML: a test suite for each theme, a test case for each result. A case is called
// theme.promise and "service FAULT", the same in every run, so that its history can be followed. A name that is used again
// gets a number. Inconclusive and not-run results are skipped with their reason, and so are results that held only after a
// retry. A run that did not finish, or had an error itself, is a test case with an error. The order of the record's results
// makes no difference.
func Render(r *record.Record) ([]byte, error) {
	builder := builder{record: r, names: map[string]int{}}
	// Parallel specs end in another order every time.
	for _, result := range slices.SortedStableFunc(slices.Values(r.Results), compareResults) {
		builder.add(result.Theme, time.Duration(result.Duration), builder.testCase(result))
	}
	if text := errorOf(r); text != "" {
		builder.add("harness", 0, testCase{
			ClassName: "harness.record", Name: "the run finished",
			Error: &problem{Message: firstLine(text), Type: "harness", Text: text},
		})
	}
	text, err := xml.MarshalIndent(builder.document(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the record as JUnit XML: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

func compareResults(one, other record.Result) int {
	return cmp.Or(
		cmp.Compare(one.Theme, other.Theme), cmp.Compare(one.Promise, other.Promise),
		cmp.Compare(one.Service, other.Service), cmp.Compare(one.Fault, other.Fault),
		cmp.Compare(one.Name, other.Name), one.Started.Compare(other.Started),
	)
}

// errorOf returns the error of a run as a whole, or an empty text.
func errorOf(r *record.Record) string {
	if !r.Complete() {
		return strings.Join(append([]string{"the run did not finish"}, r.Notes...), ": ")
	}
	return r.End.Trouble
}

// builder collects the suites of a document.
type builder struct {
	record *record.Record
	suites []testSuite
	names  map[string]int // how often each class name and name was used
}

func (b *builder) add(theme string, took time.Duration, added testCase) {
	suite := b.suite(theme)
	added.Time = seconds(took)
	suite.Cases = append(suite.Cases, added)
	suite.took += took
	suite.Tests++
	switch {
	case added.Failure != nil:
		suite.Failures++
	case added.Error != nil:
		suite.Errors++
	case added.Skipped != nil:
		suite.Skipped++
	}
}

func (b *builder) suite(theme string) *testSuite {
	for i := range b.suites {
		if b.suites[i].Name == theme {
			return &b.suites[i]
		}
	}
	b.suites = append(b.suites, testSuite{
		Name: theme, ID: len(b.suites), Package: "hero_chaos",
		Timestamp: b.record.Run.Started.UTC().Format("2006-01-02T15:04:05"),
	})
	return &b.suites[len(b.suites)-1]
}

func (b *builder) testCase(result record.Result) testCase {
	made := testCase{ClassName: className(result), Name: b.unique(className(result), caseName(result))}
	switch result.Outcome {
	case record.Held:
		if result.Attempts > 1 { // readers count a flaky case as passed, a skipped one not
			made.Skipped = &problem{Message: fmt.Sprintf("flaky: held only on attempt %d", result.Attempts)}
		}
	case record.Failed:
		made.Failure = &problem{Message: firstLine(result.Failure), Type: result.Promise, Text: result.Failure + b.advise(result)}
	case record.Inconclusive, record.NotRun:
		made.Skipped = &problem{Message: string(result.Outcome) + ": " + firstLine(result.Why()), Text: result.Failure}
	default:
		made.Error = &problem{Message: fmt.Sprintf("unknown outcome %q", result.Outcome), Type: "harness"}
	}
	return made
}

// advise returns what to do about a failure, as lines that follow its text.
func (b *builder) advise(result record.Result) (text string) {
	for _, line := range advice.Lines(b.record, result) {
		text += fmt.Sprintf("\n  %-8s %s", line[0], line[1])
	}
	return text
}

// className returns theme.promise. The id of a promise usually begins with its theme.
func className(result record.Result) string {
	if strings.HasPrefix(result.Promise, result.Theme+".") {
		return result.Promise
	}
	return result.Theme + "." + result.Promise
}

// caseName returns "service FAULT", or the text of the spec for a result about the target as a whole.
func caseName(result record.Result) string {
	if result.Service == "" {
		return result.Name
	}
	return strings.TrimSpace(result.Service + " " + result.Fault)
}

func (b *builder) unique(className, name string) string {
	key := className + "\x00" + name
	b.names[key]++
	if used := b.names[key]; used > 1 {
		return b.unique(className, fmt.Sprintf("%s (%d)", name, used))
	}
	return name
}

func (b *builder) document() testSuites {
	all := testSuites{Name: "hero_chaos " + b.record.Run.Target, Suites: b.suites}
	var took time.Duration
	for i := range b.suites {
		suite := &b.suites[i]
		suite.Time = seconds(suite.took)
		took += suite.took
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
	}
	all.Time = seconds(took)
	return all
}

// seconds writes a duration as plain decimal seconds, at least 0, as the schema requires.
func seconds(d time.Duration) string { return strconv.FormatFloat(max(0, d).Seconds(), 'f', 3, 64) }

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
