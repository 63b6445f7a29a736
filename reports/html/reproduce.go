package html

import (
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// ownImages is how the references of images begin that a run builds by itself: --image is for others.
const ownImages = "hero_chaos/"

// reproduce is the command that checks the promise of a result again as the run did, for a POSIX shell.
func reproduce(run record.Run, result record.Result) string {
	words := []string{"bin/hero_chaos", "run"}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name+"="+quote(value))
		}
	}
	flag("target", run.Target)
	if !strings.HasPrefix(run.Image, ownImages) {
		flag("image", run.Image)
	}
	flag("mutant", run.Mutant)
	flag("focus", result.Promise)
	flag("service", result.Service)
	if run.Profile != "quick" {
		flag("profile", run.Profile)
	}
	flag("seed", fmt.Sprint(run.Seed))
	return strings.Join(words, " ")
}

// quote writes a word so that a shell takes it for exactly that word.
func quote(word string) string {
	special := func(letter rune) bool {
		return (letter < 'a' || letter > 'z') && (letter < 'A' || letter > 'Z') && (letter < '0' || letter > '9') &&
			!strings.ContainsRune("-_./:@,+=%", letter)
	}
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
