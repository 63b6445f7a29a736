package cli

import (
	"fmt"
	"io"
	"regexp"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/baseline"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// recordFlags are the arguments of a command that judges records.
type recordFlags struct {
	Records []string `arg:"" name:"record" help:"Records of the image's runs (record.json): one of a whole run, or all of its shards." type:"path"`
	Digest  string   `help:"Digest of the image that is to be promoted. Default: the one that the records are of." placeholder:"sha256:..."`
	policyFlags
	baselineFlags
}

// digestForm is the form of an image's digest.
var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// judge reads the records and judges them as of a time. It returns what it read, and the text of the comparison with the baseline,
// empty without one, as well.
func (f recordFlags) judge(now time.Time) (judged verdict.Verdict, files []attest.File, text string, err error) {
	if f.Digest != "" && !digestForm.MatchString(f.Digest) {
		return judged, nil, "", fmt.Errorf("promote %q: a digest is sha256: and 64 hexadecimal digits", f.Digest)
	}
	policy, err := loadPolicy(f.Policy)
	if err != nil {
		return judged, nil, "", err
	}
	var records []*record.Record
	for _, path := range f.Records {
		read, data, err := record.LoadBytes(path)
		if err != nil {
			return judged, nil, "", err
		}
		records, files = append(records, read), append(files, attest.File{Path: path, Data: data, Record: read})
	}
	older, err := f.load()
	if err != nil {
		return judged, nil, "", err
	}
	comparison, err := baseline.CompareRun(older, records, policy)
	if err != nil {
		return judged, nil, "", err
	}
	return verdict.Judge(records, verdict.Against{
		Policy: policy, Now: now, Digest: f.Digest, Promises: promise.Recorded(), Targets: knownTargets(), Slowdowns: comparison.Slowdowns(),
	}), files, comparison.Text(), nil
}

// promoteCommand is hero_chaos promote.
type promoteCommand struct {
	recordFlags
	JSON bool       `name:"json" help:"Print the verdict as JSON."`
	Now  *time.Time `help:"Judge as of this time, such as judged.at of a verdict.json. Default: now." placeholder:"2026-12-31T23:59:59Z"`
}

// Run judges records and prints the verdict. It writes no file.
func (c *promoteCommand) Run(stdout io.Writer, code *outcome) error {
	now := time.Now()
	if c.Now != nil {
		now = *c.Now
	}
	judged, _, comparison, err := c.judge(now)
	if err != nil {
		return err
	}
	*code = answerCode(judged.Answer)
	text := []byte(comparison + summary.Verdict(judged))
	if c.JSON {
		if text, err = judged.JSON(); err != nil {
			return err
		}
	}
	_, err = stdout.Write(text)
	return err
}

// answerCode returns the exit code of a verdict (ARCHITECTURE.md, "Exit codes").
func answerCode(answer verdict.Answer) outcome {
	switch answer {
	case verdict.Promote:
		return exitHeld
	case verdict.Hold:
		return exitFailed
	}
	return exitInconclusive
}
