package learn

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// modelStates returns the model's own words for states.
func modelStates() []string {
	known, _ := dialect.MemberOf(dialect.Status, "state")
	return known.Words
}

// takeStateWord takes the word by which the supervisor now calls the trial's state, whose process has ended. It reports whether the word is known,
// which the word of a running service is not: the supervisor may not have noticed yet.
func (l *learner) takeStateWord(ctx context.Context, state string) bool {
	theirs, ok := l.stateOfTrial(ctx)
	shape := l.spoken.Documents[dialect.Status]
	member, placed := shape["state"]
	if !ok || !placed {
		return true // there is nothing to learn
	}
	values, err := shape.Decode(dialect.Status, l.statusWith(theirs))
	if said, _ := values["state"].(string); err == nil && slices.Contains(modelStates(), said) {
		return said != "running" && said != "stopping" && l.standsFor(said, state, theirs)
	}
	if slices.ContainsFunc(l.ambiguous, func(known any) bool { return equalJSON(known, theirs) }) {
		return true
	}
	if !equalJSON(theirs, l.lastState) { // it may be on its way to another
		l.lastState = theirs
		return false
	}
	words := map[string]any{}
	for _, word := range modelStates() {
		words[word] = word
	}
	maps.Copy(words, member.Words)
	words[state] = theirs
	l.learnedStates = append(l.learnedStates, state)
	if tag, tagged := variantOf(theirs); tagged {
		words[state] = tag
	}
	member.Words = words
	shape["state"] = member
	return true
}

// looksUntilAmbiguous is the number of looks at a state that is called as another one, after which the word stands for both.
const looksUntilAmbiguous = 10

// standsFor reports whether a known word is settled for a state. A word that was learned for another state, and stays, stands for several: it is
// forgotten, since it tells none of them.
func (l *learner) standsFor(said, state string, theirs any) bool {
	if said == state || !slices.Contains(l.learnedStates, said) {
		return true
	}
	if l.sameLooks++; l.sameLooks < looksUntilAmbiguous {
		return false // it may be on its way
	}
	l.sameLooks = 0
	member := l.spoken.Documents[dialect.Status]["state"]
	member.Words = maps.Clone(member.Words)
	delete(member.Words, said)
	l.spoken.Documents[dialect.Status]["state"] = member
	l.ambiguous = append(l.ambiguous, theirs)
	l.miss(fmt.Sprintf("its status says the same of a service that is %s and of one that is %s: states other than running are not told apart", said, state))
	return true
}

// variantOf returns the only key of an object that holds an object or nothing: the name of one of Rust's variants, whose members may change.
func variantOf(theirs any) (string, bool) {
	object, _ := theirs.(map[string]any)
	if len(object) != 1 {
		return "", false
	}
	for key, inner := range object {
		_, isObject := inner.(map[string]any)
		return key, isObject || inner == nil
	}
	return "", false
}

// stateOfTrial returns what the supervisor writes for the trial's state. The status of a service that has ended may have a member for its error that
// those of running ones lack.
func (l *learner) stateOfTrial(ctx context.Context) (any, bool) {
	document, ok := l.statusDocument(ctx)
	if !ok {
		return nil, false
	}
	shape := l.spoken.Documents[dialect.Status]
	if _, placed := shape["error"]; !placed && shape != nil {
		object, _ := document.(map[string]any)
		addByName(shape, dialect.Status, leaves(object), "error")
	}
	return l.spoken.Documents[dialect.Status]["state"].At.Get(document)
}

// statusWith returns a status that says nothing but a state.
func (l *learner) statusWith(theirs any) any {
	document, err := l.spoken.Documents[dialect.Status]["state"].At.Set(map[string]any{}, theirs)
	if err != nil {
		return nil
	}
	return document
}

// learnFailed learns by which word a service is called that was given up, if the supervisor's other words are not the model's: the trial, which is
// stopped, may end once, and does.
func (l *learner) learnFailed(ctx context.Context) {
	member := l.spoken.Documents[dialect.Status]["state"]
	start, known := l.spoken.Operations[dialect.Start]
	usual := l.sending
	if member.Words == nil || !known || len(usual.Actions) == 0 {
		return
	}
	once := dialect.Definition{Service: usual.Service, Actions: slices.Clone(usual.Actions)}
	once.Actions[0] = maps.Clone(usual.Actions[0])
	once.Actions[0]["retry.max_attempts"], once.Actions[0]["retry.delay"] = int64(1), neverPeriod
	l.sending = once
	defer func() {
		l.sending = usual
		_ = l.sendDefinition(ctx)
	}()
	if l.sendDefinition(ctx) != nil {
		return
	}
	_ = l.try(ctx, []dialect.Call{start}, map[dialect.Argument]any{dialect.TheName: l.options.Trial}, func(dialect.Call, any) bool { return true })
	seen, ok := l.await(ctx, func(now Sight) bool { return now.PID != 0 })
	if !ok || l.options.Witness.Kill(ctx, seen.PID) != nil {
		return
	}
	l.await(ctx, func(now Sight) bool { return now.PID == 0 && l.takeStateWord(ctx, "failed") })
}

// forgetConstantState forgets the status if it says of the trial that it runs while no process of it is there. It reports whether it did.
func (l *learner) forgetConstantState(ctx context.Context) bool {
	seen, err := l.options.Witness.Look(ctx, l.options.Trial, trialVariable)
	values, known := l.statusOfTrial(ctx)
	if err != nil || seen.PID != 0 || !known || values["state"] != "running" {
		return false
	}
	for _, operation := range []dialect.Operation{dialect.ListFull, dialect.StatusOf} {
		delete(l.spoken.Operations, operation)
		l.how[string(operation)] = Missing
	}
	delete(l.spoken.Documents, dialect.Status)
	l.miss("its status says that a service runs that was stopped: name the state under zinit.dialect.documents.status of the target file")
	return true
}
