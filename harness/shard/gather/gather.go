// Package gather brings the evidence of shards to the record that they are merged into.
package gather

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// Merge merges the records at the paths, gathers their evidence in the output folder, and saves the merged record there.
func Merge(paths []string, output string) (*record.Record, error) {
	var shards []*record.Record
	for _, path := range paths {
		read, err := record.Load(path)
		if err != nil {
			return nil, err
		}
		shards = append(shards, read)
	}
	merged, err := record.Merge(shards)
	if err != nil {
		return nil, err
	}
	if err := copyEvidence(paths, shards, output); err != nil {
		return nil, err
	}
	return merged, merged.Save(config.Config{Output: output}.RecordPath())
}

// copyEvidence copies the evidence of the shards to where the merged record looks for it. It removes what an earlier run left
// there, but only after it has found all that it needs.
func copyEvidence(paths []string, shards []*record.Record, output string) error {
	kept := map[string]bool{} // the folders of shards that lie in the output folder already
	for i, shard := range shards {
		folder, own := filepath.Dir(paths[i]), shardFolder(shard, output)
		if err := refuseInside(paths[i], shard, output); err != nil {
			return err
		}
		if err := copyShard(shard, folder, folder); err != nil {
			return fmt.Errorf("bring the evidence of shard %s together: %w", shard.Run.Shard, err)
		}
		if folder == own {
			kept[filepath.Base(own)] = true
		}
	}
	if err := removeOld(output, kept); err != nil {
		return fmt.Errorf("remove what the last run left: %w", err)
	}
	for i, shard := range shards {
		folder, own := filepath.Dir(paths[i]), shardFolder(shard, output)
		if folder == own {
			continue
		}
		if err := copyShard(shard, folder, own); err != nil {
			return fmt.Errorf("bring the evidence of shard %s together: %w", shard.Run.Shard, err)
		}
	}
	return nil
}

// removeOld removes what an earlier run left in the output folder, except the named folders of shards.
func removeOld(output string, kept map[string]bool) error {
	if err := (config.Config{Output: output}).PrepareOutput(config.ShardsFolder); err != nil {
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

// shardFolder returns the folder of a shard's evidence in the output folder.
func shardFolder(shard *record.Record, output string) string {
	number, _, _ := strings.Cut(shard.Run.Shard, "/") // record.Merge has read it
	return filepath.Join(output, config.ShardsFolder, number)
}

// refuseInside refuses a shard that would be removed before it was copied.
func refuseInside(path string, shard *record.Record, output string) error {
	folder := filepath.Dir(path)
	inside, err := filepath.Rel(output, folder)
	if err != nil || !filepath.IsLocal(inside) || folder == shardFolder(shard, output) {
		return nil
	}
	first, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
	if slices.Contains([]string{".", config.ShardsFolder, config.BaselineFolder, config.EvidenceFolder, "again"}, first) {
		return fmt.Errorf("merge %s: the reports of the whole run would replace it: choose another --output than %s", path, output)
	}
	return nil
}

// copyShard copies a shard's evidence, and refuses what differs from its record. If both folders are the same, it only checks.
func copyShard(shard *record.Record, from, to string) error {
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
			err = copyTo(io.Discard, source, name, evidence.SHA256)
		} else {
			err = copyFile(source, target, name, evidence.SHA256)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file from one folder to another. The name leads out of neither.
func copyFile(from, to *os.Root, name, sum string) (err error) {
	if err := to.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	file, err := to.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return copyTo(file, from, name, sum)
}

// copyTo writes a file of a folder to w, and refuses it if its SHA-256 is not sum.
func copyTo(w io.Writer, from *os.Root, name, sum string) error {
	file, err := from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for a writer
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing beside the record: take the whole folder that the shard has written", name)
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if about, err := file.Stat(); err != nil || !about.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, hash), file); err != nil {
		return err
	}
	if found := fmt.Sprintf("%x", hash.Sum(nil)); found != sum {
		return fmt.Errorf("%s is not the file of the record: its SHA-256 is %s, not %s", name, found, sum)
	}
	return nil
}
