// Package verdict decides whether an image may be promoted. It is a pure function of the records of the image's runs and of
// what they are judged against: anybody can judge an old record again and gets the same answer. It fails closed: whatever
// is missing, doubled, stale or not understood keeps an image from being promoted.
package verdict

import (
	"encoding/json"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Schema names the form of a verdict as JSON.
const Schema = "hero_chaos.verdict/1"

// Answer is the answer to the one question: may this image be promoted?
type Answer string

// The answers (suites/contract/experiments.md#verdict).
const (
	Promote      Answer = "PROMOTE"
	Hold         Answer = "HOLD"         // a blocking promise failed
	Inconclusive Answer = "INCONCLUSIVE" // a blocking promise has no positive evidence
)

// Meaning returns an answer in words.
func (a Answer) Meaning() string {
	switch a {
	case Promote:
		return "the image may be promoted"
	case Hold:
		return "the image must not be promoted"
	}
	return "the evidence does not suffice to promote the image"
}

// Against holds everything that records are judged against.
type Against struct {
	Policy Policy
	// Now is the time of the judgement: records grow stale and waivers expire.
	Now time.Time
	// Digest is the digest of the image to promote, "sha256:" and 64 digits. If it is empty, the records' own counts.
	Digest string
	// Promises are those of the judging program. A record can add promises, but not remove one or lower its severity.
	Promises []record.Promise
	// Targets are those that the judging program has the files of.
	Targets []Target
	// Slowdowns are the phases that are significantly slower than in a baseline, by more than the policy allows.
	Slowdowns []Slowdown
}

// Slowdown is a phase of a promise's recoveries that takes longer than it took for the baseline.
type Slowdown struct {
	Promise, Phase       string
	OldMedian, NewMedian time.Duration
}

// Verdict is the judgement of the records of one image.
type Verdict struct {
	Schema string `json:"schema"`
	Answer Answer `json:"answer"`
	Target string `json:"target"`
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Reasons are in order of weight: what holds the image back, then what is missing, then notes.
	Reasons []Reason `json:"reasons"`
	Judged  Judged   `json:"judged"`
}

// Judged is the input of a verdict: the same input gives the same answer.
type Judged struct {
	At     time.Time `json:"at"`
	Digest string    `json:"digest,omitempty"` // the one that was required
	Policy string    `json:"policy_sha256"`
	// PolicyPath is the file that the policy was read from. Another machine may have the same policy elsewhere.
	PolicyPath string `json:"policy_path,omitempty"`
	Runs       []Run  `json:"runs"`
}

// Run is a record that was judged.
type Run struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	Profile  string    `json:"profile"`
	Shard    string    `json:"shard,omitempty"`
}

// Judge decides whether the image may be promoted, from the records of its runs. The order of the records and of their
// contents makes no difference.
func Judge(records []*record.Record, against Against) Verdict {
	j := newJudge(records, against)
	j.checkProvenance()
	j.checkTogether()
	j.learnPromises()
	for _, r := range j.admitted {
		j.checkConsistency(r)
		j.weighResults(r)
	}
	j.checkCoverage()
	j.addSlowdowns()
	j.addPolicy()
	return j.conclude()
}

// JSON returns the verdict as a document that ends with a line end.
func (v Verdict) JSON() ([]byte, error) {
	document, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the verdict: %w", err)
	}
	return append(document, '\n'), nil
}
