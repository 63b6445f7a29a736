package inspect

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/script"
)

// socatTimeout is the number of seconds that socat waits for a reply after its input has ended, unless -t sets another
// (suites/contract/hero_zero.md#issue-probe). A slow but healthy service may take a second.
const socatTimeout = 0.5

// unsound returns what a probe misses, by its text alone. That is no proof: the truth table of the theme health is.
func unsound(exec string) []string {
	commands, ignored, err := simpleCommands(exec)
	if err != nil {
		return []string{"it is not a valid shell command: " + oneLine(err)}
	}
	var why []string
	if ignored {
		why = append(why, "it always passes: its failure is ignored")
	}
	names := make([]string, 0, len(commands))
	for _, words := range commands {
		names = append(names, path.Base(words[0]))
	}
	for i, words := range commands {
		rest := words[1:]
		switch names[i] {
		case "socat":
			why = append(why, unsoundSocat(rest, readsReply(names[i+1:]))...)
		case "curl":
			why = append(why, unsoundCurl(rest)...)
		case "nc", "ncat", "netcat":
			if slices.Contains(rest, "-z") || !readsReply(names[i+1:]) {
				why = append(why, "it only connects: the kernel accepts connections for a stopped process")
			}
		case "test", "[":
			why = append(why, "it only looks for a file: a socket remains when no process serves it")
		}
	}
	if idle := []string{"echo", "true", "printf", ":", "exit"}; !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(idle, name) }) {
		why = append(why, "it always passes: it asks no service")
	}
	return why
}

func unsoundSocat(words []string, read bool) (why []string) {
	if !read {
		return []string{"it misses a hang: socat exits with 0 half a second after the request, and nothing reads the reply"}
	}
	timeout := socatTimeout
	for i, word := range words {
		value, isTimeout := strings.CutPrefix(word, "-t")
		if isTimeout && value == "" && i+1 < len(words) {
			value = words[i+1]
		}
		if seconds, err := strconv.ParseFloat(value, 64); isTimeout && err == nil {
			timeout = seconds
		}
	}
	if timeout <= 1 {
		why = append(why, "it waits "+strconv.FormatFloat(timeout, 'g', -1, 64)+" s for the reply: it fails a healthy service that answers after 1 s")
	}
	return append(why, "it only looks for a word in the reply: a wrong id, half a document and the status \"unhealthy\" pass")
}

func unsoundCurl(words []string) (why []string) {
	has := func(short rune, long ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool {
			name, _, _ := strings.Cut(word, "=")
			bundle := strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.ContainsRune(word, short)
			return bundle || slices.Contains(long, name)
		})
	}
	if !has('f', "--fail", "--fail-with-body") {
		why = append(why, "curl without --fail accepts HTTP 500")
	}
	if !has('m', "--max-time") {
		why = append(why, "curl without --max-time hangs until the action's timeout")
	}
	return why
}

// readsReply reports whether one of the following commands reads the reply.
func readsReply(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.Contains([]string{"grep", "egrep", "jq", "awk", "sed", "python", "python3", "test", "["}, name)
	})
}

// simpleCommands returns the words of each simple command of a line, without exec, and whether the line always succeeds.
func simpleCommands(line string) (commands [][]string, ignored bool, err error) {
	file, err := script.Parse(line, syntax.LangPOSIX)
	if err != nil {
		return nil, false, err
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			var words []string
			for _, argument := range call.Args {
				words = append(words, literal(argument))
			}
			for len(words) > 1 && slices.Contains([]string{"exec", "command"}, words[0]) {
				words = words[1:]
			}
			commands = append(commands, words)
		}
		return true
	})
	if len(file.Stmts) > 0 {
		ignored = alwaysPasses(file.Stmts[len(file.Stmts)-1], len(file.Stmts) > 1)
	}
	return commands, ignored, nil
}

// alwaysPasses reports whether a statement always succeeds: `... || true`, or `true` after others.
func alwaysPasses(statement *syntax.Stmt, last bool) bool {
	switch command := statement.Cmd.(type) {
	case *syntax.BinaryCmd:
		return command.Op == syntax.OrStmt && alwaysPasses(command.Y, true)
	case *syntax.CallExpr:
		if !last || len(command.Args) == 0 {
			return false
		}
		first := literal(command.Args[0])
		zero := first == "exit" && len(command.Args) > 1 && literal(command.Args[1]) == "0"
		return zero || slices.Contains([]string{"true", ":", "echo"}, first)
	}
	return false
}

// literal returns a word without quotes and without its computed parts.
func literal(word *syntax.Word) string {
	var text strings.Builder
	syntax.Walk(word, func(node syntax.Node) bool {
		switch part := node.(type) {
		case *syntax.Lit:
			text.WriteString(part.Value)
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		}
		return true
	})
	return text.String()
}
