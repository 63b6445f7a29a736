// Package verdict says whether an image may be promoted. It is a pure function of the records of the image's runs and of
// what they are judged against, so that anybody can judge an old record again and get the same answer. It fails closed:
// whatever is missing, doubled, stale or not understood keeps an image from being promoted.
package verdict

import (
	"encoding/json"
	"fmt"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Schema names the form of a verdict as JSON.
const Schema = "hero_chaos.verdict/1"

// Answer is what the one question comes to: may this image be promoted?
type Answer string

// The answers (design, "The verdict").
const (
	Promote      Answer = "PROMOTE"
	Hold         Answer = "HOLD"         // a blocking promise failed
	Inconclusive Answer = "INCONCLUSIVE" // a blocking promise has no positive evidence
)

// Against is what records are judged against.
type Against struct {
	Policy Policy
	// Now is when the judgement is made: records grow stale and waivers expire.
	Now time.Time
	// Digest is that of the image which is to be promoted, "sha256:" and 64 digits; empty is the records' own.
	Digest string
	// Promises are those that the judging program knows: a record can add promises to them, and not take one away or
	// lower its severity.
	Promises []record.Promise
	// Slowdowns are what a comparison with a baseline found to take longer, significantly and by more than the policy allows.
	Slowdowns []Slowdown
}

// Slowdown is a phase of a promise's recoveries that takes longer than it took for the baseline.
type Slowdown struct {
	Promise, Phase string
	Old, New       time.Duration // medians
}

// Verdict is the judgement of the records of one image.
type Verdict struct {
	Schema string `json:"schema"`
	Answer Answer `json:"answer"`
	Target string `json:"target"`
	Image  string `json:"image"`
	Digest string `json:"digest"`
	// Reasons are in order of weight: what holds the image back, what is missing, and what is only noted.
	Reasons []Reason `json:"reasons"`
	Judged  Judged   `json:"judged"`
}

// Judged is what a verdict was reached from: with the same the answer is the same.
type Judged struct {
	At     time.Time `json:"at"`
	Digest string    `json:"digest,omitempty"` // the one that was demanded
	Policy string    `json:"policy_sha256"`
	Runs   []Run     `json:"runs"`
}

// Run is a record that was judged.
type Run struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	Profile  string    `json:"profile"`
	Shard    string    `json:"shard,omitempty"`
}

// Judge says whether the image whose runs the records are of may be promoted. The order of the records, and of what is
// in them, makes no difference.
func Judge(records []*record.Record, against Against) Verdict {
	j := newCourt(records, against)
	j.provenance()
	j.together()
	j.promises()
	for _, r := range j.admitted {
		j.results(r)
	}
	j.coverage()
	j.slowdowns()
	j.policy()
	return j.verdict()
}

// JSON returns the verdict as a document that ends with a line end.
func (v Verdict) JSON() ([]byte, error) {
	document, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the verdict: %w", err)
	}
	return append(document, '\n'), nil
}
