package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/summary"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/tally"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// attestationName is the file that a run's attestation is written to, beside its record.
const attestationName = "attestation.intoto.jsonl"

// withoutKey says that nothing was signed, and what to do about it.
const withoutKey = "hero_chaos: not attested: there is no key; name the file of one by --key or $HERO_CHAOS_KEY"

// signer is how a command is told by which key it signs. The key itself is never an argument. The variable is set and empty
// where a CI has no secret to give: kong's type path would make the working directory of it.
type signer struct {
	Key string `help:"File with the Ed25519 key (PKCS#8, PEM) to sign the verdict with. Without one nothing is signed." env:"HERO_CHAOS_KEY" placeholder:"FILE"`
}

// signingKey reads the key; nil where none was named.
func (s signer) signingKey() (*attest.SigningKey, error) {
	if s.Key == "" {
		return nil, nil //nolint:nilnil // without a key nothing is signed, which is no error
	}
	text, err := private(s.Key)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", s.Key, err)
	}
	key, err := attest.ParseSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("read the signing key %s: %w", s.Key, err)
	}
	return &key, nil
}

// attestCommand signs a verdict on records that are there already.
type attestCommand struct {
	judging
	signer
	Output string `help:"File to write. Default: attestation.intoto.jsonl beside the first record." placeholder:"FILE" type:"path"`
}

// Run judges the records as promote does, and signs what came of it, whatever that is.
func (c *attestCommand) Run(ctx context.Context, stdout io.Writer) error {
	key, err := c.signingKey()
	if err != nil {
		return err
	}
	judged, records, comparison, err := c.judge(time.Now())
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, comparison+summary.Verdict(judged)); err != nil {
		return err
	}
	output := cmp.Or(c.Output, filepath.Join(filepath.Dir(c.Records[0]), attestationName))
	return sign(ctx, stdout, key, judged, c.Records, records, output)
}

// sign writes the attestation of a verdict on the records of those paths, or says that it did not.
func sign(ctx context.Context, stdout io.Writer, key *attest.SigningKey, judged verdict.Verdict, paths []string, records []*record.Record, output string) error {
	if key == nil {
		_, err := fmt.Fprintln(stdout, withoutKey)
		return err
	}
	a, err := attested(judged, paths, records)
	if err != nil {
		return err
	}
	bundle, err := attest.Sign(ctx, a, *key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output, bundle, 0o600); err != nil {
		return fmt.Errorf("write the attestation: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "hero_chaos: attested as %s in %s\n", judged.Answer, output)
	return err
}

// largestKey is more than any file with one key has, in bytes.
const largestKey = 16 << 10

// private reads a file that nobody but its owner can read.
func private(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the file that was named
	if err != nil {
		return nil, errors.Unwrap(err) // the path is said by whoever asked
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !about.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case about.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others can read it (its mode is %#o): chmod 600 it, and think of replacing it", about.Mode().Perm())
	}
	return io.ReadAll(io.LimitReader(file, largestKey))
}

// attested is what is signed of a verdict on the records of those paths.
func attested(judged verdict.Verdict, paths []string, records []*record.Record) (attest.Attested, error) {
	a := attest.Attested{
		Image: judged.Image, Digest: judged.Digest, Verdict: string(judged.Answer), Policy: judged.Judged.Policy, Judged: judged.Judged.At,
	}
	for i, path := range paths {
		sum, err := fileSum(path)
		if err != nil {
			return a, fmt.Errorf("attest the verdict: %w", err)
		}
		one := attest.Record{Name: filepath.Base(path), SHA256: sum}
		one.Finished = finishedFirst(records[i])
		a.Records, a.Version = append(a.Records, one), records[i].Run.Version
	}
	a.Passed, a.Open = passed(records)
	return a, nil
}

// finishedFirst is when the first of a record's runs ended, for evidence is as old as the oldest part of it; the zero time
// of a record that has no end.
func finishedFirst(r *record.Record) (first time.Time) {
	for i, run := range r.Runs() {
		if i == 0 || run.Finished.Before(first) {
			first = run.Finished
		}
	}
	return first
}

// passed sorts the promises that records know by whether all their results held.
func passed(records []*record.Record) (held, others []string) {
	all := map[string]bool{}
	for _, r := range records {
		for _, promise := range r.Run.Promises {
			all[promise.ID] = false
		}
	}
	failed := map[string]bool{}
	for _, r := range records {
		for _, promise := range tally.Of(r) {
			total := 0
			for _, n := range promise.Outcomes {
				total += n
			}
			whole := total > 0 && promise.Outcomes[record.Held] == total
			failed[promise.ID] = failed[promise.ID] || !whole
			all[promise.ID] = !failed[promise.ID]
		}
	}
	for id, ok := range all {
		if ok {
			held = append(held, id)
		} else {
			others = append(others, id)
		}
	}
	slices.Sort(held)
	slices.Sort(others)
	return held, others
}

func fileSum(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // a record that was named
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// verifyCommand is what a gate asks that has no record.
type verifyCommand struct {
	Attestation string        `arg:"" help:"The attestation, as run and attest write it." type:"path"`
	Key         string        `help:"File with the public Ed25519 key (PEM)." placeholder:"FILE" type:"path" required:""`
	Digest      string        `help:"Digest of the image that is to be promoted." placeholder:"sha256:..." required:""`
	MaxAge      time.Duration `help:"How long ago the run may have ended." default:"24h"`
}

// largestAttestation is a hundred times what one of hundreds of promises has, in bytes.
const largestAttestation = 4 << 20

// Run says whether the image may be promoted by what is attested of it.
func (c *verifyCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return fmt.Errorf("read the verifying key: %w", err)
	}
	key, err := attest.ParseVerifyingKey(text)
	if err != nil {
		return fmt.Errorf("read the verifying key %s: %w", c.Key, err)
	}
	file, err := os.Open(c.Attestation)
	if err != nil {
		return fmt.Errorf("read the attestation: %w", err)
	}
	defer func() { _ = file.Close() }()
	bundle, err := io.ReadAll(io.LimitReader(file, largestAttestation))
	if err != nil {
		return fmt.Errorf("read the attestation %s: %w", c.Attestation, err)
	}
	found, err := attest.Verify(ctx, bundle, key, attest.Expected{Digest: c.Digest, MaxAge: c.MaxAge, Now: time.Now()})
	if err != nil {
		*code = exitFailed
		_, err = fmt.Fprintf(stdout, "refused: %v\n", err)
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s %s %s, judged at %s\n", found.Verdict, found.Image, found.Digest, found.Judged.Format(time.RFC3339))
	return err
}
