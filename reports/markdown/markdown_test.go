package markdown_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/answer"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/markdown"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

func example(said string) (answer.Answer, coverage.Coverage) {
	return answer.Answer{
		Verdict: verdict.Hold, Meaning: "the image must not be promoted", Tested: "hero_zero:hero, quick profile, seed 7",
		Reasons: []answer.Reason{{
			Code: verdict.Failed, Text: "restart.sigterm failed on user.a: " + said, Seen: said, Remedy: "user.a.health: curl --fail " + said, Again: "make e2e FOCUS=restart.sigterm/user.a",
			Advice: record.Advice{Why: "It is an outage.", Cause: "The policy.", Change: "Set retry."},
		}},
		Themes: []answer.Theme{{Name: "restart", Outcomes: map[record.Outcome]int{record.Held: 3, record.Failed: 1}, Slowest: "5.02 s from SIGTERM until user.a served"}},
		Steps:  []answer.Step{{What: "when the image is mended, test all of it", Command: "make e2e PROFILE=faithful SEED=7"}},
	}, coverage.Coverage{Promises: coverage.Figure{Tested: 3, All: 4}}
}

func TestRender(t *testing.T) {
	golden.Check(t, "summary.md", markdown.Render(example("it did not come back")))
}

// TestATargetCannotWriteMarkdown checks that names and logs of a target stay text.
func TestATargetCannotWriteMarkdown(t *testing.T) {
	const hostile = "<img src=x> ![a](b) [c](http://d) **bold** @everyone ``` | \x1b[2J"
	text := markdown.Render(example(hostile))
	page := new(bytes.Buffer)
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(text), page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<img", "<a href=\"http://d", "\x1b", "raw HTML"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("%q became part of the page: %s", bad, page)
		}
	}
	if strings.Contains(text, "- Seen: "+hostile) || strings.Contains(text, "@everyone ") && !strings.Contains(text, "@\u200beveryone") {
		t.Errorf("a mention: %s", text)
	}
}
