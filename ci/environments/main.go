// Command environments runs hero_chaos in environments that its users have: each must end with the line and the exit code of its row,
// and leave nothing behind. It needs Docker, and the programs in bin.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// environmentTimeout bounds one environment.
const environmentTimeout = 3 * time.Minute

func main() {
	only := flag.String("only", "", "names of environments, several by commas")
	list := flag.Bool("list", false, "print the table and run nothing")
	parallel := flag.Int("parallel", 3, "how many environments at once: a run mostly waits")
	interrupts := flag.Int("interrupts", 0, "interrupt so many runs at random moments instead")
	kills := flag.Int("kills", 0, "kill agents or harnesses of so many runs at random moments instead")
	seed := flag.Uint64("seed", 1, "repeats the random moments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen := slices.DeleteFunc(environments(), func(e environment) bool {
		return *only != "" && !slices.Contains(strings.Split(*only, ","), e.name)
	})
	if *list {
		for _, e := range chosen {
			fmt.Printf("%-24s exit code %-6s  %s\n", e.name, codeText(e.code), e.line)
		}
		return
	}
	output, err := exec.CommandContext(ctx, "go", "run", "./fixtures/herozero/build").Output()
	image, wrong := strings.TrimSpace(string(output)), 0
	switch {
	case err != nil:
		err = fmt.Errorf("build the stand-in: %w", err)
	case *interrupts > 0:
		wrong, err = interruptAtRandom(ctx, image, *interrupts, *seed)
	case *kills > 0:
		wrong, err = killAtRandom(ctx, image, *kills, *seed)
	default:
		if wrong = tryAll(ctx, image, chosen, *parallel); wrong > 0 {
			fmt.Printf("%d environments did not go as expected\n", wrong)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "environments:", err)
	}
	if wrong > 0 || err != nil {
		stop()
		os.Exit(1)
	}
}

// tryAll tries environments, some at once, and prints what came of each. It returns how many did not go as expected.
func tryAll(ctx context.Context, image string, all []environment, parallel int) (wrong int) {
	var mu sync.Mutex
	var trying sync.WaitGroup
	places := make(chan struct{}, max(1, parallel))
	for _, e := range all {
		places <- struct{}{}
		trying.Go(func() {
			defer func() { <-places }()
			began := time.Now()
			err := e.try(ctx, image)
			mu.Lock()
			defer mu.Unlock()
			result := "as expected"
			switch {
			case errors.Is(err, errNotHere):
				result = strings.ReplaceAll(err.Error(), "\n", ": ")
			case err != nil:
				result, wrong = "WRONG: "+err.Error(), wrong+1
			}
			fmt.Printf("%-24s %5.1f s  %s\n", e.name, time.Since(began).Seconds(), result)
		})
	}
	trying.Wait()
	return wrong
}

// try arranges an environment, runs hero_chaos in it, and compares. The error says what was not as expected.
func (e environment) try(ctx context.Context, image string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, environmentTimeout)
	defer cancel()
	l, err := newLab(ctx, image)
	if err != nil {
		return err
	}
	defer l.close()
	if err := e.arrange(l); err != nil {
		return fmt.Errorf("arrange it: %w", err)
	}
	output, code := l.run()
	switch {
	case code != e.code && (e.code != codeRan || (code != 0 && code != codeInconclusive)):
		return fmt.Errorf("exit code %d, not %d: %s", code, e.code, end(output))
	case !strings.Contains(output, e.line):
		return fmt.Errorf("%q is not in what it says: %s", e.line, end(output))
	}
	if e.check != nil {
		if err := e.check(l); err != nil {
			return err
		}
	}
	return l.findLeftovers()
}

// end returns the end of a text in one line.
func end(text string) string {
	const longest = 600
	text = strings.Join(strings.Fields(text), " ")
	return text[max(0, len(text)-longest):]
}

// codeText returns an expected exit code as the table shows it.
func codeText(code int) string {
	if code == codeRan {
		return "0 or 2"
	}
	return strconv.Itoa(code)
}
