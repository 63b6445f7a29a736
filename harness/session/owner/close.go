package owner

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// closing bounds how long the end of a session takes: evidence, then the removal of what was made.
const closing = 60 * time.Second

// note remembers something that went wrong with the harness itself.
func (o *Owner) note(err error) {
	if err == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trouble = append(o.trouble, err)
}

// noteGap remembers the longest that an observer was not scheduled.
func (o *Owner) noteGap(gap int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.worstGap = max(o.worstGap, gap)
}

// Close ends the session: evidence is collected, clients are cut off, everything that was made is removed, and
// the record is finished. The error says what went wrong with the harness itself, during the whole session.
func (o *Owner) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closing)
	defer cancel()
	if o.listener != nil {
		_ = o.listener.Close()
		defer func() { _ = os.RemoveAll(filepath.Dir(o.listener.Addr().String())) }()
	}
	o.forAll(func(name string, live *liveSandbox) { o.note(o.collect(ctx, name, live)) })
	o.stop()
	o.serving.Wait()
	o.forAll(func(name string, live *liveSandbox) {
		if err := live.close(ctx); err != nil {
			o.note(fmt.Errorf("close sandbox %s: %w", name, err))
		}
	})
	o.closeReaper(ctx)
	if o.writer != nil {
		end := record.End{Finished: time.Now(), WorstGap: o.worstGap, Trouble: oneLine(errors.Join(o.trouble...))}
		o.note(o.writer.Close(end))
	}
	if o.daemon != nil {
		_ = o.daemon.Close()
	}
	return errors.Join(o.trouble...)
}

// collect writes what is known of a sandbox beside the record, and points to it from there.
func (o *Owner) collect(ctx context.Context, name string, live *liveSandbox) error {
	folder := filepath.Join(config.EvidenceFolder, name)
	if err := live.collect(ctx, filepath.Join(o.configuration.Output, folder)); err != nil {
		return fmt.Errorf("collect the evidence of sandbox %s: %w", name, err)
	}
	if o.writer == nil {
		return nil
	}
	return o.pointTo(name, folder)
}

// pointTo notes every file of what was collected of a sandbox, with its hash: whoever reads the record later can see
// whether it is still the one.
func (o *Owner) pointTo(name, folder string) error {
	files, err := os.ReadDir(filepath.Join(o.configuration.Output, folder))
	if err != nil {
		return fmt.Errorf("look at what was collected of sandbox %s: %w", name, err)
	}
	for _, file := range files {
		path := filepath.Join(folder, file.Name())
		content, err := os.ReadFile(filepath.Join(o.configuration.Output, path)) //nolint:gosec // we have written it
		if err != nil {
			return fmt.Errorf("look at what was collected of sandbox %s: %w", name, err)
		}
		evidence := record.Evidence{
			What: fmt.Sprintf("%s of sandbox %s", strings.TrimSuffix(file.Name(), filepath.Ext(file.Name())), name), Path: path,
			Bytes: int64(len(content)), SHA256: fmt.Sprintf("%x", sha256.Sum256(content)),
		}
		if err := o.writer.Evidence(evidence); err != nil {
			return err
		}
	}
	return nil
}

// closeReaper has what is left removed. A reaper that has gone before would not have cleaned up after a death
// of this process.
func (o *Owner) closeReaper(ctx context.Context) {
	if o.reaper == nil {
		return
	}
	select {
	case <-o.reaper.Gone():
		o.note(errors.New("the reaper ended before the session did: a killed run would have left its containers behind"))
	default:
	}
	o.note(o.reaper.Close(ctx))
}

// forAll does something to all sandboxes at once, and returns when that is done.
func (o *Owner) forAll(do func(name string, live *liveSandbox)) {
	var doing sync.WaitGroup
	for name, live := range o.live() {
		doing.Go(func() { do(name, live) })
	}
	doing.Wait()
}

// live returns the sandboxes that are there, once those on their way have arrived.
func (o *Owner) live() map[string]*liveSandbox {
	o.mu.Lock()
	openings := maps.Clone(o.sandboxes)
	o.mu.Unlock()
	live := map[string]*liveSandbox{}
	for _, name := range slices.Sorted(maps.Keys(openings)) {
		<-openings[name].ready
		if openings[name].sandbox != nil {
			live[name] = openings[name].sandbox
		}
	}
	return live
}
