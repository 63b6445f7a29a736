package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
)

// attestCommand is hero_chaos attest.
type attestCommand struct {
	recordFlags
	signingFlags
	WithoutKey bool   `help:"Without a key, remove the attestation of an earlier verdict. Otherwise that is an error."`
	Output     string `help:"File to write. Default: attestation.intoto.jsonl beside the first record." placeholder:"FILE" type:"path"`
}

// Run judges the records as promote does, and signs the verdict, whatever it is.
func (c *attestCommand) Run(ctx context.Context, stdout io.Writer) error {
	output := cmp.Or(c.Output, filepath.Join(filepath.Dir(c.Records[0]), folder.AttestationName))
	if err := refuseOverwriting(output, append([]string{c.Key, c.Policy, c.Baseline}, c.Records...)...); err != nil {
		return fmt.Errorf("attest the verdict: %w", err)
	}
	key, err := attest.ReadSigningKey(c.Key)
	if err != nil {
		return err
	}
	if key == nil && !c.WithoutKey {
		return errors.New("attest the verdict: there is no key: name the file of one by --key or $HERO_CHAOS_KEY, or remove the old attestation by --without-key")
	}
	judged, files, comparison, err := c.judge(time.Now())
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, comparison+summary.Verdict(judged)); err != nil {
		return err
	}
	return sign(ctx, stdout, key, judged, output, files...)
}
