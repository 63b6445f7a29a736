package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

type mergeCommand struct {
	Records []string `arg:"" name:"record" help:"Records of all shards of one run (record.json), each with its evidence beside it." type:"path"`
	Output  string   `help:"Folder for the record of the whole run, its reports and the evidence of all shards." placeholder:"DIR" type:"path" required:""`
	earlier
	signer
}

// Run merges shards and judges them as one run.
func (c *mergeCommand) Run(ctx context.Context, stdout io.Writer, code *outcome) error {
	means, err := readMeans(c.earlier, c.signer)
	if err != nil {
		return err
	}
	var shards []*record.Record
	for _, path := range c.Records {
		read, err := record.Load(path)
		if err != nil {
			return err
		}
		shards = append(shards, read)
	}
	merged, err := record.Merge(shards)
	if err != nil {
		return err
	}
	if err := gather(c.Records, shards, c.Output); err != nil {
		return err
	}
	if err := merged.Save(config.Config{Output: c.Output}.RecordPath()); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: merged %d shards; reports go to %s\n", len(shards), c.Output)
	// Where Ginkgo did not pass a shard and no result says why, the shard has noted it.
	return conclude(ctx, stdout, finished{merged, len(merged.Notes) == 0, c.Output}, means, code)
}

// gather puts the evidence of all shards, whose records lie at the paths, where the record that they are merged into looks
// for it. Nothing that an earlier run has left there stays, and nothing is removed before all that is needed was found.
func gather(paths []string, shards []*record.Record, output string) error {
	homes := map[string]bool{} // of the shards whose records lie in them already
	for i, shard := range shards {
		folder, own := filepath.Dir(paths[i]), home(shard, output)
		if err := outside(paths[i], shard, output); err != nil {
			return err
		}
		if err := bring(shard, folder, folder); err != nil {
			return fmt.Errorf("bring the evidence of shard %s together: %w", shard.Run.Shard, err)
		}
		if folder == own {
			homes[filepath.Base(own)] = true
		}
	}
	if err := removeOld(output, homes); err != nil {
		return fmt.Errorf("remove what the last run left: %w", err)
	}
	for i, shard := range shards {
		folder, own := filepath.Dir(paths[i]), home(shard, output)
		if folder == own {
			continue
		}
		if err := bring(shard, folder, own); err != nil {
			return fmt.Errorf("bring the evidence of shard %s together: %w", shard.Run.Shard, err)
		}
	}
	return nil
}

// removeOld removes what an earlier run has left in the output folder, but not the named folders of shards.
func removeOld(output string, kept map[string]bool) error {
	if err := (config.Config{Output: output}).RemoveOld(config.ShardsFolder); err != nil {
		return err
	}
	left, err := os.ReadDir(filepath.Join(output, config.ShardsFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, folder := range left {
		if kept[folder.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(output, config.ShardsFolder, folder.Name())); err != nil {
			return err
		}
	}
	return nil
}

// home is where the evidence of a shard lies in the output folder.
func home(shard *record.Record, output string) string {
	number, _, _ := strings.Cut(shard.Run.Shard, "/") // record.Merge has read it
	return filepath.Join(output, config.ShardsFolder, number)
}

// outside refuses a shard that would be removed before it was read.
func outside(path string, shard *record.Record, output string) error {
	folder := filepath.Dir(path)
	inside, err := filepath.Rel(output, folder)
	if err != nil || !filepath.IsLocal(inside) || folder == home(shard, output) {
		return nil
	}
	first, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
	if slices.Contains([]string{".", config.ShardsFolder, config.BaselineFolder, "evidence", "again"}, first) {
		return fmt.Errorf("merge %s: the reports of the whole run would replace it: choose another --output than %s", path, output)
	}
	return nil
}

// bring copies what a shard has collected, and refuses what is not what its record says. To where it is already, it is
// only looked at.
func bring(shard *record.Record, from, to string) error {
	if err := os.MkdirAll(to, 0o750); err != nil {
		return err
	}
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	for _, evidence := range shard.Evidence {
		name := filepath.Clean(evidence.Path)
		if from == to {
			err = copied(source, name, io.Discard, evidence.SHA256)
		} else {
			err = moved(source, target, name, evidence.SHA256)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// moved copies a file from one folder to another. Neither way leads out of its folder.
func moved(from, to *os.Root, name, sum string) (err error) {
	if err := to.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	file, err := to.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return copied(from, name, file, sum)
}

// copied writes a file of a folder, where it has that SHA-256.
func copied(from *os.Root, name string, to io.Writer, sum string) error {
	file, err := from.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing beside the record: take the whole folder that the shard has written", name)
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if about, err := file.Stat(); err != nil || !about.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", name)
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, hash), file); err != nil {
		return err
	}
	if found := fmt.Sprintf("%x", hash.Sum(nil)); found != sum {
		return fmt.Errorf("%s is not the file of the record: its SHA-256 is %s, not %s", name, found, sum)
	}
	return nil
}
