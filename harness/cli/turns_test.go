package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
)

// taken runs two images by turns, as the command does with the tools that a build has put beside it.
func taken(t *testing.T, tools runner.Tools) (output, stdout string, code outcome, err error) {
	t.Helper()
	command := runCommand{Image: "new", BaselineImage: "old", Target: "embedded", Profile: "quick", Seed: 1, Output: t.TempDir()}
	configuration, err := command.configuration()
	if err != nil {
		t.Fatal(err)
	}
	by, err := command.means()
	if err != nil {
		t.Fatal(err)
	}
	text := new(strings.Builder)
	err = command.byTurns(t.Context(), text, tools, configuration, by, &code)
	return command.Output, text.String(), code, err
}

func TestTwoImagesAreRunByTurns(t *testing.T) {
	tools, asked := player(t, "")
	output, stdout, code, err := taken(t, tools)
	if err != nil || code != exitHeld || !strings.Contains(stdout, "nothing could be compared with the baseline") {
		t.Fatalf("exit code %d, %v, %s", code, err, stdout)
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
	if _, err := os.Stat(filepath.Join(output, pageName)); err != nil {
		t.Error(err)
	}
}

func TestABaselineThatProvesNothingIsAnError(t *testing.T) {
	tools, _ := player(t, `[ "$(of image)" = new ] || exit 1`)
	if _, _, _, err := taken(t, tools); err == nil || !strings.HasPrefix(err.Error(), "the image to compare with: every result in the record held, but Ginkgo failed") {
		t.Errorf("%v", err)
	}
	tools, _ = player(t, `sed -i '/^"end"/d; s/"evidence": \[\],/"evidence": []}/' "$(of output)/record.json"`)
	if _, _, _, err := taken(t, tools); err == nil || !strings.Contains(err.Error(), "merge shards: 1/2: it did not come to its end") {
		t.Errorf("%v", err)
	}
}

func TestWhatCannotBeComparedByTurns(t *testing.T) {
	for _, other := range []string{"--container=x", "--baseline=x", "--shard=1/2"} {
		code, _, stderr := commandLine("run", "--baseline-image=old", other)
		if name, _, _ := strings.Cut(other, "="); code != exitError || !strings.Contains(stderr, "--baseline-image with "+name+": give one of them") {
			t.Errorf("%s: exit code %d, %q", other, code, stderr)
		}
	}
}
