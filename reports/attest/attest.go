// Package attest signs a verdict for people who promote an image without having its record. It writes an in-toto bundle of
// two attestations of the image's digest, each in a DSSE envelope: the results of the tests, and their judgement by a policy.
package attest

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Attested is the signed part of a verdict.
type Attested struct {
	// Image is the reference of the tested image. Digest is "sha256:" and 64 hexadecimal digits.
	Image, Digest string
	// Verdict is PROMOTE, HOLD or INCONCLUSIVE.
	Verdict string
	// Records are the files that were judged, at least one.
	Records []Record
	// Policy is the SHA-256 of the policy, in hexadecimal.
	Policy string
	// Judged is the time of the judgement.
	Judged time.Time
	// Passed are the ids of the promises that held, Open those of all others.
	Passed, Open []string
	// Version is the version of the harness, if it is known.
	Version string
}

// Record is a file that was judged.
type Record struct {
	Name     string
	SHA256   string // in hexadecimal
	Finished time.Time
}

// Promoted is the verdict that Verify requires.
const Promoted = "PROMOTE"

var (
	wholeDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	wholeHash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check returns an error if a member that others rely on is missing or invalid.
func (a Attested) check() error {
	switch {
	case a.Verdict != Promoted && a.Verdict != "HOLD" && a.Verdict != "INCONCLUSIVE":
		return fmt.Errorf("the verdict is %q: it must be PROMOTE, HOLD or INCONCLUSIVE", a.Verdict)
	case !wholeDigest.MatchString(a.Digest):
		return fmt.Errorf("the image's digest is %q: it must be sha256: and 64 hexadecimal digits", a.Digest)
	case !wholeHash.MatchString(a.Policy):
		return errors.New("the SHA-256 of the policy is missing")
	case len(a.Records) == 0:
		return errors.New("no record is named")
	case a.Judged.IsZero():
		return errors.New("the time of the judgement is missing")
	}
	for _, record := range a.Records {
		if !wholeHash.MatchString(record.SHA256) || record.Finished.IsZero() || record.Name == policyName {
			return fmt.Errorf("the record %q has no SHA-256, no end, or the name of the policy", record.Name)
		}
	}
	return nil
}

// Expected holds the conditions for promoting an image by an attestation.
type Expected struct {
	// Digest is the digest of the image to promote.
	Digest string
	// AgeLimit is how long ago the oldest run may have ended.
	AgeLimit time.Duration
	Now      time.Time
}

// clockSkewLimit is how far two clocks may differ without being wrong.
const clockSkewLimit = time.Minute

// check returns an error if an attestation does not meet the conditions.
func (e Expected) check(a Attested) error {
	if a.Digest != e.Digest {
		return fmt.Errorf("the attestation is of the image %s, not of %s", a.Digest, e.Digest)
	}
	if a.Judged.After(e.Now.Add(clockSkewLimit)) {
		return fmt.Errorf("the verdict was judged at %s: that is in the future", formatTime(a.Judged))
	}
	for _, record := range a.Records {
		switch {
		case record.Finished.After(a.Judged.Add(clockSkewLimit)):
			return fmt.Errorf("the run of %s ended at %s, after the judgement", record.Name, formatTime(record.Finished))
		case e.Now.Sub(record.Finished) > e.AgeLimit:
			return fmt.Errorf("stale: the run of %s ended at %s, more than %v ago", record.Name, formatTime(record.Finished), e.AgeLimit)
		}
	}
	if a.Verdict != Promoted {
		return fmt.Errorf("the verdict is %s, not PROMOTE", a.Verdict)
	}
	return nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
