package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// largest bounds a record, in bytes: fifty times the record of a faithful run of 28 services. A larger file is not ours and is not read
// into memory.
const largest = 32 << 20

// Load reads a record: the finished document, or the events of a run that was killed or goes on. A record without an End is not
// Complete. Load leaves out a last line that was cut off, and notes it; any other unreadable line is an error that names it. A record
// has at most 32 MiB, no unknown member, and no member twice.
func Load(path string) (*Record, error) {
	data, err := content(path)
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	read, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read the record %s: %w", path, err)
	}
	read.upgrade()
	return read, nil
}

// content returns what a file holds. A file that is too large is an error.
func content(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // to read the file that was named is the purpose
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err == nil && len(data) > largest {
		err = fmt.Errorf("%s has more than %d MiB, and no record of ours does: look for what was written into it", path, largest>>20)
	}
	return data, err
}

// parse tells the two forms apart by the first line: a document's holds its list of results, or a brace alone.
func parse(data []byte) (*Record, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("it is empty: the run was killed before it began")
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
