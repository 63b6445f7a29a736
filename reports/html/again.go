package html

import (
	"fmt"
	"io/fs"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// ownImages is the prefix of images that a run builds itself: --image is for others.
const ownImages = "hero_chaos/"

// reproduce returns the command that checks the promise of a result again as the run did, for a POSIX shell.
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
	flag("choices", run.Choices)
	flag("focus", result.Promise)
	flag("service", result.Service)
	if run.Profile != "quick" {
		flag("profile", run.Profile)
	}
	flag("seed", fmt.Sprint(run.Seed))
	return strings.Join(words, " ")
}

// quote writes a word so that a shell reads exactly that word.
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

// fileView is a collected file, with a link to it if its path stays beside the record.
type fileView struct {
	record.Evidence
	Linked bool
}

// fitFiles returns the collected files that fit, and how many do not.
func fitFiles(all []record.Evidence, room *allowance) (found []fileView, left int) {
	for _, evidence := range all {
		made := fileView{evidence, fs.ValidPath(evidence.Path)}
		if !room.take(size("file", made)) {
			left++
			continue
		}
		found = append(found, made)
	}
	return found, left
}
