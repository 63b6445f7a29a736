package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/controls"
)

// controlsCommand is hero_chaos controls: it keeps what the table of the controls needs of records, and writes the table anew.
type controlsCommand struct {
	Keep    string   `help:"Folder of the records that the table is made from." default:"fixtures/controls/records" type:"path"`
	Into    string   `help:"Document with the table in it." default:"README.md" type:"path"`
	Records []string `arg:"" optional:"" help:"Records to keep in place of those of the same targets." type:"path"`
}

// Run keeps the records and writes the table.
func (c *controlsCommand) Run() error {
	for _, path := range c.Records {
		if err := c.keep(path); err != nil {
			return fmt.Errorf("keep the record of a control: %w", err)
		}
	}
	if err := c.write(); err != nil {
		return fmt.Errorf("write the table of the controls: %w", err)
	}
	return nil
}

// keep trims a record and puts it in the place of the last one.
func (c *controlsCommand) keep(path string) error {
	found, err := record.Load(path)
	if err != nil {
		return err
	}
	if !found.Complete() {
		return fmt.Errorf("%s has no end: run %s again", path, found.Run.Target)
	}
	text, err := json.MarshalIndent(controls.Trim(found), "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Keep, filepath.Base(found.Run.Target)+".json"), append(text, '\n'), 0o644) //nolint:gosec // for everybody to read
}

// write makes the table from all records that are kept.
func (c *controlsCommand) write() error {
	table, err := controlsTable(c.Keep)
	if err != nil {
		return err
	}
	document, err := os.ReadFile(c.Into)
	if err != nil {
		return err
	}
	written, err := controls.Insert(string(document), table)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Into, err)
	}
	return os.WriteFile(c.Into, []byte(written), 0o644) //nolint:gosec // for everybody to read
}

// controlsTable is the table of all records in a folder.
func controlsTable(folder string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return "", err
	}
	if len(paths) == 0 {
		return "", fmt.Errorf("there is no record in %s: make controls", folder)
	}
	slices.Sort(paths)
	var records []*record.Record
	for _, path := range paths {
		found, err := record.Load(path)
		if err != nil {
			return "", err
		}
		records = append(records, found)
	}
	return controls.Table(records...)
}
