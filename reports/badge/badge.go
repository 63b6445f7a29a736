// Package badge draws a verdict as a small SVG picture for a README.
package badge

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// Render returns the badge of an answer. It needs no font or file of another machine.
func Render(answer string) string {
	const (
		label      = "hero_chaos"
		labelWidth = 78
	)
	colour := map[string]string{"PROMOTE": "#17633f", "HOLD": "#a8231c", "INCONCLUSIVE": "#7d5200"}[answer]
	if colour == "" {
		colour = "#5a6068"
	}
	width := 18 + 8*len(answer)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>`+
		`<rect width="%d" height="20" rx="3" fill="#444a52"/><rect x="%d" width="%d" height="20" rx="3" fill="%s"/>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">`+
		`<text x="%d" y="14">%s</text><text x="%d" y="14">%s</text></g></svg>`+"\n",
		labelWidth+width, label, escape(answer), label, escape(answer), labelWidth+width, labelWidth, width, colour, labelWidth/2, label, labelWidth+width/2, escape(answer))
}

func escape(text string) string {
	escaped := new(bytes.Buffer)
	_ = xml.EscapeText(escaped, []byte(text))
	return escaped.String()
}
