// Package attest signs what a verdict was, for whoever promotes an image somewhere else and has no record: an in-toto
// bundle of two attestations of the image's digest, each in a DSSE envelope: what the tests came to, and that it was
// judged by a policy.
package attest

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Attested is what is signed of a verdict.
type Attested struct {
	// Image is the reference that was tested, Digest what it was: "sha256:" and 64 hexadecimal digits.
	Image, Digest string
	// Verdict is PROMOTE, HOLD or INCONCLUSIVE.
	Verdict string
	// Records are the files that were judged, one or more.
	Records []Record
	// Policy is the SHA-256 of the policy that they were judged by, in hexadecimal.
	Policy string
	// Judged is when.
	Judged time.Time
	// Passed are the ids of the promises that held, Open those of all others: failed, or not proved.
	Passed, Open []string
	// Version is that of the harness, where it is known.
	Version string
}

// Record is a file that was judged.
type Record struct {
	Name     string
	SHA256   string // in hexadecimal
	Finished time.Time
}

// Promoted is the verdict that Verify asks for.
const Promoted = "PROMOTE"

var (
	wholeDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	wholeHash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check refuses what would be signed without saying anything.
func (a Attested) check() error {
	switch {
	case a.Verdict != Promoted && a.Verdict != "HOLD" && a.Verdict != "INCONCLUSIVE":
		return fmt.Errorf("the verdict is %q: it has to be PROMOTE, HOLD or INCONCLUSIVE", a.Verdict)
	case !wholeDigest.MatchString(a.Digest):
		return fmt.Errorf("the image's digest is %q: it has to be sha256: and 64 hexadecimal digits", a.Digest)
	case !wholeHash.MatchString(a.Policy):
		return errors.New("the policy's SHA-256 is missing")
	case len(a.Records) == 0:
		return errors.New("there is no record")
	case a.Judged.IsZero():
		return errors.New("nothing says when it was judged")
	}
	for _, record := range a.Records {
		if !wholeHash.MatchString(record.SHA256) || record.Finished.IsZero() || record.Name == policyName {
			return fmt.Errorf("the record %q has no SHA-256, no end, or a name that tells nobody that it is one", record.Name)
		}
	}
	return nil
}

// Expected is what has to be so for an image to be promoted by what somebody else has attested.
type Expected struct {
	// Digest is that of the image which is to be promoted.
	Digest string
	// MaxAge is how long ago the oldest run may have ended.
	MaxAge time.Duration
	Now    time.Time
}

// skew is how far two clocks may be apart without being wrong.
const skew = time.Minute

// met says what is not as it has to be.
func (e Expected) met(a Attested) error {
	if a.Digest != e.Digest {
		return fmt.Errorf("it is of the image %s, and not of %s", a.Digest, e.Digest)
	}
	if a.Judged.After(e.Now.Add(skew)) {
		return fmt.Errorf("it was judged at %s, which is still to come", moment(a.Judged))
	}
	for _, record := range a.Records {
		switch {
		case record.Finished.After(a.Judged.Add(skew)):
			return fmt.Errorf("the run of %s ended at %s, after it was judged", record.Name, moment(record.Finished))
		case e.Now.Sub(record.Finished) > e.MaxAge:
			return fmt.Errorf("it is stale: the run of %s ended at %s, more than %v ago", record.Name, moment(record.Finished), e.MaxAge)
		}
	}
	if a.Verdict != Promoted {
		return fmt.Errorf("the verdict is %s", a.Verdict)
	}
	return nil
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
