package html

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

const (
	// logName is the supervisor's log in the folder of a sandbox's evidence (harness/session collects it).
	logName = "log.txt"
	// largestLog is as much as is read of a log: of a larger one the beginning.
	largestLog = 8 << 20
	// largestExcerpt is as much as is read of any other file: its beginning.
	largestExcerpt = 64 << 10
)

// excerpt is a part of a file that was collected. The zero value is none.
type excerpt struct {
	Path string // relative to the page
	Text string
	Note string // what of it is shown, or why nothing is
}

// files reads what was collected. Every file of it may have been made by whoever the record accuses.
type files struct {
	root fs.FS
	logs map[place]*journal
	// colours are the sequences by which programs colour what they write (ECMA-48, "control sequences").
	colours *regexp.Regexp
}

// place is where something was seen: shards have sandboxes of the same names.
type place struct{ shard, sandbox string }

func newFiles(root fs.FS) *files {
	return &files{root: root, logs: map[place]*journal{}, colours: regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]`)}
}

// read returns the beginning of a file, and whether that is all of it.
func (f *files) read(name string, most int64) (data []byte, whole bool, err error) {
	if f.root == nil {
		return nil, false, fs.ErrNotExist
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, false, fs.ErrInvalid
	}
	data, err = io.ReadAll(io.LimitReader(file, most+1))
	if int64(len(data)) > most {
		return data[:most], false, err
	}
	return data, true, err
}

// journal is a log whose lines begin with their time, as Docker writes them.
type journal struct {
	path  string
	lines []logLine
	whole bool
}

type logLine struct {
	at   time.Time
	text string
}

// log returns the supervisor's log of a sandbox, nil where the record has none.
func (f *files) log(r *record.Record, where place) *journal {
	if known, ok := f.logs[where]; ok {
		return known
	}
	f.logs[where] = nil
	for _, evidence := range r.Evidence {
		if own, ok := logOf(evidence); !ok || own != where {
			continue
		}
		name := path.Clean(evidence.Path)
		data, whole, err := f.read(name, largestLog)
		if err != nil {
			continue
		}
		f.logs[where] = &journal{path: name, lines: f.parseLog(data), whole: whole}
	}
	return f.logs[where]
}

// logOf tells whose supervisor's log a piece of evidence is; false where it is something else.
func logOf(evidence record.Evidence) (place, bool) {
	folder, name := path.Split(path.Clean(evidence.Path))
	return place{evidence.Shard, path.Base(folder)}, name == logName && folder != ""
}

// parseLog keeps the order of the lines. One without a time belongs to the line before.
func (f *files) parseLog(data []byte) []logLine {
	var lines []logLine
	var last time.Time
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, largestLog+1)
	for scanner.Scan() {
		text := f.colours.ReplaceAllString(scanner.Text(), "")
		stamp, rest, _ := strings.Cut(text, " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			last, text = at, at.UTC().Format("15:04:05.000 ")+rest
		}
		lines = append(lines, logLine{last, shorten(text, longestLine)})
	}
	return lines
}

// during returns what the supervisor said while a spec ran, and those of the lines that name its service.
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

// excerpt shows the lines that name the service or, where none does, all. Of more than most it shows the first and the
// last.
func (j *journal) excerpt(all, named []string, most int) excerpt {
	found := excerpt{Path: j.path, Note: plural(len(all), "line") + " while the spec ran"}
	switch {
	case len(all) == 0:
		found.Note = "it said nothing while the spec ran"
	case len(named) > 0:
		found.Note, all = fmt.Sprintf("%d of the %s while the spec ran name the service", len(named), plural(len(all), "line")), named
	}
	if !j.whole {
		found.Note += fmt.Sprintf("; only the first %d MB of the log were read", largestLog>>20)
	}
	if cut := len(all) - most; cut > 0 {
		gap := fmt.Sprintf("… %d lines …", cut)
		all = slices.Concat(all[:most/2], []string{gap}, all[most/2+cut:])
	}
	found.Text = strings.Join(all, "\n")
	return found
}

// said is the supervisor's log beside a recovery.
func (f *files) said(r *record.Record, recovery record.Recovery, result record.Result, most int) excerpt {
	log := f.log(r, place{recovery.Shard, recovery.Sandbox})
	run, known := r.RunOf(recovery.Shard)
	switch {
	case log == nil, !known, result.Started.IsZero():
		return excerpt{}
	case r.Complete() && result.Started.After(run.Finished):
		return excerpt{Note: "this was measured again after the run, and is not in the log of the run"}
	}
	all, named := log.during(result)
	return log.excerpt(all, named, most)
}

// names is the log of the first sandbox whose supervisor named the service of a result while its spec ran: of a result
// without a recovery nothing else says where it was.
func (f *files) names(r *record.Record, result record.Result, most int) excerpt {
	for _, evidence := range r.Evidence {
		where, ok := logOf(evidence)
		if !ok || where.shard != result.Shard { // others had other clocks
			continue
		}
		if log := f.log(r, where); log != nil {
			if all, named := log.during(result); len(named) > 0 {
				return log.excerpt(all, named, most)
			}
		}
	}
	return excerpt{}
}

// of returns what was collected for a result alone, at most so many files.
func (f *files) of(r *record.Record, result record.Result, most int) []excerpt {
	var found []excerpt
	for _, evidence := range r.Evidence {
		if evidence.Shard == result.Shard && evidence.Promise == result.Promise && (evidence.Service == "" || evidence.Service == result.Service) {
			found = append(found, f.excerpts(evidence.Path)...)
		}
	}
	for _, id := range result.Recoveries {
		if recovery, ok := r.Recovery(id); ok && recovery.Evidence != "" {
			found = append(found, f.excerpts(recovery.Evidence)...)
		}
	}
	return found[:min(len(found), most)]
}

// excerpts are those of a file, or of the files of a folder.
func (f *files) excerpts(name string) []excerpt {
	name = path.Clean(name)
	if f.root == nil || !fs.ValidPath(name) {
		return nil
	}
	entries, err := fs.ReadDir(f.root, name)
	if err != nil {
		return []excerpt{f.excerpt(name)}
	}
	var found []excerpt
	for _, entry := range entries {
		if !entry.IsDir() {
			found = append(found, f.excerpt(path.Join(name, entry.Name())))
		}
	}
	return found
}

// excerpt shows the end of a text, where a log says how it ended.
func (f *files) excerpt(name string) excerpt {
	const lines, bytesShown = 40, 8 << 10
	data, whole, err := f.read(name, largestExcerpt)
	switch {
	case err != nil:
		return excerpt{Path: name, Note: "it cannot be read"}
	case bytes.IndexByte(data, 0) >= 0:
		return excerpt{Path: name, Note: "it is no text"}
	case !whole:
		return excerpt{Path: name, Text: shorten(f.colours.ReplaceAllString(string(data), ""), bytesShown), Note: "its beginning"}
	}
	all := strings.Split(strings.TrimRight(f.colours.ReplaceAllString(string(data), ""), "\n"), "\n")
	note := ""
	if len(all) > lines {
		note = fmt.Sprintf("the last %d of %d lines", lines, len(all))
		all = all[len(all)-lines:]
	}
	return excerpt{Path: name, Text: shorten(strings.Join(all, "\n"), bytesShown), Note: note}
}

// fileView is what was collected, with a link to it where its path stays beside the record.
type fileView struct {
	record.Evidence
	Linked bool
}

// collected are the files of a record, and how many of them did not fit.
func collected(all []record.Evidence, room *allowance) (found []fileView, left int) {
	for _, evidence := range all {
		const markup = 120
		if !room.take(markup, []string{evidence.What, evidence.Path, evidence.Path, evidence.SHA256}) {
			left++
			continue
		}
		found = append(found, fileView{evidence, fs.ValidPath(evidence.Path)})
	}
	return found, left
}
