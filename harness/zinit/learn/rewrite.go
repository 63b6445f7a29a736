package learn

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// blamedMember returns the member of the trial's run action of which a refusal says that its value is written otherwise; false if it says so of none.
// The call is right then: another one would do no better.
func (l *learner) blamedMember(refused error) (string, bool) {
	answer := new(zinit.Error)
	if !errors.As(refused, &answer) || !isAboutValue(answer.Message) || isAboutPlace(answer.Message) {
		return "", false
	}
	shape := l.spoken.Documents[dialect.Action]
	for _, word := range fieldsNamed(answer.Message, dialect.Call{}, nil) {
		key := word[strings.LastIndex(word, ".")+1:]
		for _, name := range slices.Sorted(maps.Keys(shape)) {
			if at := shape[name].At; len(at) > 0 && at[len(at)-1] == key && len(l.otherSpellings(name, refused)) > 0 && !l.isLeftOut(dialect.Action, name) {
				return name, true
			}
		}
	}
	return "", false
}

// isAboutPlace reports whether an error says that something is missing, or has to be elsewhere.
func isAboutPlace(text string) bool {
	lower := strings.ToLower(text)
	return slices.ContainsFunc([]string{"missing", "required", "unknown field", "unexpected field", "not allowed", "additional"}, func(words string) bool {
		return strings.Contains(lower, words)
	})
}

// otherSpellings returns the other ways in which a member of a run action may be written, if no value of a shipped one need have shown how.
func (l *learner) otherSpellings(name string, refused error) []dialect.Member {
	member := l.spoken.Documents[dialect.Action][name]
	known, _ := dialect.MemberOf(dialect.Action, name)
	var others []dialect.Member
	switch known.Type {
	case dialect.Pairs, dialect.Signal, dialect.Command:
		for _, form := range dialect.FormsOf(known.Type) {
			if other := member; form != "" && form != member.Form && (form != dialect.Plain || member.Form != "") {
				other.Form = form
				others = append(others, other)
			}
		}
	case dialect.Word:
		if name != "retry.backoff" {
			return nil
		}
		for _, words := range l.otherGrowths(refused) {
			other := member
			other.Words = words
			others = append(others, other)
		}
	}
	return others
}
