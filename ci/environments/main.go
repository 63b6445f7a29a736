// Command environments runs hero_chaos in environments that its users have: each must end with the line and the exit code of its row,
// and leave nothing behind. It needs Docker, and the programs in bin.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// environmentTimeout bounds one environment.
const environmentTimeout = 3 * time.Minute

func main() {
	only := flag.String("only", "", "names of environments, several by commas")
	list := flag.Bool("list", false, "print the table and run nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	wrong := 0
	for _, e := range environments() {
		if *only != "" && !strings.Contains(","+*only+",", ","+e.name+",") {
			continue
		}
		if *list {
			fmt.Printf("%-16s exit code %-6s  %s\n", e.name, codeText(e.code), e.line)
			continue
		}
		began := time.Now()
		result := "as expected"
		if err := e.try(ctx); err != nil {
			result, wrong = "WRONG: "+err.Error(), wrong+1
		}
		fmt.Printf("%-22s %5.1f s  %s\n", e.name, time.Since(began).Seconds(), result)
	}
	if wrong > 0 {
		fmt.Printf("%d environments did not go as expected\n", wrong)
		os.Exit(1)
	}
}

// try arranges an environment, runs hero_chaos in it, and compares. The error says what was not as expected.
func (e environment) try(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, environmentTimeout)
	defer cancel()
	l, err := newLab(ctx)
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
