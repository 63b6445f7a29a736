package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/budget"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/runner"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/telemetry"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
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

// policyFlags are the flags that choose the policy.
type policyFlags struct {
	Policy string `help:"What is waived, and what is asked for. Default: ci/policy.yaml beside this program." placeholder:"FILE" type:"path"`
}

// tellingFlags are the flags that choose what a run prints at its end.
type tellingFlags struct {
	Verbose bool `short:"v" help:"Print summary.txt before the answer: every promise with its quantiles, every failure, and all reasons."`
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
	// verbose prints the whole summary before the answer.
	verbose bool
}

// newJudge reads the files, so that a wrong one is refused before a run starts.
func newJudge(by policyFlags, older baselineFlags, signing signingFlags, telling tellingFlags) (j judge, err error) {
	j.verbose = telling.Verbose
	if j.policy, err = loadPolicy(by.Policy); err != nil {
		return j, err
	}
	if j.older, err = older.load(); err != nil {
		return j, err
	}
	j.key, err = attest.ReadSigningKey(signing.Key)
	return j, err
}

// conclude writes the reports of a run, prints the verdict, signs it, and sets the exit code.
func (j judge) conclude(ctx context.Context, stdout io.Writer, run runner.Run, code *outcome) error {
	path := config.Config{Output: run.Output}.RecordPath()
	found, data, err := record.LoadBytes(path) // what is judged is what is signed
	if err != nil {
		return err
	}
	run.Record = found
	written, err := folder.Write(folder.Run{Record: run.Record, Older: j.older, Policy: j.policy, Promises: promise.Recorded(), Targets: knownTargets()}, run.Output)
	if err != nil {
		return err
	}
	if j.verbose {
		_, _ = io.WriteString(stdout, written.Summary+"\n")
	}
	_, _ = io.WriteString(stdout, written.Answer.Text()) // the reader may have left: the reports and the exit code hold the answer
	_, sendErr := telemetry.Send(ctx, run.Record, os.Getenv)
	for _, err := range []error{appendJobSummary(written.Markdown), sendErr} {
		if err != nil { // neither changes the answer
			_, _ = fmt.Fprintln(stdout, "hero_chaos: "+err.Error())
		}
	}
	if *code, err = exitCode(run); err != nil {
		return err
	}
	output := filepath.Join(run.Output, folder.AttestationName)
	if err := sign(ctx, stdout, j.key, written.Verdict, output, attest.File{Path: path, Data: data, Record: found}); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stdout, runner.ClosingLine(run.Record))
	return nil
}

// jobSummaryVariable names the file whose Markdown a CI server shows with the job.
const jobSummaryVariable = "GITHUB_STEP_SUMMARY"

// appendJobSummary appends the answer to the summary of a CI job, if this is one.
func appendJobSummary(markdown string) (err error) {
	path := os.Getenv(jobSummaryVariable)
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // the CI server reads it, and names it
	if err != nil {
		return fmt.Errorf("write the job's summary: %w", err)
	}
	_, err = file.WriteString(markdown)
	return errors.Join(err, file.Close())
}

// withoutKey says that nothing was signed, and what to do about it.
const withoutKey = "hero_chaos: not attested: there is no key; name the file of one by --key or $HERO_CHAOS_KEY"

// sign writes the attestation of a verdict on the files. Without a key it removes an older one, and prints that it wrote none.
func sign(ctx context.Context, stdout io.Writer, key *attest.SigningKey, judged verdict.Verdict, output string, files ...attest.File) error {
	if key == nil {
		if err := os.Remove(output); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the old attestation: %w", err)
		}
		_, _ = fmt.Fprintln(stdout, withoutKey)
		return nil
	}
	bundle, err := attest.Sign(ctx, attest.Of(judged, files...), *key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output, bundle, 0o600); err != nil {
		return fmt.Errorf("write the attestation: %w", err)
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: attested as %s in %s\n", judged.Answer, output)
	return nil
}

// programRoot finds the checkout or distribution of this program.
var programRoot = config.ProgramRoot

// loadPolicy reads a policy file. An empty path is the one beside the program.
func loadPolicy(path string) (verdict.Policy, error) {
	if path == "" {
		root, err := programRoot()
		if err != nil {
			return verdict.Policy{}, fmt.Errorf("find the policy: %w: name one by --policy", err)
		}
		path = filepath.Join(root, "ci", "policy.yaml")
	}
	return verdict.LoadPolicy(path, promiseIDs())
}

// knownTargets returns the targets whose files lie beside the program. One that cannot be read is not known.
func knownTargets() (known []verdict.Target) {
	root, err := programRoot()
	if err != nil {
		return nil
	}
	paths, _ := filepath.Glob(filepath.Join(root, "fixtures", "targets", "*.yaml"))
	for _, path := range paths {
		found, err := target.Load(path)
		if err != nil {
			continue
		}
		limits := budget.RecordLimits(found.Budgets)
		one := verdict.Target{
			Name: found.Name, SHA256: found.SHA256(), Limits: &limits, ToleranceLimit: found.Budgets.Tolerance.Duration(), Confirmed: listConfirmed(found),
			Check: budget.RecordCheck(budget.CheckOf(found.Health)),
		}
		for _, service := range found.Services {
			policy := budget.RecordPolicy(found.PolicyOf(service))
			one.Services = append(one.Services, record.Service{Name: service.Name, Socket: service.Socket, Port: service.Port, Retry: &policy})
		}
		known = append(known, one)
	}
	return known
}

// listConfirmed returns the assumptions that a target's file confirms, also one by one if it confirms all: a record lists them if an image's
// spelling was learned.
func listConfirmed(t *target.Target) []string {
	confirmed := slices.Clone(t.Confirmed)
	if slices.Contains(confirmed, target.All) {
		for _, assumption := range zinit.Assumptions() {
			confirmed = append(confirmed, assumption.ID)
		}
	}
	return confirmed
}

// promiseIDs returns the ids of all promises.
func promiseIDs() (ids []string) {
	for _, p := range promise.All() {
		ids = append(ids, p.ID)
	}
	return ids
}
