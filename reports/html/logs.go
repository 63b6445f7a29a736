package html

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// logName is the name of the supervisor's log in a sandbox's evidence (harness/session collects it).
	logName = "log.txt"
	// largestLog is the most bytes that are read of a log, from its beginning.
	largestLog = 8 << 20
)

// logs reads the supervisor's logs that were collected, each once.
type logs struct {
	files *files
	read  map[place]*journal
}

// place names a sandbox: shards have sandboxes of the same names.
type place struct{ shard, sandbox string }

func newLogs(root fs.FS) *logs { return &logs{files: newFiles(root), read: map[place]*journal{}} }

// journal is a log whose lines begin with their time, as Docker writes them.
type journal struct {
	path  string
	lines []logLine
	whole bool
}

// logLine is a line of a log.
type logLine struct {
	at   time.Time
	text string
}

// ofSandbox returns the supervisor's log of a sandbox; nil if the record has none.
func (l *logs) ofSandbox(r *record.Record, where place) *journal {
	if known, ok := l.read[where]; ok {
		return known
	}
	l.read[where] = nil
	for _, evidence := range r.Evidence {
		if own, ok := placeOf(evidence); !ok || own != where {
			continue
		}
		name := path.Clean(evidence.Path)
		data, whole, err := l.files.read(name, largestLog)
		if err != nil {
			continue
		}
		l.read[where] = &journal{path: name, lines: parseLog(data), whole: whole}
	}
	return l.read[where]
}

// placeOf returns the sandbox whose supervisor's log a piece of evidence is; false if it is something else.
func placeOf(evidence record.Evidence) (place, bool) {
	folder, name := path.Split(path.Clean(evidence.Path))
	return place{evidence.Shard, path.Base(folder)}, name == logName && folder != ""
}

// parseLog returns the lines in their order. A line without a time belongs to the line before.
func parseLog(data []byte) []logLine {
	var lines []logLine
	var last time.Time
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, largestLog+1)
	for scanner.Scan() {
		text := colours.ReplaceAllString(scanner.Text(), "")
		stamp, rest, _ := strings.Cut(text, " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			last, text = at, at.UTC().Format("15:04:05.000 ")+rest
		}
		lines = append(lines, logLine{last, shorten(text, longestLine)})
	}
	return lines
}

// during returns the lines of the time when a spec ran, and those of them that name its service.
func (j *journal) during(result record.Result) (all, named []string) {
	end := result.Started.Add(time.Duration(result.Duration))
	for _, line := range j.lines {
		if line.at.Before(result.Started) || line.at.After(end) {
			continue
		}
		all = append(all, line.text)
		if result.Service != "" && strings.Contains(line.text, result.Service) {
			named = append(named, line.text)
		}
	}
	return all, named
}

// excerpt shows the lines that name the service, or all if none does. It leaves out the middle of more than most lines.
func (j *journal) excerpt(all, named []string, most int) excerpt {
	found := excerpt{Path: j.path, Note: plain.Count(len(all), "line") + " while the spec ran"}
	switch {
	case len(all) == 0:
		found.Note = "empty while the spec ran"
	case len(named) > 0:
		found.Note, all = fmt.Sprintf("%d of the %s while the spec ran name the service", len(named), plain.Count(len(all), "line")), named
	}
	if !j.whole {
		found.Note += fmt.Sprintf("; only the first %d MB of the log were read", largestLog>>20)
	}
	if cut := len(all) - most; cut > 0 {
		gap := "… " + plain.Count(cut, "line") + " …"
		all = slices.Concat(all[:most/2], []string{gap}, all[most/2+cut:])
	}
	found.Text = strings.Join(all, "\n")
	return found
}

// besideRecovery returns the supervisor's log of the time of a recovery.
func (l *logs) besideRecovery(r *record.Record, recovery record.Recovery, result record.Result, most int) excerpt {
	log := l.ofSandbox(r, place{recovery.Shard, recovery.Sandbox})
	run, known := r.RunOf(recovery.Shard)
	switch {
	case log == nil, !known, result.Started.IsZero():
		return excerpt{}
	case r.Complete() && result.Started.After(run.Finished):
		return excerpt{Note: "measured again after the run: the log of the run does not have it"}
	}
	all, named := log.during(result)
	return log.excerpt(all, named, most)
}

// ofService returns the log of the first sandbox whose supervisor named the service of a result while its spec ran. Without a
// recovery nothing else says in which sandbox that was.
func (l *logs) ofService(r *record.Record, result record.Result, most int) excerpt {
	for _, evidence := range r.Evidence {
		where, ok := placeOf(evidence)
		if !ok || where.shard != result.Shard { // others had other clocks
			continue
		}
		if log := l.ofSandbox(r, where); log != nil {
			if all, named := log.during(result); len(named) > 0 {
				return log.excerpt(all, named, most)
			}
		}
	}
	return excerpt{}
}
