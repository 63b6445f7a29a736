package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// momentLimit is the latest moment of a run at which it is interrupted.
const momentLimit = 30 * time.Second

// interruptAtRandom interrupts runs at random moments, half of them attached to one container. It prints what was not as it should be, and
// returns how many runs that were.
func interruptAtRandom(ctx context.Context, image string, runs int, seed uint64) (wrong int, err error) {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // to be repeated
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	host, err := newLab(ctx, image)
	if err != nil {
		return 0, err
	}
	defer host.close()
	if err := host.attach(); err != nil {
		return 0, err
	}
	var ends []time.Duration
	kinds := map[string]int{}
	for i := range runs {
		moment, signal := time.Duration(random.Int64N(int64(momentLimit))), signals[i%len(signals)]
		container := ""
		if i%2 == 0 {
			container = host.container
		}
		kind, end, err := interruptAt(ctx, host, container, moment, signal)
		if ctx.Err() != nil {
			return wrong, ctx.Err()
		}
		ends = append(ends, end)
		kinds[kind]++
		result := kind
		if err != nil {
			wrong++
			result = "WRONG: " + err.Error()
		}
		fmt.Printf("%3d  %-8s %-10s after %5.2f s, ended in %5.2f s: %s\n", i+1, owner(container), signal, moment.Seconds(), end.Seconds(), result)
	}
	slices.Sort(ends)
	fmt.Printf("%d runs, %d not as they should be; %v; ended in %.2f s at the median and %.2f s at most\n", runs, wrong, kinds, ends[len(ends)/2].Seconds(), ends[len(ends)-1].Seconds())
	return wrong, nil
}

// owner says whose the container of a run is.
func owner(container string) string {
	if container == "" {
		return "own"
	}
	return "attached"
}

// interruptAt starts a run, interrupts it after a moment, and returns how it ended and how long that took.
func interruptAt(ctx context.Context, host *lab, container string, moment time.Duration, signal syscall.Signal) (kind string, end time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, environmentTimeout)
	defer cancel()
	l, err := newLab(ctx, host.image)
	if err != nil {
		return "", 0, err
	}
	defer l.close()
	l.container, l.state = container, host.state
	l.args = append(l.args, longer)
	if container != "" {
		l.args = append(l.args, "--container", container)
	}
	l.env = append(l.env, "TMPDIR="+l.folder)
	command := l.hero(l.args...)
	text := new(strings.Builder)
	command.Stdout, command.Stderr = text, text
	if err := command.Start(); err != nil {
		return "", 0, err
	}
	time.AfterFunc(moment, func() { _ = command.Process.Signal(signal) })
	began := time.Now()
	_ = command.Wait()
	end = max(0, time.Since(began)-moment)
	said := lastLine(text.String())
	switch code := command.ProcessState.ExitCode(); {
	case code != codeError:
		return said, end, fmt.Errorf("exit code %d: %s", code, said)
	case strings.Contains(said, "interrupted after "):
		if kind = "half-way"; strings.Contains(said, "interrupted after 0 of ") {
			kind = "before the first result"
		}
		_, err = os.Stat(filepath.Join(l.output, "record.json"))
	default:
		return said, end, fmt.Errorf("it says %q", said)
	}
	return kind, end, errors.Join(err, l.findLeftovers(), l.findFiles())
}

// findFiles returns an error that names files that a run has left outside of its output.
func (l *lab) findFiles() error {
	files, err := os.ReadDir(l.folder)
	for _, file := range files {
		if file.Name() != filepath.Base(l.output) {
			err = errors.Join(err, fmt.Errorf("%s is left in the folder for temporary files", file.Name()))
		}
	}
	return err
}

// lastLine returns the last line of a text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
