// Package markdown writes the answer of a run as Markdown, for the summary of a CI job and for a comment on a pull request.
package markdown

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/answer"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/coverage"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// Render returns the answer with the figures of what is covered.
func Render(a answer.Answer, covered coverage.Coverage) string {
	text := new(strings.Builder)
	line(text, "## %s %s: %s", symbol(a.Verdict), a.Verdict, escape(a.Meaning))
	line(text, "")
	line(text, "%s", escape(a.Tested))
	for i, reason := range a.Reasons {
		if i == 0 {
			line(text, "\n### %s", map[bool]string{true: "Why it is held", false: "What is missing"}[a.Verdict == verdict.Hold])
		}
		writeReason(text, i+1, reason)
	}
	if a.Left > 0 {
		line(text, "\nand %d more in the report.", a.Left)
	}
	writeThemes(text, a.Themes)
	line(text, "\n%s.", escape(covered.Sentence()))
	if a.Comparison != "" {
		line(text, "\nBaseline: %s.", escape(a.Comparison))
	}
	for i, step := range a.Steps {
		if i == 0 {
			line(text, "\n### Next")
		}
		line(text, "\n%s:\n", escape(step.What))
		writeCode(text, step.Command)
	}
	return text.String()
}

func symbol(a verdict.Answer) string {
	return map[verdict.Answer]string{verdict.Promote: "✅", verdict.Hold: "❌", verdict.Inconclusive: "❔"}[a]
}

func writeReason(text *strings.Builder, number int, reason answer.Reason) {
	line(text, "\n**%d. %s** (%s)", number, escape(reason.Text), escape(string(reason.Code)))
	for _, part := range [][2]string{{"Seen", reason.Seen}, {"Found", reason.Found}, {"Why it matters", reason.Advice.Why}, {"Usual cause", reason.Advice.Cause}, {"What to change", reason.Advice.Change}} {
		if part[1] != "" {
			line(text, "\n- %s: %s", part[0], escape(part[1]))
		}
	}
	for _, part := range [][2]string{{"Tried on this image", reason.Remedy}, {"Again", reason.Again}} {
		if part[1] != "" {
			line(text, "\n%s:\n", part[0])
			writeCode(text, part[1])
		}
	}
}

func writeThemes(text *strings.Builder, themes []answer.Theme) {
	if len(themes) == 0 {
		return
	}
	line(text, "\n| theme | held | failed | inconclusive | not run | slowest |\n|---|--:|--:|--:|--:|---|")
	for _, theme := range themes {
		counts := theme.Outcomes
		line(text, "| %s | %d | %d | %d | %d | %s |", escape(theme.Name), counts[record.Held], counts[record.Failed], counts[record.Inconclusive],
			counts[record.NotRun]+theme.Untested, escape(theme.Slowest))
	}
}

// writeCode writes a block that nothing in the text can end.
func writeCode(text *strings.Builder, code string) {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	line(text, "%stext\n%s\n%s", fence, strings.Map(printable, strings.ReplaceAll(code, "\n", " ")), fence)
}

// escape keeps what a target said from being read as Markdown, HTML or a mention of a person.
func escape(text string) string {
	escaped := new(strings.Builder)
	for _, letter := range strings.Join(strings.Fields(text), " ") {
		switch {
		case strings.ContainsRune("\\`*_{}[]<>()#|~!&", letter):
			_, _ = escaped.WriteString(`\` + string(letter))
		case letter == '@':
			_, _ = escaped.WriteString("@\u200b")
		default:
			_, _ = escaped.WriteRune(printable(letter))
		}
	}
	return escaped.String()
}

// printable replaces control characters.
func printable(letter rune) rune {
	if letter < ' ' || letter == 0x7f || letter >= 0x202a && letter <= 0x202e || letter >= 0x2066 && letter <= 0x2069 {
		return '\ufffd'
	}
	return letter
}

func line(text *strings.Builder, format string, args ...any) {
	_, _ = fmt.Fprintf(text, format+"\n", args...)
}
