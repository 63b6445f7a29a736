package inspect

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// halfASecond is how long socat waits for a reply after its input has ended, where no -t says otherwise
// (contract hero_zero, measured with socat 1.7.4.4). A service that is slow and well may take a second.
const halfASecond = 0.5

// unsound says by the text of a probe alone what it misses; nothing where no rule is broken. It is no proof: the
// truth table of the theme health is.
func unsound(exec string) []string {
	commands, ignored, err := simpleCommands(exec)
	if err != nil {
		return []string{"it is no shell command that can be read: " + oneLine(err)}
	}
	var why []string
	if ignored {
		why = append(why, "its failure is ignored, so that it passes whatever happens")
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
				why = append(why, "it only connects: the kernel accepts for a process that is stopped")
			}
		case "test", "[":
			why = append(why, "it looks for a file: a socket stays there when nobody serves it")
		}
	}
	if idle := []string{"echo", "true", "printf", ":", "exit"}; !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(idle, name) }) {
		why = append(why, "it passes whatever happens: it asks nobody")
	}
	return why
}

func unsoundSocat(words []string, read bool) (why []string) {
	if !read {
		return []string{"socat ends with 0 half a second after a service took the question, and nothing looks at the reply: it misses a hang"}
	}
	patience := halfASecond
	for i, word := range words {
		value, isPatience := strings.CutPrefix(word, "-t")
		if isPatience && value == "" && i+1 < len(words) {
			value = words[i+1]
		}
		if seconds, err := strconv.ParseFloat(value, 64); isPatience && err == nil {
			patience = seconds
		}
	}
	if patience <= 1 {
		why = append(why, "it waits "+strconv.FormatFloat(patience, 'g', -1, 64)+" s for the reply: it fails a healthy service that answers after 1 s")
	}
	return append(why, "it looks for a word in the reply: a wrong id, half a document and the status \"unhealthy\" pass")
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
		why = append(why, "curl without --fail takes HTTP 500 for a good reply")
	}
	if !has('m', "--max-time") {
		why = append(why, "curl without --max-time hangs with the service until the action's own timeout")
	}
	return why
}

// readsReply tells whether one of the commands that follow looks at what was replied.
func readsReply(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.Contains([]string{"grep", "egrep", "jq", "awk", "sed", "python", "python3", "test", "["}, name)
	})
}

// simpleCommands returns the words of each simple command of a line, without an exec before them, and whether the
// line ends well whatever they do.
func simpleCommands(line string) (commands [][]string, ignored bool, err error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
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
		ignored = passes(file.Stmts[len(file.Stmts)-1], len(file.Stmts) > 1)
	}
	return commands, ignored, nil
}

// passes tells whether a statement ends with 0 by itself: `... || true`, or `true` after others.
func passes(statement *syntax.Stmt, last bool) bool {
	switch command := statement.Cmd.(type) {
	case *syntax.BinaryCmd:
		return command.Op == syntax.OrStmt && passes(command.Y, true)
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

// literal is a word as it is written, without its quotes; what is computed is left out.
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
