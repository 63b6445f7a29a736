package runner

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// alternate runs the images new and old in turns, into a folder.
func alternate(t *testing.T, tools Tools) (output string, run Run, older *record.Record, err error) {
	t.Helper()
	output = t.TempDir()
	configuration := config.Config{Target: "embedded.yaml", Image: "new", Profile: "quick", Seed: 1, Procs: 2, Output: output}
	run, older, err = tools.Alternate(deadline(t), io.Discard, configuration, "old", "")
	return output, run, older, err
}

func TestAlternateTakesTurns(t *testing.T) {
	tools, asked := playImages(t, "")
	output, run, older, err := alternate(t, tools)
	if err != nil || !run.Passed || run.Output != output || run.Record.Run.Image != "new" || older.Run.Image != "old" {
		t.Fatalf("%+v, %+v, %v", run, older, err)
	}
	if asked() != "new old old new" {
		t.Errorf("the order is %s", asked())
	}
	for folder, image := range map[string]string{"": "new", "baseline": "old"} {
		r, err := record.Load(filepath.Join(output, folder, "record.json"))
		if err != nil || r.Run.Image != image || len(r.Run.Parts) != 2 || len(r.Results) != 2 || r.Results[0].Service == r.Results[1].Service {
			t.Errorf("the record of %s: %v, %+v", image, err, r)
		}
	}
}

func TestABaselineThatProvesNothingIsAnError(t *testing.T) {
	tools, _ := playImages(t, `[ "$(of image)" = new ] || exit 1`)
	if _, _, _, err := alternate(t, tools); err == nil || !strings.HasPrefix(err.Error(), "the image to compare with: every result in the record held, but Ginkgo failed") {
		t.Errorf("%v", err)
	}
	tools, _ = playImages(t, `sed -i '/^"end"/d; s/"evidence": \[\],/"evidence": []}/' "$(of output)/record.json"`)
	if _, _, _, err := alternate(t, tools); err == nil || !strings.Contains(err.Error(), "merge shards: 1/2: it did not come to its end") {
		t.Errorf("%v", err)
	}
}
