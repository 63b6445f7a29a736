package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
)

// verifyCommand is hero_chaos verify, for a gate that has no record.
type verifyCommand struct {
	Attestation string        `arg:"" help:"The attestation, as run and attest write it." type:"path"`
	Key         string        `help:"File with the public Ed25519 key (PEM)." placeholder:"FILE" type:"path" required:""`
	Digest      string        `help:"Digest of the image that is to be promoted." placeholder:"sha256:..." required:""`
	AgeLimit    time.Duration `name:"max-age" help:"How long ago the run may have ended." default:"24h"`
}

// largestAttestation is a hundred times the bytes of one with hundreds of promises.
const largestAttestation = 4 << 20

// Run checks an attestation, and prints whether the image may be promoted.
func (c *verifyCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	key, err := attest.ReadVerifyingKey(c.Key)
	if err != nil {
		return err
	}
	bundle, err := regular.Read(c.Attestation, largestAttestation)
	if err != nil {
		return fmt.Errorf("read the attestation: %w", err)
	}
	found, err := attest.Verify(ctx, bundle, key, attest.Expected{Digest: c.Digest, AgeLimit: c.AgeLimit, Now: time.Now()})
	if err != nil {
		*code = exitFailed
		_, err = fmt.Fprintf(stdout, "refused: %v\n", err)
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s %s %s, judged at %s\n", found.Verdict, found.Image, found.Digest, found.Judged.Format(time.RFC3339))
	return err
}
