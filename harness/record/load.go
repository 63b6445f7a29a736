package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Load reads a record, whether it is the finished document or the events of a run that was killed or
// goes on; one without an End is not Complete. A last line that was cut off is left out and noted;
// any other line that cannot be read is an error that names it.
func Load(path string) (*Record, error) {
	data, err := os.ReadFile(path) //nolint:gosec // to read the file that was named is the purpose
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	read, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read the record %s: %w", path, err)
	}
	return read, nil
}

// parse tells the two forms apart by their first line: a document has its list of results in it, or
// begins with a brace alone.
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
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(read); err != nil {
		return nil, fmt.Errorf("it is no record: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end of the record")
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
		err := json.Unmarshal(line, &next)
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
