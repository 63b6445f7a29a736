package victim

import (
	"fmt"
	"io"
	"os"
)

// lastLines counts the lines that a talking victim writes at its end, the last words included: a supervisor has to read on after the end.
const lastLines = 40

// FirstWords returns the line that a talking victim with that pid writes as it starts.
func FirstWords(pid int) string { return fmt.Sprintf("victim: the first words of process %d", pid) }

// LastWords returns the last line that a talking victim with that pid writes. It goes to the error output.
func LastWords(pid int) string { return fmt.Sprintf("victim: the last words of process %d", pid) }

// talk writes words to an output if the options ask for it.
func (v *victim) talk(output io.Writer, words func(int) string) {
	if !v.options.Talks {
		return
	}
	text := ""
	for n := range lastLines - 1 {
		text += fmt.Sprintf("victim: line %d of what it has to say\n", n+1)
	}
	_, _ = fmt.Fprint(output, text, words(os.Getpid()), "\n") // who does not read it, does not log it
}
