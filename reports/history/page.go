package history

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

//go:embed page.html
var pageText string

// parsed is the page.
var parsed = template.Must(template.New("page").Funcs(template.FuncMap{
	"mark": markOf, "class": classOf, "when": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
	"span": span.Text, "line": drawTrend, "last": lastOf, "short": shorten, "p": formatP,
	"count": func(r Run, o string) int { return r.Outcomes[record.Outcome(o)] },
}).Parse(pageText))

// HTML returns the history as one page that needs no script and no other file.
func (h History) HTML() ([]byte, error) {
	text := new(bytes.Buffer)
	if err := parsed.Execute(text, h); err != nil {
		return nil, fmt.Errorf("write the history: %w", err)
	}
	return bytes.Map(func(letter rune) rune {
		if letter == '\n' || unicode.IsPrint(letter) {
			return letter
		}
		return unicode.ReplacementChar
	}, text.Bytes()), nil
}

func markOf(o record.Outcome) string {
	return map[record.Outcome]string{record.Held: "✓ held", record.Failed: "✗ failed", record.Inconclusive: "? inconclusive"}[o]
}

func classOf(o record.Outcome) string {
	return map[record.Outcome]string{record.Held: "h", record.Failed: "f", record.Inconclusive: "i"}[o]
}

// shorten cuts a long name of a target.
func shorten(text string) string {
	const longest = 120
	letters := []rune(text)
	if len(letters) <= longest {
		return text
	}
	return string(letters[:longest]) + "…"
}

// lastOf returns the last median of a phase.
func lastOf(p Phase) string {
	for i := len(p.Medians) - 1; i >= 0; i-- {
		if p.Medians[i] >= 0 {
			return span.Text(p.Medians[i])
		}
	}
	return ""
}

// The size of a trend, in the units of its picture.
const trendWidth, trendHeight = 120, 24

// drawTrend returns the path of a trend: from 0 at the bottom to the longest median at the top. A run without a median leaves a gap.
func drawTrend(p Phase) string {
	longest := time.Duration(1)
	for _, median := range p.Medians {
		longest = max(longest, median)
	}
	path, gap := new(strings.Builder), true
	for i, median := range p.Medians {
		if median < 0 {
			gap = true
			continue
		}
		x := float64(trendWidth) / 2
		if len(p.Medians) > 1 {
			x = 2 + float64(i)*(trendWidth-4)/float64(len(p.Medians)-1)
		}
		y := trendHeight - 2 - float64(median)/float64(longest)*(trendHeight-4)
		command := "L"
		if gap {
			command = "M"
		}
		_, _ = fmt.Fprintf(path, "%s%.1f %.1f", command, x, y)
		if gap {
			_, _ = path.WriteString("h0")
		}
		gap = false
	}
	return path.String()
}
