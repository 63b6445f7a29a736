package verdict

import (
	"cmp"
	"maps"
	"slices"
)

// Weight is what a reason does to the answer.
type Weight string

// The weights, the heaviest first.
const (
	Holds Weight = "hold"         // it keeps the image back
	Lacks Weight = "inconclusive" // without it nothing is proved
	Notes Weight = "note"         // it changes nothing
)

// Code names a rule; README.md has an example of each.
type Code string

// The rules, in order of weight.
const (
	Failed        Code = "failed"         // a blocking promise failed
	WaiverExpired Code = "waiver-expired" // it failed, and its waiver is over
	Slower        Code = "slower"         // slower than the baseline, by more than is allowed

	NoRecord       Code = "no-record"       // nothing to judge
	UnknownSchema  Code = "schema"          // a record of another form
	WrongDigest    Code = "digest"          // of another image, or of none
	Mutant         Code = "mutant"          // the image was broken on purpose
	Mixed          Code = "mixed"           // records that do not belong together
	Shards         Code = "shards"          // parts of a run are missing, or one too many
	Doubled        Code = "doubled"         // the same evidence twice
	Incomplete     Code = "incomplete"      // the run did not come to its end
	Trouble        Code = "trouble"         // the harness had trouble of its own
	OddFile        Code = "odd-file"        // the record's file was damaged
	Clock          Code = "clock"           // times that cannot be
	Stale          Code = "stale"           // older than the policy allows
	Contradiction  Code = "contradiction"   // the record does not agree with itself
	Quick          Code = "profile"         // only a faithful run can promote
	Filtered       Code = "filtered"        // a part was selected
	NoResults      Code = "no-results"      // nothing was checked
	NoServices     Code = "no-services"     // the record does not say what the target ships
	UnknownPromise Code = "unknown-promise" // a promise that one of record and program does not know
	Lowered        Code = "severity"        // the record calls advisory what blocks
	NotRun         Code = "not-run"         // a blocking promise without a result
	Unproved       Code = "unproved"        // a blocking promise whose result is inconclusive
	Stalled        Code = "stalled"         // the same, because of the host
	Unconfirmed    Code = "unconfirmed"     // a failure that rests on an assumption
	Retried        Code = "retried"         // it held, but not the first time
	Dry            Code = "dry"             // it held without having run
	NoLanding      Code = "no-landing"      // it held, but its fault may not have taken effect
	Untested       Code = "untested"        // a service that nothing was done to
	FewSamples     Code = "samples"         // fewer results than the policy asks for

	Waived       Code = "waived"        // it failed, and the policy lets it
	Advisory     Code = "advisory"      // an advisory promise failed
	Reclassified Code = "reclassified"  // the policy raises or lowers a severity
	UnusedWaiver Code = "unused-waiver" // it excuses nothing
)

// Codes returns every rule, the heaviest first.
func Codes() []Code {
	return []Code{
		Failed, WaiverExpired, Slower,
		NoRecord, UnknownSchema, WrongDigest, Mutant, Mixed, Shards, Doubled, Incomplete, Trouble, OddFile, Clock, Stale,
		Contradiction, Quick, Filtered, NoResults, NoServices, UnknownPromise, Lowered, NotRun, Unproved, Stalled, Unconfirmed,
		Retried, Dry, NoLanding, Untested, FewSamples,
		Waived, Advisory, Reclassified, UnusedWaiver,
	}
}

// Weight returns what the rule does. One that nobody knows lacks evidence.
func (c Code) Weight() Weight {
	switch c {
	case Failed, WaiverExpired, Slower:
		return Holds
	case Waived, Advisory, Reclassified, UnusedWaiver:
		return Notes
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
	// Count is how often it was found: how many results it concerns, or records.
	Count int `json:"count"`
}

// reasons groups what is found by its rule and its text.
type reasons map[[2]string]*Reason

// add notes a finding; promise and service may be empty.
func (found reasons) add(code Code, text, promise, service string) {
	key := [2]string{string(code), text}
	reason := found[key]
	if reason == nil {
		reason = &Reason{Weight: code.Weight(), Code: code, Text: text}
		found[key] = reason
	}
	reason.Count++
	if promise != "" {
		reason.Promises = append(reason.Promises, promise)
	}
	if service != "" {
		reason.Services = append(reason.Services, service)
	}
}

// sorted returns all reasons in order of weight, the more frequent ones of a rule first, and each name once.
func (found reasons) sorted() []Reason {
	order := map[Code]int{}
	for i, code := range Codes() {
		order[code] = i
	}
	all := []Reason{}
	for reason := range maps.Values(found) {
		slices.Sort(reason.Promises)
		slices.Sort(reason.Services)
		reason.Promises, reason.Services = slices.Compact(reason.Promises), slices.Compact(reason.Services)
		all = append(all, *reason)
	}
	slices.SortFunc(all, func(one, other Reason) int {
		return cmp.Or(cmp.Compare(order[one.Code], order[other.Code]), cmp.Compare(other.Count, one.Count), cmp.Compare(one.Text, other.Text))
	})
	return all
}
