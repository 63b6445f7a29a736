package verdict

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
)

// Weight is the effect of a reason on the answer.
type Weight string

// The weights, the heaviest first.
const (
	Holds Weight = "hold"         // it keeps the image back
	Lacks Weight = "inconclusive" // without it nothing is proved
	Notes Weight = "note"         // it changes nothing
)

// Code names a rule; README.md has an example of each.
type Code string

// The rules, in order of weight. The table in sentences.go has all of them, with their weights.
const (
	Failed        Code = "failed"         // a blocking promise failed
	WaiverExpired Code = "waiver-expired" // it failed, and its waiver is over
	Slower        Code = "slower"         // slower than the baseline, by more than is allowed

	NoRecord       Code = "no-record"       // nothing to judge
	UnknownSchema  Code = "schema"          // a record of another form
	WrongDigest    Code = "digest"          // of another image, or of none
	Mutant         Code = "mutant"          // the image was broken on purpose
	Mixed          Code = "mixed"           // records that do not belong together
	Shards         Code = "shards"          // shards of a run are missing, or one too many
	Doubled        Code = "doubled"         // the same evidence twice
	Incomplete     Code = "incomplete"      // the run did not finish
	Trouble        Code = "trouble"         // the harness itself had an error
	OddFile        Code = "odd-file"        // the record's file was damaged
	Clock          Code = "clock"           // impossible times
	Stale          Code = "stale"           // older than the policy allows
	Contradiction  Code = "contradiction"   // the record does not agree with itself
	Older          Code = "older"           // the record lacks what a newer program writes
	OtherTarget    Code = "target"          // another target file than the program's
	Limit          Code = "limit"           // more tolerance or time than the policy allows
	Quick          Code = "profile"         // only a faithful run can promote
	Filtered       Code = "filtered"        // a part was selected
	NoResults      Code = "no-results"      // nothing was checked
	NoServices     Code = "no-services"     // the record does not say what the target ships
	UnknownPromise Code = "unknown-promise" // a promise that either the record or the program does not know
	Lowered        Code = "severity"        // the record calls advisory what blocks
	NotRun         Code = "not-run"         // a blocking promise without a result
	Unproved       Code = "unproved"        // a blocking promise whose result is inconclusive
	Stalled        Code = "stalled"         // the same, because of the host
	Unconfirmed    Code = "unconfirmed"     // a failure that rests on an assumption
	Retried        Code = "retried"         // it held, but not the first time
	Dry            Code = "dry"             // it held without having run
	NoLanding      Code = "no-landing"      // it held, but its fault may not have taken effect
	Untested       Code = "untested"        // a service without a proven fault
	FewSamples     Code = "samples"         // fewer results than the policy requires

	Waived       Code = "waived"        // it failed, and the policy excuses it
	Advisory     Code = "advisory"      // an advisory promise failed
	Reclassified Code = "reclassified"  // the policy raises or lowers a severity
	UnusedWaiver Code = "unused-waiver" // it excuses nothing
	OtherPolicy  Code = "other-policy"  // the run was started with another one
)

// Codes returns every rule, the heaviest first.
func Codes() (codes []Code) {
	for _, rule := range rules {
		codes = append(codes, rule.code)
	}
	return codes
}

// Weight returns the rule's weight. An unknown rule lacks evidence.
func (c Code) Weight() Weight {
	for _, rule := range rules {
		if rule.code == c {
			return rule.weight
		}
	}
	return Lacks
}

// Reason is one thing that was found.
type Reason struct {
	Weight Weight `json:"weight"`
	Code   Code   `json:"code"`
	// Text says it in one line, without the names below.
	Text     string   `json:"text"`
	Promises []string `json:"promises,omitempty"`
	Services []string `json:"services,omitempty"`
	// Count is the number of times that it was found.
	Count int `json:"count"`
	// Noun names what Count counts; empty stands for "result".
	Noun string `json:"-"`
}

// Counted returns the count with its noun, "28 results"; empty if there is only one.
func (r Reason) Counted() string {
	if r.Count <= 1 {
		return ""
	}
	return plain.Count(r.Count, cmp.Or(r.Noun, "result"))
}

// finding is the finding of a rule as data: the kind, and the values for its sentence.
type finding struct {
	kind   kind
	values string // joined, so that equal findings are equal
}

// reasons groups what is found by its kind and values.
type reasons map[finding]*Reason

// add notes a finding; promise and service may be empty.
func (r reasons) add(kind kind, promise, service string, values ...any) {
	key := finding{kind, fmt.Sprintf("%#v", values)}
	reason := r[key]
	if reason == nil {
		sentence := sentences[kind]
		reason = &Reason{Weight: sentence.code.Weight(), Code: sentence.code, Text: fmt.Sprintf(sentence.format, values...), Noun: sentence.noun}
		r[key] = reason
	}
	reason.Count++
	if promise != "" {
		reason.Promises = append(reason.Promises, promise)
	}
	if service != "" {
		reason.Services = append(reason.Services, service)
	}
}

// sort returns all reasons in order of weight, the more frequent ones of a rule first, and each name once.
func (r reasons) sort() []Reason {
	order := map[Code]int{}
	for i, code := range Codes() {
		order[code] = i
	}
	all := []Reason{}
	for _, key := range slices.SortedFunc(maps.Keys(r), func(one, other finding) int {
		return cmp.Or(cmp.Compare(order[r[one].Code], order[r[other].Code]), cmp.Compare(r[other].Count, r[one].Count),
			cmp.Compare(one.kind, other.kind), cmp.Compare(one.values, other.values))
	}) {
		reason := *r[key]
		slices.Sort(reason.Promises)
		slices.Sort(reason.Services)
		reason.Promises, reason.Services = slices.Compact(reason.Promises), slices.Compact(reason.Services)
		all = append(all, reason)
	}
	return all
}
