package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// baselineFlags are the flags that choose what a run is compared with.
type baselineFlags struct {
	Baseline string `help:"Record of the image that was promoted last: what takes longer than there, significantly and by more than the policy allows, holds the image back." placeholder:"RECORD" type:"path"`
}

// load reads the record of the baseline; nil if none was named.
func (f baselineFlags) load() (*record.Record, error) {
	if f.Baseline == "" {
		return nil, nil //nolint:nilnil // nothing to compare with is no error
	}
	read, err := record.Load(f.Baseline)
	if err != nil {
		return nil, fmt.Errorf("compare with the baseline: %w", err)
	}
	return read, nil
}

// signingFlags are the flags that choose the key to sign with. The key itself is never an argument. A CI without the secret
// sets the variable to nothing, which kong's type path would make the working directory.
type signingFlags struct {
	Key string `help:"File with the Ed25519 key (PKCS#8, PEM) to sign the verdict with. Without one nothing is signed." env:"HERO_CHAOS_KEY" placeholder:"FILE"`
}

// judge holds what a run is judged and signed by.
type judge struct {
	policy verdict.Policy
	older  *record.Record     // nil: it is compared with nothing
	key    *attest.SigningKey // nil: nothing is signed
}

// newJudge reads the files, so that a wrong one is refused before a run starts.
func newJudge(older baselineFlags, by signingFlags) (j judge, err error) {
	if j.policy, err = loadPolicy(""); err != nil {
		return j, err
	}
	if j.older, err = older.load(); err != nil {
		return j, err
	}
	j.key, err = attest.ReadSigningKey(by.Key)
	return j, err
}

// conclude writes the reports of a run, prints the verdict, signs it, and sets the exit code.
func (j judge) conclude(ctx context.Context, stdout io.Writer, run runner.Run, code *outcome) error {
	judged, text, err := folder.Write(folder.Run{Record: run.Record, Older: j.older, Policy: j.policy, Promises: promise.Recorded()}, run.Output)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, text); err != nil {
		return err
	}
	if *code, err = exitCode(run); err != nil {
		return err
	}
	path := config.Config{Output: run.Output}.RecordPath()
	if err := sign(ctx, stdout, j.key, judged, []string{path}, []*record.Record{run.Record}, filepath.Join(run.Output, folder.AttestationName)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, runner.ClosingLine(run.Record))
	return err
}

// withoutKey says that nothing was signed, and what to do about it.
const withoutKey = "hero_chaos: not attested: there is no key; name the file of one by --key or $HERO_CHAOS_KEY"

// sign writes the attestation of a verdict on the records at the paths. Without a key it prints that it did not.
func sign(ctx context.Context, stdout io.Writer, key *attest.SigningKey, judged verdict.Verdict, paths []string, records []*record.Record, output string) error {
	if key == nil {
		_, err := fmt.Fprintln(stdout, withoutKey)
		return err
	}
	a, err := attest.Of(judged, paths, records)
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

// loadPolicy reads a policy file. An empty path is the checkout's own.
func loadPolicy(path string) (verdict.Policy, error) {
	if path == "" {
		defaults, err := config.Default()
		if err != nil {
			return verdict.Policy{}, fmt.Errorf("find the policy, or name one by --policy: %w", err)
		}
		path = filepath.Join(defaults.Root, "ci", "policy.yaml")
	}
	return verdict.LoadPolicy(path, promiseIDs())
}

// promiseIDs returns the ids of all promises.
func promiseIDs() (ids []string) {
	for _, p := range promise.All() {
		ids = append(ids, p.ID)
	}
	return ids
}
