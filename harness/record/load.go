package record

import (
	"bytes"
	"errors"
	"fmt"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
)

// largest bounds a record, in bytes: fifty times the record of a faithful run of 28 services. A larger file is not ours and is not read
// into memory.
const largest = 32 << 20

// memberLimit bounds the members and elements of a record, six times those of the largest faithful run. Each takes up to some hundred bytes of memory,
// even if it is wrong, so that 32 MiB of them would take 10 GB.
const memberLimit = 250_000

// Load reads a record: the finished document, or the events of a run that was killed or goes on. A record without an End is not
// Complete. Load leaves out a last line that was cut off, and notes it; any other unreadable line is an error that names it. A record
// has at most 32 MiB and 250,000 members, no unknown member, and no member twice.
func Load(path string) (*Record, error) {
	read, _, err := LoadBytes(path)
	return read, err
}

// LoadBytes is Load. It returns the bytes of the file as well, so that whoever signs them signs what was judged.
func LoadBytes(path string) (*Record, []byte, error) {
	data, err := regular.Read(path, largest)
	if err != nil {
		return nil, nil, fmt.Errorf("read the record: %w", err)
	}
	read, err := Parse(data)
	if err != nil {
		return nil, nil, fmt.Errorf("read the record %s: %w", path, err)
	}
	return read, data, nil
}

// Parse reads a record from the bytes of its file.
func Parse(data []byte) (*Record, error) {
	read, err := parse(data)
	if err != nil {
		return nil, err
	}
	read.upgrade()
	return read, nil
}

// parse tells the two forms apart by the first line: a document's holds its list of results, or a brace alone.
func parse(data []byte) (*Record, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty: the run was killed before it began")
	}
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte(",")) > memberLimit {
		return nil, fmt.Errorf("it has more than %d members, which no record of hero_chaos has", memberLimit)
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if string(bytes.TrimSpace(first)) == "{" || bytes.Contains(first, []byte(`"results":`)) {
		return parseDocument(data)
	}
	return parseEvents(data)
}

func parseDocument(data []byte) (*Record, error) {
	read := new(Record)
	if err := decode(data, read); err != nil {
		return nil, fmt.Errorf("it is no record: %w", err)
	}
	if err := read.check(); err != nil {
		return nil, err
	}
	return read, nil
}

func parseEvents(data []byte) (*Record, error) {
	read := newRecord()
	for number := 1; len(data) > 0; number++ {
		line, rest, terminated := bytes.Cut(data, []byte("\n"))
		var next event
		err := decode(line, &next)
		if err != nil && !terminated {
			read.Notes = append(read.Notes, fmt.Sprintf("line %d was cut off after %d bytes and is left out: the run was killed while it wrote", number, len(line)))
			break
		}
		if err == nil {
			err = next.apply(read)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		data = rest
	}
	if read.Schema == "" {
		return nil, errors.New("its first line was cut off: the run was killed before it began")
	}
	if !read.Complete() {
		read.Notes = append(read.Notes, "the record has no end: the run was killed, or goes on")
	}
	return read, nil
}

// newRecord returns an empty record whose lists are written as [] and not as null.
func newRecord() *Record {
	return &Record{Results: []Result{}, Recoveries: []Recovery{}, Evidence: []Evidence{}}
}
