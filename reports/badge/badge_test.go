package badge_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/badge"
)

func TestABadgeIsAPicture(t *testing.T) {
	for _, answer := range []string{"PROMOTE", "HOLD", "INCONCLUSIVE", `<script>"&`} {
		drawn := badge.Render(answer)
		reader := xml.NewDecoder(strings.NewReader(drawn))
		for {
			token, err := reader.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", answer, err)
			}
			if element, ok := token.(xml.StartElement); ok && element.Name.Local == "script" {
				t.Errorf("%s: a script", answer)
			}
		}
	}
	golden.Check(t, "hold.svg", badge.Render("HOLD"))
}
