package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/history"
)

// historyCommand is hero_chaos history.
type historyCommand struct {
	Places []string `arg:"" name:"folder" help:"Folders that are searched for record.json, records, or patterns such as 'runs/*/record.json'."`
	Output string   `help:"The page that is written." default:"history.html" placeholder:"FILE" type:"path"`
}

// mostRecords bounds how many records are read.
const mostRecords = 500

// Run compares the records of many runs, prints what changed, and writes one page.
func (c *historyCommand) Run(stdout io.Writer) error {
	paths, err := findRecords(c.Places)
	if err != nil {
		return err
	}
	if err := refuseOverwriting(c.Output, paths...); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	var records []history.Named
	for _, path := range paths {
		read, err := record.Load(path)
		if err != nil {
			_, _ = fmt.Fprintf(stdout, "hero_chaos: %s is left out: %v\n", path, err)
			continue
		}
		records = append(records, history.Named{Path: path, Record: read})
	}
	found, err := history.Of(records)
	if err != nil {
		return err
	}
	page, err := found.HTML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Output, page, 0o600); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	_, _ = io.WriteString(stdout, found.Text())
	_, err = fmt.Fprintf(stdout, "hero_chaos: all of it is in %s\n", c.Output)
	return err
}

// findRecords returns the records of folders and patterns, each once. Of a merged record it takes the whole and not the shards.
func findRecords(places []string) (paths []string, err error) {
	for _, place := range places {
		matches, err := filepath.Glob(place)
		if err != nil {
			return nil, fmt.Errorf("find records by %q: %w", place, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("find records by %q: there is no such folder or file", place)
		}
		for _, match := range matches {
			if info, err := os.Stat(match); err != nil || !info.IsDir() {
				paths = append(paths, match)
				continue
			}
			found, err := searchFolder(match)
			if err != nil {
				return nil, err
			}
			paths = append(paths, found...)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) > mostRecords {
		return nil, fmt.Errorf("find records: there are %d, more than %d: name fewer", len(paths), mostRecords)
	}
	return paths, nil
}

// searchFolder returns the records below a folder. It does not look into the shards of a merged record.
func searchFolder(folder string) (paths []string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "shards" || entry.Name() == "evidence"):
			return fs.SkipDir
		case entry.Type().IsRegular() && entry.Name() == "record.json":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find records in %s: %w", folder, err)
	}
	return paths, nil
}
