package learn

import (
	"slices"
	"strings"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// modelOperations are the operations whose names show the style of others.
var modelOperations = []dialect.Operation{dialect.GetService, dialect.StatusOf, dialect.List, dialect.ListFull, dialect.ListActions, dialect.GetAction}

// inStyle returns names for an operation in the style of a method that is known: "unit/get" makes "unit/stop" and "unit/halt", whatever a unit is.
func (l *learner) inStyle(operation dialect.Operation) []string {
	if l.isRouted() {
		return l.guessRoutes(operation)
	}
	var found []string
	for _, model := range modelOperations {
		if known, ok := l.spoken.Operations[model]; ok {
			for _, name := range likeName(known.Method, model, operation) {
				if !slices.Contains(found, name) {
					found = append(found, name)
				}
			}
		}
	}
	return found
}

// part is a word of a name, with what stands between it and the next.
type part struct{ word, after string }

// partsOf splits a name into its words.
func partsOf(name string) []part {
	var found []part
	letters := []rune(name)
	for i := 0; i < len(letters); {
		end := i
		for end < len(letters) && isWord(letters[end]) && (end == i || !beginsWord(letters, end)) {
			end++
		}
		gap := end
		for gap < len(letters) && !isWord(letters[gap]) {
			gap++
		}
		found = append(found, part{string(letters[i:end]), string(letters[end:gap])})
		i = gap
	}
	return found
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// beginsWord reports whether a word begins inside of letters: at a capital after a small letter, or at the last of several capitals.
func beginsWord(letters []rune, i int) bool {
	return unicode.IsUpper(letters[i]) &&
		(unicode.IsLower(letters[i-1]) || (i+1 < len(letters) && unicode.IsLower(letters[i+1]) && unicode.IsUpper(letters[i-1])))
}

// likeName returns names for an operation in the style of the name of another one.
func likeName(known string, model, operation dialect.Operation) []string {
	parts := partsOf(known)
	var found []string
	for _, modelVerb := range verbsOf(model) {
		at, length := findWords(parts, strings.Split(modelVerb, "_"))
		if length == 0 {
			continue
		}
		for _, noun := range nounsLike(parts, at, length, model, operation) {
			for _, verb := range verbsOf(operation) {
				found = append(found, render(parts, at, length, strings.Split(verb, "_"), noun))
			}
			if operation == dialect.Logs {
				for _, verb := range verbs["logs"] { // of a service: "unit/list" makes "unit/log"
					found = append(found, render(parts, at, length, []string{verb}, replacement{-1, ""}), render(parts, at, length, []string{verb + "s"}, replacement{-1, ""}))
				}
			}
			if operation == dialect.StatusOf && length == 1 && noun.at >= 0 {
				found = append(found, statusNames(parts, at, noun)...)
			}
		}
	}
	return found
}

// statusNames returns names of the status of a noun in which the verb comes last: "ListUnits" makes "UnitStatus" and "GetUnitStatus".
func statusNames(parts []part, verbAt int, noun replacement) []string {
	last := slices.Clone(parts)
	last[verbAt].word, last[noun.at].word = likeCase(parts[verbAt].word, noun.word), likeCase(parts[noun.at].word, parts[verbAt].word)
	var found []string
	for _, word := range []string{"status", "state", "info"} {
		compound := replacement{noun.at, noun.word + "_" + word}
		if isCamel(parts) {
			compound.word = noun.word + capital(word)
		}
		found = append(found, render(last, noun.at, 1, []string{word}, replacement{-1, ""}), render(parts, verbAt, 1, []string{"get"}, compound))
	}
	return found
}

// findWords returns where words stand one after the other; a length of 0 if nowhere.
func findWords(parts []part, words []string) (at, length int) {
	for at := range parts {
		if at+len(words) > len(parts) {
			break
		}
		matches := true
		for i, word := range words {
			matches = matches && strings.EqualFold(parts[at+i].word, word)
		}
		if matches {
			return at, len(words)
		}
	}
	return 0, 0
}

// replacement puts another word in the place of one of a name; a place of -1 replaces none.
type replacement struct {
	at   int
	word string
}

// nounsLike returns what may stand in the place of a name's noun for another operation: its singular and its plural, or words of the other noun.
func nounsLike(parts []part, verbAt, verbLength int, model, operation dialect.Operation) []replacement {
	nounAt := -1
	for i, one := range parts {
		if i >= verbAt && i < verbAt+verbLength {
			continue
		}
		if nounAt < 0 || slices.Contains(nouns[meanings[model].noun], singular(strings.ToLower(one.word))) || i > nounAt {
			nounAt = i
		}
	}
	if nounAt < 0 {
		return []replacement{{-1, ""}}
	}
	noun := singular(strings.ToLower(parts[nounAt].word))
	own := []string{noun}
	if meanings[operation].noun != meanings[model].noun {
		own = nouns[meanings[operation].noun]
	}
	isPlural := noun != strings.ToLower(parts[nounAt].word) || meanings[operation].noun == "log" // these have a plural of their own
	var found []replacement
	for _, word := range own {
		if isPlural {
			found = append(found, replacement{nounAt, word + "s"})
		}
		found = append(found, replacement{nounAt, word})
	}
	return found
}

// render writes a name with another verb and another noun, in the same style.
func render(parts []part, at, length int, verb []string, noun replacement) string {
	camel := isCamel(parts)
	var text strings.Builder
	for i := 0; i < len(parts); i++ {
		if i == at {
			for j, word := range verb {
				switch {
				case j > 0 && camel:
					text.WriteString(capital(word))
				case j > 0:
					text.WriteString("_" + word)
				default:
					text.WriteString(likeCase(parts[i].word, word))
				}
			}
			i += length - 1
			text.WriteString(parts[i].after)
			continue
		}
		word := parts[i].word
		if i == noun.at {
			word = likeCase(word, noun.word)
		}
		text.WriteString(word + parts[i].after)
	}
	return text.String()
}

// isCamel reports whether a name tells its words apart by capitals.
func isCamel(parts []part) bool {
	name := joinParts(parts)
	return !strings.Contains(name, "_") && slices.ContainsFunc([]rune(name), unicode.IsUpper)
}

func joinParts(parts []part) string {
	var text strings.Builder
	for _, one := range parts {
		text.WriteString(one.word + one.after)
	}
	return text.String()
}

// likeCase writes a word in the case of another.
func likeCase(like, word string) string {
	switch {
	case like == strings.ToLower(like):
		return word
	case like == strings.ToUpper(like) && len(like) > 1:
		return strings.ToUpper(word)
	}
	return capital(word)
}

func capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// verbsOf returns the verbs by which an operation is called.
func verbsOf(operation dialect.Operation) []string {
	if operation == dialect.ListFull {
		return []string{"list_full", "list_all", "status_all", "statuses", "list_detailed", "list_status", "all", "list"}
	}
	var all []string
	for _, verb := range meanings[operation].verbs {
		all = append(all, verbs[verb]...)
	}
	return all
}
