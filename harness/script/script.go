// Package script reads shell text as it stands, without running any of it: which programs it needs, and
// whether it looks after services that are zinit's to look after.
package script

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Programs returns the programs that a command line calls, in the order of the text, each once: the first word of
// every simple command, without the shell's own builtins and the functions that the text defines. A word that
// only a run would tell (a variable) is left out.
func Programs(text string) ([]string, error) {
	file, err := parse(text)
	if err != nil {
		return nil, err
	}
	var programs []string
	functions := functionsOf(file)
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		program := program(call)
		_, defined := functions[program]
		if program != "" && !defined && !slices.Contains(builtins(), program) && !slices.Contains(programs, program) {
			programs = append(programs, program)
		}
		return true
	})
	return programs, nil
}

// Watchdog is a place of a script that does zinit's work.
type Watchdog struct {
	Line int
	Text string // the command, on one line
	Why  string
}

// String is the finding on one line.
func (w Watchdog) String() string { return fmt.Sprintf("line %d: %s (%s)", w.Line, w.Text, w.Why) }

// Watchdogs returns the places of a script where a loop starts services: by `zinit start` or `zinit restart`, or by
// running one of their programs, given by their names. A loop that waits for zinit, or that starts zinit itself again,
// is none (suites/contract/hero_zero.md#image: the watchdog loop and the loop of `zinit start` stay gone).
func Watchdogs(text string, services ...string) ([]Watchdog, error) {
	file, err := parse(text)
	if err != nil {
		return nil, err
	}
	reader := &reader{functions: functionsOf(file), services: services}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.WhileClause, *syntax.ForClause:
			reader.loop(node, nil)
			return false // what it holds has been read
		case *syntax.CallExpr:
			if words := literals(node); len(words) > 0 && path.Base(words[0]) == "xargs" {
				reader.judge(node, words[1:])
			}
		}
		return true
	})
	return reader.found, nil
}

// reader collects what it finds.
type reader struct {
	functions map[string]*syntax.FuncDecl
	services  []string
	found     []Watchdog
}

// loop reads what a loop holds, and what the functions hold that it calls. within are those that are being read.
func (r *reader) loop(body syntax.Node, within []string) {
	syntax.Walk(body, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		words := literals(call)
		if len(words) == 0 {
			return true
		}
		if function, defined := r.functions[words[0]]; defined && !slices.Contains(within, words[0]) {
			r.loop(function.Body, append(within, words[0]))
		}
		r.judge(call, words)
		return true
	})
}

// judge looks at one command of a loop.
func (r *reader) judge(call *syntax.CallExpr, words []string) {
	words = withoutWrappers(words)
	if len(words) == 0 {
		return
	}
	name := path.Base(words[0])
	var why string
	switch {
	case strings.Contains(strings.ToLower(name), "zinit") && slices.ContainsFunc(words[1:], starts):
		why = "a loop has zinit start services"
	case slices.Contains(r.services, name):
		why = "a loop starts a service itself"
	case slices.ContainsFunc(words, asks):
		why = "a loop has zinit start services, by its RPC"
	default:
		return
	}
	finding := Watchdog{Line: int(call.Pos().Line()), Text: printed(call), Why: why} //nolint:gosec // no script has so many lines
	if !slices.Contains(r.found, finding) {
		r.found = append(r.found, finding)
	}
}

// starts tells whether a word of zinit's command line starts a service.
func starts(word string) bool { return word == "start" || word == "restart" }

// asks tells whether a word is text that asks zinit's RPC to start a service.
func asks(word string) bool {
	return strings.Contains(word, "service.start") || strings.Contains(word, "service.restart")
}

// withoutWrappers removes the words before the command itself: exec, nohup, timeout 5 and the like.
func withoutWrappers(words []string) []string {
	wrappers := []string{"exec", "command", "nohup", "setsid", "timeout", "env", "sudo", "nice", "eval", "time"}
	for len(words) > 1 && (slices.Contains(wrappers, path.Base(words[0])) || strings.HasPrefix(words[0], "-") || isNumber(words[0]) || isAssignment(words[0])) {
		words = words[1:]
	}
	return words
}

func isNumber(word string) bool     { return regexp.MustCompile(`^[0-9.]+[smhd]?$`).MatchString(word) }
func isAssignment(word string) bool { return regexp.MustCompile(`^\w+=`).MatchString(word) }

// program returns the program that a command calls, "" where only a run would tell.
func program(call *syntax.CallExpr) string {
	var words []string
	for _, word := range call.Args {
		words = append(words, word.Lit()+quoted(word))
	}
	for _, word := range withoutWrappers(words) {
		return word
	}
	return ""
}

// quoted is a word that is nothing but one quoted text, without the quotes.
func quoted(word *syntax.Word) string {
	if len(word.Parts) != 1 {
		return ""
	}
	switch part := word.Parts[0].(type) {
	case *syntax.SglQuoted:
		return part.Value
	case *syntax.DblQuoted:
		return (&syntax.Word{Parts: part.Parts}).Lit()
	}
	return ""
}

// literals returns a command's words as they stand; of a variable it is the name.
func literals(call *syntax.CallExpr) []string {
	words := make([]string, len(call.Args))
	for i, word := range call.Args {
		syntax.Walk(word, func(node syntax.Node) bool {
			switch node := node.(type) {
			case *syntax.Lit:
				words[i] += node.Value
			case *syntax.SglQuoted:
				words[i] += node.Value
			}
			return true
		})
	}
	return words
}

func functionsOf(file *syntax.File) map[string]*syntax.FuncDecl {
	functions := map[string]*syntax.FuncDecl{}
	syntax.Walk(file, func(node syntax.Node) bool {
		if function, ok := node.(*syntax.FuncDecl); ok && function.Name != nil {
			functions[function.Name.Value] = function
		}
		return true
	})
	return functions
}

func parse(text string) (*syntax.File, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, fmt.Errorf("read it as a shell script: %w", err)
	}
	return file, nil
}

func printed(node syntax.Node) string {
	var text strings.Builder
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&text, node); err != nil {
		return "a command that cannot be printed"
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// builtins are the commands that a POSIX shell brings itself, and needs no program for.
func builtins() []string {
	return []string{
		".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false", "fg",
		"getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "source", "test",
		"times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
	}
}
