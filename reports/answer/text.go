package answer

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

const (
	// width is the most columns of a line. Only what is to be typed or pasted may be wider.
	width = 110
	// reasonLines is the most lines that the reasons take. The first ones get all of their advice, the others what to change.
	reasonLines = 34
)

// Text returns the answer for a terminal.
func (a Answer) Text() string {
	text := new(strings.Builder)
	writeLine(text, "VERDICT  %s: %s", a.Verdict, a.Meaning)
	writeWrapped(text, "         ", 9, a.Tested)
	writeLine(text, "")
	a.writeReasons(text)
	a.writeThemes(text)
	if a.Comparison != "" {
		writeWrapped(text, "BASELINE  ", 10, a.Comparison)
		writeLine(text, "")
	}
	if len(a.Steps) > 0 {
		writeLine(text, "NEXT")
		for _, step := range a.Steps {
			writeWrapped(text, "  ", 2, step.What+":")
			writeLine(text, "    %s", step.Command)
		}
		writeLine(text, "")
	}
	if a.Folder != "" {
		writeLine(text, "MORE")
		for _, file := range [][2]string{
			{"report.html", "every failure, the matrix of services and promises, a timeline for each recovery"},
			{"summary.txt", "the same as text, with all quantiles; --verbose prints it"},
			{"record.json", "the evidence as data; beside it junit.xml, verdict.json and the containers' logs"},
		} {
			writeLine(text, "  %s: %s", a.path(file[0]), file[1])
		}
	}
	return text.String()
}

// writeReasons writes the reasons, as many as possible with all of their advice.
func (a Answer) writeReasons(text *strings.Builder) {
	if len(a.Reasons) > 0 {
		writeLine(text, "%s", map[bool]string{true: "WHY IT IS HELD", false: "WHAT IS MISSING"}[a.Verdict == verdict.Hold])
	}
	room := reasonLines
	var short []string
	for i, reason := range a.Reasons {
		short = append(short, reason.text(i+1, false))
		room -= strings.Count(short[i], "\n")
	}
	for i, reason := range a.Reasons {
		full := reason.text(i+1, true)
		if more := strings.Count(full, "\n") - strings.Count(short[i], "\n"); more <= room {
			short[i] = full
			room -= more
		}
		_, _ = text.WriteString(short[i])
	}
	for _, more := range []string{a.describeLeft(), a.describeLacking(), a.describeNoted()} {
		if more != "" {
			writeWrapped(text, "  ", 2, more)
		}
	}
	if len(a.Reasons) > 0 || a.Noted > 0 {
		writeLine(text, "")
	}
}

func (a Answer) describeLeft() string {
	if a.Left == 0 {
		return ""
	}
	about := ""
	if len(a.LeftPromises) > 0 {
		about = " about " + strings.Join(names(a.LeftPromises), ", ")
	}
	return "and " + plain.Count(a.Left, "more reason") + about
}

func (a Answer) describeLacking() string {
	if a.Lacking == 0 {
		return ""
	}
	return "For a promotion evidence is missing besides: " + plain.Count(a.Lacking, "reason") + " in the report."
}

func (a Answer) describeNoted() string {
	if a.Noted == 0 {
		return ""
	}
	return "Without effect on the verdict: " + plain.Count(a.Noted, "note") + " in the report."
}

// text returns a reason with its advice: all of it, or what to change alone.
func (r Reason) text(number int, full bool) string {
	text := new(strings.Builder)
	writeWrapped(text, fmt.Sprintf("  %d. ", number), 5, fmt.Sprintf("%s [%s]", r.Text, r.Code))
	if full {
		r.write(text, "seen", r.seen())
		r.write(text, "found", r.Found)
		r.write(text, "why", r.Advice.Why)
		r.write(text, "cause", r.Advice.Cause)
	}
	r.write(text, "change", r.Advice.Change)
	if r.Remedy != "" {
		writeLine(text, "     tried   %s", r.Remedy)
	}
	if r.Again != "" {
		writeLine(text, "     again   %s", r.Again)
	}
	return text.String()
}

func (r Reason) seen() string {
	if r.Others == 0 || r.Seen == "" {
		return r.Seen
	}
	return fmt.Sprintf("%s; and %s", r.Seen, plain.Count(r.Others, "more failure"))
}

func (r Reason) write(text *strings.Builder, key, value string) {
	if value != "" {
		writeWrapped(text, fmt.Sprintf("     %-7s ", key), 13, value)
	}
}

// writeThemes writes a line for each theme.
func (a Answer) writeThemes(text *strings.Builder) {
	if len(a.Themes) == 0 {
		return
	}
	writeLine(text, "%-13s %5s %7s %13s %8s  %s", "THEME", "HELD", "FAILED", "INCONCLUSIVE", "NOT RUN", "SLOWEST")
	for _, theme := range a.Themes {
		writeLine(text, "%-13s %5s %7s %13s %8s  %s", theme.Name, count(theme.Outcomes[record.Held]), count(theme.Outcomes[record.Failed]),
			count(theme.Outcomes[record.Inconclusive]), count(theme.Outcomes[record.NotRun]+theme.Untested), theme.Slowest)
	}
	writeLine(text, "")
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// writeWrapped writes a text in lines of at most width columns. Lines after the first are indented by hanging columns.
func writeWrapped(text *strings.Builder, indent string, hanging int, words string) {
	for _, line := range plain.Wrap(indent, hanging, width, strings.Fields(words)) {
		writeLine(text, "%s", line)
	}
}

func writeLine(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(strings.ReplaceAll(fmt.Sprintf(format, args...), "\t", " ")))
}
