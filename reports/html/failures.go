package html

import (
	"cmp"
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/advice"
)

const (
	// longestFailure is the most bytes that are shown of a failure's text.
	longestFailure = 16 << 10
	// openFailures is the number of failures that are unfolded at first.
	openFailures = 12
	// mostLines is the most lines of the supervisor's log beside a failure, and fewLines beside any other recovery.
	mostLines, fewLines = 40, 12
)

// failure is a failed result on the page.
type failure struct {
	ID, Headline, Text        string
	Promise, Sentence, Source string
	Fault, Spec, Note         string
	Open                      bool
	Advice                    []fact // why it matters, what usually causes it, what to change
	Remedy                    string // what was tried on the image
	Again                     string // the command that repeats it
	Recoveries                []recoveryView
	Log                       excerpt // if no recovery has one
}

// failures holds failed results: in full as far as they fit, and a line for each of the others.
type failures struct {
	Shown []failure
	Left  []string
	More  int // how many have no line either
}

// failures returns the failed results. The ids of their places begin with id.
func (b *pageBuilder) failures(results []record.Result, id string) failures {
	var found failures
	for _, result := range results {
		shown := b.failure(result, fmt.Sprintf("%s%d", id, len(found.Shown)+1))
		shown.Open = len(found.Shown) < openFailures
		if !b.failureRoom.take(size("failure", shown)) {
			line := shorten(result.Promise+" "+subjectOf(result), longestName)
			if b.lists.take(size("left", line)) {
				found.Left = append(found.Left, line)
			} else {
				found.More++
			}
			continue
		}
		b.anchors[keyOf(result)] = "#" + shown.ID
		for _, recovery := range result.Recoveries {
			b.drawn[recovery] = true
		}
		found.Shown = append(found.Shown, shown)
	}
	return found
}

// failure returns a failed result on the page.
func (b *pageBuilder) failure(result record.Result, id string) failure {
	promise := b.index.promise(result.Promise)
	text := cmp.Or(strings.TrimSpace(result.Failure), subjectOf(result)+" failed, and the record does not say why ("+result.Promise+")")
	headline, rest, _ := strings.Cut(text, "\n")
	made := failure{
		ID: id, Headline: shorten(headline, 500), Text: shorten(rest, longestFailure), Promise: result.Promise,
		Sentence: promise.Sentence, Source: promise.Source, Fault: shorten(result.Fault, longestName), Spec: shorten(result.Name, longestLine),
		Again: reproduce(b.record.Run, result), Remedy: shorten(result.Remedy, longestFailure),
	}
	advised := advice.For(b.record, result.Promise, result.Service)
	for _, line := range []fact{{"Why it matters", advised.Why}, {"Usual cause", advised.Cause}, {"What to change", advised.Change}} {
		if line.Text != "" {
			made.Advice = append(made.Advice, fact{line.Name, shorten(line.Text, longestNames)})
		}
	}
	if len(headline) > len(made.Headline) {
		made.Text = shorten(text, longestFailure)
	}
	if result.Attempts > 1 {
		made.Note = fmt.Sprintf("It ran %d times.", result.Attempts)
	}
	for _, id := range result.Recoveries {
		if recovery, ok := b.recovery[id]; ok {
			made.Recoveries = append(made.Recoveries, b.view(recovery, mostLines))
		}
	}
	if len(made.Recoveries) == 0 {
		made.Log = b.logs.ofService(b.record, result, mostLines)
	}
	if fault, ok := b.index.faultOf(result); ok {
		made.Recoveries = append(made.Recoveries, b.viewFault(fault))
	}
	return made
}
