// Package html writes a record as one page that a person reads offline. The page needs no script, no network and no other
// file, and holds everything that the target said as text alone. Each section of the page has a file and a template of its
// name.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

//go:embed *.tmpl
var templates embed.FS

// layout is the page with all its sections.
var layout = template.Must(template.ParseFS(templates, "*.tmpl"))

//go:embed report.css
var style string

//go:embed report.js
var script string

// Style returns the page's style sheet, for other pages that look like it.
func Style() string { return style }

// Input holds everything that a page is made of.
type Input struct {
	Record *record.Record
	// Verdict is nil if the record was not judged.
	Verdict *verdict.Verdict
	// MinimumSamples are those of the policy that it was judged by.
	MinimumSamples map[string]int
	// Baseline is nil if the record was not compared.
	Baseline *baseline.Comparison
	// Evidence is the folder of the record, which the paths of its evidence are relative to; nil if it is not at hand. No
	// path out of it is followed; os.Root's FS holds that for symbolic links too.
	Evidence fs.FS
}

// Render returns the page. It depends on the input alone: the same record gives the same bytes. If the page would be too
// large, it leaves items out and says how many. An error means a missing record, or a bug of this package.
func Render(in Input) ([]byte, error) {
	if in.Record == nil {
		return nil, errors.New("write the HTML report: there is no record")
	}
	text := new(bytes.Buffer)
	if err := layout.ExecuteTemplate(text, "page.tmpl", newPage(in)); err != nil {
		return nil, fmt.Errorf("write the HTML report: %w", err)
	}
	return makeVisible(text), nil
}

// makeVisible replaces invisible characters that the target may have said: control characters, and those that turn the
// direction of writing. The layout has none.
func makeVisible(text *bytes.Buffer) []byte {
	return bytes.Map(func(letter rune) rune {
		if letter == '\n' || letter == '\t' || unicode.IsPrint(letter) {
			return letter
		}
		return unicode.ReplacementChar
	}, text.Bytes())
}

// contentPolicy returns the page's Content-Security-Policy: nothing is loaded, and only our own style and script are in
// force.
func contentPolicy() string {
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hash(style), hash(script))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
