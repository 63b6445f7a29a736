package html

import (
	"io/fs"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/repeat"
)

// reproduce returns the command that checks the promise of a result again as the run did, for a POSIX shell.
func reproduce(run record.Run, result record.Result) string {
	return repeat.Of(run).On(result.Promise, result.Service).String()
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
