package live

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/span"
)

//go:embed page.tmpl
var layout string

//go:embed page.css
var style string

//go:embed page.js
var script string

// recovery is a recovery in one line.
type recovery struct {
	Promise string `json:"promise"`
	Service string `json:"service"`
	Fault   string `json:"fault"`
	Text    string `json:"text"`
	Serves  bool   `json:"serves"`
}

// describe returns a recovery with its phases in words.
func describe(r record.Recovery) recovery {
	made := recovery{Promise: r.Promise, Service: r.Service, Fault: r.Fault, Serves: r.Serving != nil}
	if r.Landing == nil {
		made.Text = "the fault did not take effect"
		return made
	}
	var parts []string
	for _, phase := range record.Phases() {
		if took, ok := r.Took(phase); ok && (phase.Name == "exited" || phase.Name == "respawned" || phase.Name == "serving") {
			parts = append(parts, phase.Title+" "+span.Text(took)+" "+phase.After)
		}
	}
	if made.Text = strings.Join(parts, ", "); made.Text == "" {
		made.Text = "nothing followed for " + span.Text(time.Duration(r.Observed.Hi-r.Injected.Lo))
	}
	return made
}

// render returns the page and its Content-Security-Policy: nothing is loaded but its own events.
func render(title, reportStyle string) (page []byte, policy string) {
	css := reportStyle + style
	text := new(bytes.Buffer)
	err := template.Must(template.New("page").Parse(layout)).Execute(text, struct {
		Title  string
		Style  template.CSS
		Script template.JS
	}{title, template.CSS(css), template.JS(script)}) //nolint:gosec // both are files of ours
	if err != nil {
		panic(err) // a bug of this package
	}
	return text.Bytes(), fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		hash(css), hash(script))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
