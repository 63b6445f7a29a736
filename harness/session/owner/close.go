package owner

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// closeTimeout bounds how long the end of a session takes: collecting evidence, then removing containers.
const closeTimeout = 60 * time.Second

// addError remembers an error of the harness itself.
func (o *Owner) addError(err error) {
	if err == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.errs = append(o.errs, err)
}

// addGap remembers the longest time for which an observer was not scheduled.
func (o *Owner) addGap(gap int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.worstGap = max(o.worstGap, gap)
}

// Close ends the session: it collects evidence, disconnects the clients, removes the containers, and finishes the record. The error
// joins the errors of the harness itself during the whole session.
func (o *Owner) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if o.listener != nil {
		_ = o.listener.Close()
	}
	o.cancelStarts() // nobody waits for them any more
	o.sandboxes.leaving.Wait()
	o.forEachSandbox(func(_ string, live *liveSandbox) { o.addError(o.collect(ctx, live.instance(), live)) })
	o.stop()
	o.serving.Wait()
	o.forEachSandbox(func(name string, live *liveSandbox) {
		if err := o.closeSandbox(ctx, live); err != nil {
			o.addError(fmt.Errorf("close sandbox %s: %w", name, err))
		}
	})
	o.closeReaper(ctx)
	if o.writer != nil {
		end := record.End{Finished: time.Now(), WorstGap: o.worstGap, Trouble: oneLine(errors.Join(o.errs...))}
		o.addError(o.writer.Close(end))
	}
	if o.daemon != nil {
		_ = o.daemon.Close()
	}
	return errors.Join(o.errs...)
}

// collect writes the evidence of a sandbox beside the record, and refers to it in the record. Nothing happens in the sandbox afterwards.
func (o *Owner) collect(ctx context.Context, name string, live *liveSandbox) error {
	if o.writer != nil {
		if err := o.writer.Container(record.Container{
			Sandbox: live.name, Generation: live.generation, ID: live.container.ID(), Digest: live.container.Image().ID,
			From: live.readySince, Until: o.clock.latest(),
		}); err != nil {
			return err
		}
	}
	folder := filepath.Join(config.EvidenceFolder, name)
	if err := live.collect(ctx, filepath.Join(o.configuration.Output, folder)); err != nil {
		if errors.Is(err, unix.ENOSPC) { // half of it is worth less than the room, which the record needs
			_ = os.RemoveAll(filepath.Join(o.configuration.Output, folder))
		}
		return fmt.Errorf("collect the evidence of sandbox %s: %w", name, err)
	}
	if o.writer == nil {
		return nil
	}
	return o.addEvidence(name, folder)
}

// addEvidence records every file that was collected of a sandbox, with its hash, so that a later change shows.
func (o *Owner) addEvidence(name, folder string) error {
	files, err := os.ReadDir(filepath.Join(o.configuration.Output, folder))
	if err != nil {
		return fmt.Errorf("read the evidence of sandbox %s: %w", name, err)
	}
	for _, file := range files {
		path := filepath.Join(folder, file.Name())
		content, err := os.ReadFile(filepath.Join(o.configuration.Output, path)) //nolint:gosec // we have written it
		if err != nil {
			return fmt.Errorf("read the evidence of sandbox %s: %w", name, err)
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

// closeReaper lets the reaper remove what is left. One that ended early could not have cleaned up after a kill of this process.
func (o *Owner) closeReaper(ctx context.Context) {
	if o.reaper == nil {
		return
	}
	select {
	case <-o.reaper.Gone():
		o.addError(errors.New("the reaper ended before the session did: a killed run would have left its containers behind"))
	default:
	}
	o.addError(o.reaper.Close(ctx))
}

// forEachSandbox calls do for all sandboxes at once, and returns when all calls have.
func (o *Owner) forEachSandbox(do func(name string, live *liveSandbox)) {
	var all sync.WaitGroup
	for name, live := range o.sandboxes.live() {
		all.Go(func() { do(name, live) })
	}
	all.Wait()
}
