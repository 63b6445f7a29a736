package campaign

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/mutation"
)

const (
	// stateName is the file of a mutant's folder that holds its trial.
	stateName = "trial.json"
	// stateSchema names the form of that file. A file of another form does not count.
	stateSchema = "hero_chaos.trial/1"
	// logName is the file name of a container's log in any folder of evidence.
	logName = "log.txt"
)

// state is a result with what it depends on.
type state struct {
	Schema string         `json:"schema"`
	Key    string         `json:"key"`
	Scope  mutation.Scope `json:"scope"`
	Trial  mutation.Trial `json:"trial"`
}

// load reads the state of a mutant's folder.
func load(folder string) (state, error) {
	text, err := os.ReadFile(filepath.Join(folder, stateName)) //nolint:gosec // named by whoever runs us
	if err != nil {
		return state{}, err
	}
	var kept state
	if err := json.Unmarshal(text, &kept); err != nil {
		return state{}, err
	}
	if kept.Schema != stateSchema {
		return state{}, fmt.Errorf("the form of %s is %q, not %q", stateName, kept.Schema, stateSchema)
	}
	return kept, nil
}

// save writes the state as a whole or not at all.
func save(folder string, s state) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.MkdirAll(folder, 0o750)
	}
	path := filepath.Join(folder, stateName)
	if err == nil {
		err = os.WriteFile(path+".new", append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("save the trial of a mutant: %w", err)
	}
	return nil
}

// hasReached reports whether a line of any container's log below the folder ends with text. A time or another process's output
// may stand before it.
func hasReached(folder, text string) (bool, error) {
	found := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || found || entry.Name() != logName {
			return err
		}
		found, err = hasLine(path, text)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look for %q in the logs of the containers: %w", text, err)
	}
	return found, nil
}

// hasLine reports whether a line of the file ends with text. Of a line that is longer than the buffer it keeps only the end.
func hasLine(path, text string) (bool, error) {
	file, err := os.Open(path) //nolint:gosec // our own evidence
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewReader(file)
	before := ""
	for {
		part, more, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if more {
			before = string(part[max(0, len(part)-len(text)):])
			continue
		}
		if strings.HasSuffix(strings.TrimSpace(before+string(part)), text) {
			return true, nil
		}
		before = ""
	}
}
