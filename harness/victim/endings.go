package victim

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ending is a way in which a process ends: by a signal, or with an exit code.
type ending struct {
	signal syscall.Signal // 0 for none
	code   int
}

// parseEndings reads a list of exit codes and names of signals, such as "1,SIGPIPE".
func parseEndings(list string) ([]ending, error) {
	var endings []ending
	for word := range strings.SplitSeq(list, ",") {
		if signal := unix.SignalNum(word); signal != 0 {
			endings = append(endings, ending{signal: signal})
			continue
		}
		code, err := strconv.ParseUint(word, 10, 8)
		if err != nil {
			return nil, fmt.Errorf("--endings has %q, which is no exit code and no signal: use 0 to 255, or a name such as SIGPIPE", word)
		}
		endings = append(endings, ending{code: int(code)})
	}
	return endings, nil
}

// endInTurn ends the process as it is its turn: run n of the journal ends by the nth of the endings.
func (v *victim) endInTurn() error {
	if v.options.Endings == "" {
		v.end(v.options.ExitCode)
		return nil
	}
	endings, err := parseEndings(v.options.Endings)
	if err != nil {
		return err
	}
	written, err := os.ReadFile(v.options.Journal)
	if err != nil {
		return fmt.Errorf("count the runs: %w", err)
	}
	runs := bytes.Count(written, []byte(strconv.Quote(EventStarted)))
	turn := endings[(runs-1)%len(endings)]
	if turn.signal == 0 {
		v.end(turn.code)
		return nil
	}
	v.journal.note(EventEnded)
	return dieOf(turn.signal)
}
