// Package html writes a record as one page that a person reads offline: it needs no script, no network and no other
// file, and holds whatever the target said as text alone.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the files beside this one
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

//go:embed report.tmpl
var layout string

//go:embed report.css
var style string

//go:embed report.js
var script string

// Input is what a page is made of.
type Input struct {
	Record *record.Record
	// Verdict is nil where nobody has judged the record.
	Verdict *verdict.Verdict
	// Baseline is nil where the record was compared with no other.
	Baseline *baseline.Comparison
	// Evidence is the folder of the record, which the paths of its evidence are relative to; nil where it is not at hand.
	// A path that leads out of it is not followed: os.Root's FS holds symbolic links to that as well.
	Evidence fs.FS
}

// Render returns the page. It depends on nothing but the input: the same record gives the same bytes. What would make
// the page large is left out, and the page says how much it was. An error is one of a record that is missing, or of
// this package.
func Render(in Input) ([]byte, error) {
	if in.Record == nil {
		return nil, errors.New("write the HTML report: there is no record")
	}
	parsed, err := template.New("report").Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("write the HTML report: read its template: %w", err)
	}
	text := new(bytes.Buffer)
	if err := parsed.Execute(text, newPage(in)); err != nil {
		return nil, fmt.Errorf("write the HTML report: %w", err)
	}
	return []byte(strings.Map(visible, text.String())), nil
}

// visible replaces what would not be seen, or would change how the letters beside it are seen, in whatever was said by
// the target: control characters and those that turn the direction of writing. The layout has none.
func visible(letter rune) rune {
	if letter == '\n' || letter == '\t' || unicode.IsPrint(letter) {
		return letter
	}
	return unicode.ReplacementChar
}

// policy is the page's Content-Security-Policy: nothing is loaded, and only our own style and script are in force.
func policy() string {
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hash(style), hash(script))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
