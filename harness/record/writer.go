package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
)

// Writer writes a record as it happens: every event is one line in a file next to the record, in one
// write, so that whatever kills the run leaves what was found until then. It is safe for concurrent
// use.
type Writer struct {
	path   string
	redact Redactor

	mutex   sync.Mutex
	file    *os.File // nil after Close
	written Totals
	broken  error // why the last event may be there in part: nothing may follow it
}

// EventsPath returns the file that holds the events of the record at path: record.json has
// record.jsonl.
func EventsPath(path string) string { return path + "l" }

// Create begins a record at path, in a folder that is made where it is missing, and forgets one that
// was there. No value of a secret that redact knows is ever written.
func Create(path string, run Run, redact Redactor) (*Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("begin the record: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("begin the record: remove the last one: %w", err)
	}
	file, err := os.OpenFile(EventsPath(path), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin the record: %w", err)
	}
	writer := &Writer{path: path, redact: redact, file: file}
	if err := writer.write(event{Schema: Schema, Run: &run}); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return writer, nil
}

// Run completes what Create wrote of the run, once the image is known.
func (w *Writer) Run(run Run) error { return w.write(event{Schema: Schema, Run: &run}) }

// Result adds what a promise came to.
func (w *Writer) Result(result Result) error {
	if err := result.check(); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return w.write(event{Result: &result})
}

// Recovery adds a fault and what followed.
func (w *Writer) Recovery(recovery Recovery) error { return w.write(event{Recovery: &recovery}) }

// Evidence adds where something is that was collected.
func (w *Writer) Evidence(evidence Evidence) error { return w.write(event{Evidence: &evidence}) }

// Container adds a container that is about to be removed.
func (w *Writer) Container(container Container) error { return w.write(event{Container: &container}) }

// Close ends the record and writes it as one document to the path that it was created with, whole or
// not at all. The events stay.
func (w *Writer) Close(end End) error {
	w.mutex.Lock()
	totals := w.written
	w.mutex.Unlock()
	end.Totals = &totals
	if err := w.write(event{End: &end}); err != nil {
		return err
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	err := errors.Join(w.file.Sync(), w.file.Close())
	w.file = nil
	if err != nil {
		return fmt.Errorf("end the record: %w", err)
	}
	whole, err := Load(EventsPath(w.path))
	if err != nil {
		return fmt.Errorf("end the record: %w", err)
	}
	if len(whole.Notes) == 0 && whole.Count() != *end.Totals {
		return fmt.Errorf("end the record: it holds %+v, and %+v were written", whole.Count(), *end.Totals)
	}
	return whole.Save(w.path)
}

// write appends one event.
func (w *Writer) write(e event) error {
	line, err := w.line(e)
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.file == nil {
		return fmt.Errorf("write the record %s: it is closed", w.path)
	}
	if w.broken == nil {
		if _, err := w.file.Write(line); err != nil {
			w.broken = fmt.Errorf("write the record: %w", err)
		}
		w.written.add(e)
	}
	return w.broken
}

// line returns a redacted copy of the event; the event itself belongs to the caller.
func (w *Writer) line(e event) ([]byte, error) {
	original, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var redacted event
	if err := json.Unmarshal(original, &redacted); err != nil {
		return nil, err
	}
	w.redact.value(reflect.ValueOf(&redacted))
	line, err := json.Marshal(redacted)
	return append(line, '\n'), err
}

// Save seals the record and writes it to path as one document, whole or not at all.
func (r *Record) Save(path string) error {
	r.Seal()
	document, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("save the record: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save the record: %w", err)
	}
	_, err = file.Write(append(document, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("save the record: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}
