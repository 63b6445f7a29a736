package html

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// longestFailure is as much as is shown of one failure's text.
	longestFailure = 16 << 10
	// openFailures are shown at once; the others are a line each until they are opened.
	openFailures = 12
	// mostLines is how many lines of the supervisor's log stand beside a failure, and fewLines beside what did not fail.
	mostLines, fewLines = 40, 12
	// mostFiles is how many files of evidence a failure shows.
	mostFiles = 6
)

// failure is a result that failed, in full.
type failure struct {
	ID, Headline, Text        string
	Promise, Sentence, Source string
	Fault, Spec, Note         string
	Open                      bool
	Again                     string // the command that repeats it
	Recoveries                []recoveryView
	Log                       excerpt // where no recovery has one
	Evidence                  []excerpt
}

// failures are the failed results, in full as far as they fit, and a line each for those that do not.
type failures struct {
	Shown []failure
	Left  []string
	More  int // of those left, how many have no line either
}

func (p *pageBuilder) failures(results []record.Result, id string) failures {
	var found failures
	const perLine = 20
	for _, result := range results {
		shown := p.failure(result, fmt.Sprintf("%s%d", id, len(found.Shown)+1))
		shown.Open = len(found.Shown) < openFailures
		if !p.failureRoom.take(shown.size()) {
			line := shorten(result.Promise+" "+subject(result), longestName)
			if p.lists.take(perLine, []string{line}) {
				found.Left = append(found.Left, line)
			} else {
				found.More++
			}
			continue
		}
		p.anchors[key(result)] = "#" + shown.ID
		for _, recovery := range result.Recoveries {
			p.drawn[recovery] = true
		}
		found.Shown = append(found.Shown, shown)
	}
	return found
}

func (p *pageBuilder) failure(result record.Result, id string) failure {
	promise := p.index.promise(result.Promise)
	text := cmp.Or(strings.TrimSpace(result.Failure), subject(result)+" failed, and nothing says why ("+result.Promise+")")
	headline, rest, _ := strings.Cut(text, "\n")
	made := failure{
		ID: id, Headline: shorten(headline, 500), Text: shorten(rest, longestFailure), Promise: result.Promise,
		Sentence: promise.Sentence, Source: promise.Source, Fault: shorten(result.Fault, longestName), Spec: shorten(result.Name, longestLine),
		Again: reproduce(p.record.Run, result), Evidence: p.files.of(p.record, result, mostFiles),
	}
	if len(headline) > len(made.Headline) {
		made.Text = shorten(text, longestFailure)
	}
	if result.Attempts > 1 {
		made.Note = fmt.Sprintf("It ran %d times.", result.Attempts)
	}
	for _, id := range result.Recoveries {
		if recovery, ok := p.recovery[id]; ok {
			made.Recoveries = append(made.Recoveries, p.view(recovery, mostLines))
		}
	}
	if len(made.Recoveries) == 0 {
		made.Log = p.files.names(p.record, result, mostLines)
	}
	return made
}

// size is how many bytes the failure takes on the page.
func (f failure) size() (markup int, texts []string) {
	const frame, perFile = 760, 160
	markup = frame + perFile*len(f.Evidence)
	texts = []string{f.Headline, f.Text, f.Promise, f.Sentence, f.Source, f.Fault, f.Spec, f.Again, f.Log.Path, f.Log.Path, f.Log.Text, f.Log.Note}
	for _, file := range f.Evidence {
		texts = append(texts, file.Path, file.Path, file.Text, file.Note)
	}
	for _, recovery := range f.Recoveries {
		more, said := recovery.size()
		markup, texts = markup+more, append(texts, said...)
	}
	return markup, texts
}

// group are the results that share a reason.
type group struct {
	Reason   string
	Count    int
	Promises []groupPromise
}

type groupPromise struct {
	ID, On string
	Count  int
}

// groups are the results of an outcome by their reasons, the most frequent first, and how many results did not fit.
func (x *index) groups(outcome record.Outcome, room *allowance) (found []group, left int) {
	byReason := map[string][]record.Result{}
	for _, promise := range x.promises {
		for _, result := range x.results[promise.ID] {
			if result.Outcome == outcome {
				reason := cmp.Or(result.Why(), "nothing says why")
				byReason[reason] = append(byReason[reason], result)
			}
		}
	}
	reasons := slices.SortedFunc(maps.Keys(byReason), func(one, other string) int {
		return cmp.Or(cmp.Compare(len(byReason[other]), len(byReason[one])), cmp.Compare(one, other))
	})
	for _, reason := range reasons {
		made := newGroup(shorten(reason, longestLine), byReason[reason])
		if !room.take(made.size()) {
			left += made.Count
			continue
		}
		found = append(found, made)
	}
	return found, left
}

func newGroup(reason string, results []record.Result) group {
	made := group{Reason: reason, Count: len(results)}
	for _, result := range results {
		last := len(made.Promises) - 1
		if last < 0 || made.Promises[last].ID != result.Promise {
			made.Promises = append(made.Promises, groupPromise{ID: result.Promise})
			last++
		}
		promise := &made.Promises[last]
		promise.Count++
		switch {
		case promise.Count == 1:
			promise.On = shorten(subject(result), longestName)
		case promise.Count <= mostColumns:
			promise.On += ", " + shorten(subject(result), longestName)
		case promise.Count == mostColumns+1:
			promise.On += ", …"
		}
	}
	return made
}

func (g group) size() (markup int, texts []string) {
	const frame, perPromise = 200, 80
	texts = []string{g.Reason}
	for _, promise := range g.Promises {
		texts = append(texts, promise.ID, promise.On)
	}
	return frame + perPromise*len(g.Promises), texts
}

// names are as many of the ids as fit, and how many do not.
func names(ids []string, room *allowance) (found []string, left int) {
	for _, id := range ids {
		const markup = 16
		if !room.take(markup, []string{id}) {
			return found, len(ids) - len(found)
		}
		found = append(found, id)
	}
	return found, 0
}

// untested are the promises that the run knew and has no result of.
func (x *index) untested() (ids []string) {
	for _, promise := range x.promises {
		if len(x.results[promise.ID]) == 0 {
			ids = append(ids, promise.ID)
		}
	}
	return ids
}
