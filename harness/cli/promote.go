package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// verdictName is the file that a run's verdict is written to, beside its record.
const verdictName = "verdict.json"

// judging is what records are judged against.
type judging struct {
	Records []string `arg:"" name:"record" help:"Records of the image's runs (record.json): one of a whole run, or all of its shards." type:"path"`
	Policy  string   `help:"What is waived, and what is asked for. Default: ci/policy.yaml of the checkout." placeholder:"FILE" type:"path"`
	Digest  string   `help:"Digest of the image that is to be promoted. Default: the one that the records are of." placeholder:"sha256:..."`
	earlier
}

// judge reads the records and judges them as of a time. The text is of the comparison with the baseline, empty without
// one.
func (c judging) judge(now time.Time) (found verdict.Verdict, records []*record.Record, text string, err error) {
	if c.Digest != "" && !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(c.Digest) {
		return found, nil, "", fmt.Errorf("promote %q: a digest is sha256: and 64 hexadecimal digits", c.Digest)
	}
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return found, nil, "", err
	}
	for _, path := range c.Records {
		read, err := record.Load(path)
		if err != nil {
			return found, nil, "", err
		}
		records = append(records, read)
	}
	older, err := c.readBaseline()
	if err != nil {
		return found, nil, "", err
	}
	comparison, err := compared(older, records, policy)
	if err != nil {
		return found, nil, "", err
	}
	return verdict.Judge(records, verdict.Against{
		Policy: policy, Now: now, Digest: c.Digest, Promises: promise.Recorded(), Slowdowns: slowdowns(comparison),
	}), records, comparisonText(comparison), nil
}

type promoteCommand struct {
	judging
	JSON bool      `name:"json" help:"Print the verdict as JSON."`
	Now  time.Time `help:"Judge as of this time, such as judged.at of a verdict.json. Default: now." placeholder:"2026-12-31T23:59:59Z"`
}

// Run judges records; nothing is written.
func (c *promoteCommand) Run(stdout io.Writer, code *outcome) error {
	now := c.Now
	if now.IsZero() {
		now = time.Now()
	}
	found, _, comparison, err := c.judge(now)
	if err != nil {
		return err
	}
	*code = promotion(found.Answer)
	text := []byte(comparison + summary.Verdict(found))
	if c.JSON {
		if text, err = found.JSON(); err != nil {
			return err
		}
	}
	_, err = stdout.Write(text)
	return err
}

// promotion is the exit code of promote (ARCHITECTURE.md, "Exit codes").
func promotion(answer verdict.Answer) outcome {
	switch answer {
	case verdict.Promote:
		return exitHeld
	case verdict.Hold:
		return exitFailed
	}
	return exitInconclusive
}

// loadPolicy reads a policy file; an empty path is the checkout's own.
func loadPolicy(path string) (verdict.Policy, error) {
	if path == "" {
		defaults, err := config.Default()
		if err != nil {
			return verdict.Policy{}, fmt.Errorf("find the policy, or name one by --policy: %w", err)
		}
		path = filepath.Join(defaults.Root, "ci", "policy.yaml")
	}
	var ids []string
	for _, known := range promise.All() {
		ids = append(ids, known.ID)
	}
	return verdict.LoadPolicy(path, ids)
}

// missing notes in a record that results are missing: of specs that the run had to ask there is none, or Ginkgo has failed
// (passed is its own word) and no result has. A worker that dies takes the result of its spec along, and who judges the
// record later has not seen Ginkgo.
func missing(found *record.Record, passed bool, asked []shard.Spec, path string) error {
	in := map[record.Key]bool{}
	failed := false
	for _, result := range found.Results {
		in[result.Key()] = true
		failed = failed || result.Outcome == record.Failed
	}
	lost := slices.DeleteFunc(slices.Clone(asked), func(s shard.Spec) bool { return in[s.Key] })
	switch {
	case len(lost) > 0:
		first := strings.TrimSuffix(lost[0].Key.Promise+"/"+lost[0].Key.Service, "/")
		found.Notes = append(found.Notes, fmt.Sprintf("%d of %d results are missing, as that of %s; see ginkgo.log", len(lost), len(asked), first))
	case !passed && !failed:
		found.Notes = append(found.Notes, "Ginkgo failed, and no result did: results may be missing; see ginkgo.log")
	default:
		return nil
	}
	return found.Save(path)
}

// concluded judges a run that has just ended, and writes the verdict beside its record.
func concluded(found *record.Record, policy verdict.Policy, output string, slower ...verdict.Slowdown) (verdict.Verdict, error) {
	judged := verdict.Judge([]*record.Record{found}, verdict.Against{
		Policy: policy, Now: time.Now(), Promises: promise.Recorded(), Slowdowns: slower,
	})
	document, err := judged.JSON()
	if err != nil {
		return judged, err
	}
	if err := os.WriteFile(filepath.Join(output, verdictName), document, 0o600); err != nil {
		return judged, fmt.Errorf("write the verdict: %w", err)
	}
	return judged, nil
}
